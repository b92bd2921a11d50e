#include "lantern/error.hpp"

namespace lantern {

std::string_view to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::event_failed: return "event failed";
    case ErrorKind::retries_exhausted: return "retries exhausted";
    case ErrorKind::poll_failed: return "poll failed";
    case ErrorKind::checkpoint_load_failed: return "checkpoint load failed";
    case ErrorKind::checkpoint_save_failed: return "checkpoint save failed";
    case ErrorKind::checkpoint_conflict: return "checkpoint conflict";
    case ErrorKind::views_load_failed: return "views load failed";
    case ErrorKind::rebuild_failed: return "rebuild failed";
    case ErrorKind::superseded: return "superseded";
    case ErrorKind::version_too_old: return "version too old";
    case ErrorKind::leadership: return "leadership";
    case ErrorKind::store_contract: return "store contract";
    case ErrorKind::source_changed: return "source changed";
    case ErrorKind::projector: return "projector";
    case ErrorKind::protocol: break;
  }
  return "protocol";
}

namespace {
std::string_view what_now(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::event_failed:
    case ErrorKind::retries_exhausted:
      return "mend the projector or the event's policy, then run again: it goes on with this event";
    case ErrorKind::poll_failed:
    case ErrorKind::views_load_failed:
    case ErrorKind::checkpoint_load_failed: return "mend the store, then run again: it goes on from the checkpoint";
    case ErrorKind::checkpoint_save_failed:
      return "mend the store, then run again: what was not committed is applied anew";
    case ErrorKind::checkpoint_conflict: return "make sure that only one runner drives this projection, then run again";
    case ErrorKind::rebuild_failed: return "mend the store, then run again: a rebuild goes on where it was";
    case ErrorKind::superseded: return "run the newer program, or look at the projection's generations";
    case ErrorKind::version_too_old: return "run the newer program, or roll back to a generation that this one made";
    case ErrorKind::leadership: return "wait for the leader to end, or run as a standby";
    case ErrorKind::store_contract:
      return "mend the store's reader, or restore the log that belongs to this checkpoint";
    case ErrorKind::source_changed:
      return "bring back the log that was processed, or rebuild the projection from the one that is there";
    case ErrorKind::projector: return "mend the projector or its configuration, then run again";
    case ErrorKind::protocol: break;
  }
  return "mend the program that drives the pipeline";
}
}  // namespace

std::string ProjectionError::message() const {
  std::string text = projection.name.empty() ? what : "projection " + to_string(projection) + ": " + what;
  if (cause) text += ": " + to_string(*cause);
  if (!stream.empty() || !event_type.empty()) {
    text +=
        " / at position " + std::to_string(position ? position->value : 0) + ", " + event_type + " of stream " + stream;
    if (attempt > 0) text += ", attempt " + std::to_string(attempt);
  } else if (kind != ErrorKind::leadership &&  // who leads is a matter of the whole projection
             (position ||
              (kind != ErrorKind::projector && kind != ErrorKind::protocol))) {  // else no log was looked at
    text += position ? " / after position " + std::to_string(position->value) : " / at the beginning of the log";
  }
  text += " / ";
  return detail::one_line(text += what_now(kind));
}

}  // namespace lantern
