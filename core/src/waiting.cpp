#include "lantern/waiting.hpp"

#include <algorithm>
#include <ostream>

#include "instants.hpp"

namespace lantern {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace detail {

std::optional<Waited> Waiting::seen(const LoadCheckpoint::reply& answer) {
  if (!answer) {
    if (is_transient(answer.error().kind)) return std::nullopt;
    return WaitFailed{answer.error()};
  }
  reached_ = *answer ? (*answer)->position : std::nullopt;
  if (reached_ >= position_) return Reached{**answer};
  return std::nullopt;
}

std::optional<Waited> Waiting::seen(const FailedRun& failed_run) {
  if (failed_run && *failed_run) return WaitFailed{**failed_run};
  return std::nullopt;  // that nobody can tell is no reason to give up
}

std::variant<Sleep, Waited> Waiting::rest(Instant now, bool stop_requested) const {
  const nanoseconds waited = between(began_, now);
  if (stop_requested || waited >= timeout_) return Waited(TimedOut{reached_});
  const nanoseconds pause = std::clamp<nanoseconds>(waited / 4, milliseconds(1), milliseconds(50));
  return Sleep{std::min(pause, timeout_ - waited), Sleep::Reason::idle};
}

}  // namespace detail

namespace {
struct Line {
  std::ostream& out;
  void operator()(const Reached& end) const { out << "reached " << *end.checkpoint.position; }
  void operator()(const WaitFailed& end) const { out << "failed, " << end.reason; }
  void operator()(const TimedOut& end) const {
    out << "timed out at ";
    if (end.reached) out << *end.reached;
    else out << "the beginning";
  }
};
}  // namespace

// Waited is a std::variant, so this is found by its alternatives.
std::ostream& operator<<(std::ostream& out, const Waited& waited) {
  std::visit(Line{out}, waited);
  return out;
}

}  // namespace lantern
