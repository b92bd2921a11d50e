#include "event_policy.hpp"

namespace lantern::detail {

AfterFailure after_failure(FailureStrategy strategy, std::uint32_t retries, const EventRetryConfig& retry) noexcept {
  switch (strategy) {
    case FailureStrategy::Fatal: return AfterFailure::stop;
    case FailureStrategy::Skip: return AfterFailure::skip;
    case FailureStrategy::Retry: break;
  }
  if (retries < retry.max_attempts.value()) return AfterFailure::try_it_again;
  switch (retry.when_exhausted) {
    case Escalation::quarantine: return AfterFailure::pass;
    case Escalation::quarantine_key: return AfterFailure::park_key;
    case Escalation::stop: break;
  }
  return AfterFailure::give_up;
}

QuarantineRecord record_of(const RecordedEvent& event, QuarantineReason reason, std::uint32_t attempts,
                           const Failure& cause) {
  return {event.position, std::string(event.stream), std::string(event.type), reason, attempts, to_string(cause)};
}

}  // namespace lantern::detail
