// Leadership: gained, kept, lost.
#pragma once

#include <string>
#include <string_view>

#include "run.hpp"

namespace lantern::detail {

[[nodiscard]] bool must_lead(const Run& r);
/// A rebuild has begun or ended, and the lease is that of what the run did before.
[[nodiscard]] bool leads_another_role(const Run& r);
[[nodiscard]] bool renewal_is_due(const Run& r);

/// Not at once, whatever the lease's length: between two renewals there is room for another effect.
void renew_soon(Run& r);

/// The lease was taken, or renewed.
void lead(Run& r, Lease lease);

/// A hint for the reader of an error: somebody who uses this run's own owner name leads. Else empty.
[[nodiscard]] std::string namesake(const Run& r, std::string_view holder);

/// What is not stored is lost with it. The run ends, or stands by and begins again at the stored checkpoint.
void lose_leadership(Run& r, const LostLeadership& lost);

}  // namespace lantern::detail
