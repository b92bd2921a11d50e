// What goes wrong, and how long to rest for it.
#pragma once

#include <optional>
#include <string>

#include "page_contract.hpp"
#include "run.hpp"
#include "source_identity.hpp"

namespace lantern::detail {

/// Hands a happening to the observer. Without one, it is not even made. An observer that throws has missed it: watching
/// a run must not end it.
template <class Make>
void tell(const Run& r, Make make) {
  if (!r.config.observer) return;
  try {
    (*r.config.observer)(r.id, make());
  } catch (...) {
  }
}

/// The first thing that goes wrong decides how the run ends.
void fail(Run& r, ErrorKind kind, std::string what, std::optional<Failure> cause = {});

/// The same, for the event that is next in line.
void fail_event(Run& r, ErrorKind kind, std::string what, Failure cause);

/// Decides on a rest, which `proceed` yields.
void rest(Run& r, Sleep::Reason reason, std::chrono::nanoseconds length, std::uint32_t attempt = 0);

/// At the head, with nothing to do.
void rest_at_head(Run& r);

/// After a failed read: a rest, or the end.
void retry_poll(Run& r, const Failure& cause);

/// Whether the log answered, and as its contract says; if not, there is a rest, or it is the end.
template <Effect E>
[[nodiscard]] bool is_readable(Run& r, const E& asked, const typename E::reply& read) {
  if (!read) return retry_poll(r, read.error()), false;
  r.poll_failures = 0;
  if (auto changed = source_changed(asked, *read, r.log)) {
    return fail(r, ErrorKind::source_changed, *std::move(changed)), false;
  }
  if (read->log) r.log = read->log;
  auto wrong = breach(asked, *read);
  if (wrong) fail(r, ErrorKind::store_contract, "the store broke its contract: " + *std::move(wrong));
  return !wrong;
}

/// After views failed to load: a rest, or the end. What is applied already is stored before it.
void retry_load(Run& r, const Failure& cause);

/// After a store failed to load, save or lead: a rest, or the end, and with it the end of the batch. False:
/// the end.
bool retry_store(Run& r, ErrorKind kind, std::string what, const Failure& cause);

/// Nothing will come of this rest any more.
[[nodiscard]] bool waits_in_vain(const Run& r);

}  // namespace lantern::detail
