// Pages that break a reader's contract, or look as if they did.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lantern/effects.hpp"
#include "lantern/testing/choices.hpp"

namespace lantern::testing {

/// What is wrong with a page.
enum class Malformation : std::uint8_t {
  none,
  unsorted,             ///< two events have changed places
  doubled,              ///< an event comes twice in a row
  overlapping,          ///< it begins with an event at or before the position that was asked for
  too_many,             ///< it has more events than were asked for
  wrong_stream,         ///< an event of a stream that the filter does not let through
  wrong_type,           ///< an event of a type that the filter does not let through
  scanned_back,         ///< `scanned_to` is before the position that was asked for
  scanned_nowhere,      ///< `scanned_to` is absent, with events or a position that was asked for
  scanned_too_little,   ///< `scanned_to` is before the page's last event
  scanned_beyond_head,  ///< `scanned_to` is after `head`
  head_regressed,       ///< `head` is before the page's last event, or before the position that was asked for
  position_zero,        ///< its first event is at 0
  position_minus_one,   ///< its first event is at -1
  position_max,         ///< its last event is at the largest number there is
  no_way_forward,       ///< it gives nothing, scanned no further, and says that there is more
};
inline constexpr std::size_t malformations = 16;

/// A good page, spoilt.
struct SpoiltPage {
  Malformation by{};
  EventPage page{};
};

/// The page with this fault put in, as far as it has what that takes (two events to be unsorted, a filter to be outside
/// of, …): else, absent.
[[nodiscard]] std::optional<EventPage> spoil(const EventPage& good, const ReadEvents& asked, Malformation);

/// Usually the page as it is; else spoilt in one of the ways that it can be. Asks `About::fault` once.
[[nodiscard]] SpoiltPage maybe_spoil(EventPage good, const ReadEvents& asked, Choices&,
                                     Chance chance = Chance::percent(25));

/// `head regressed`
[[nodiscard]] std::string_view to_string(Malformation) noexcept;

}  // namespace lantern::testing
