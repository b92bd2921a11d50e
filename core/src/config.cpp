#include "lantern/config.hpp"

namespace lantern {

ProjectionConfig ProjectionConfig::eventcore_compatible() {
  const Backoff constant{.base = std::chrono::milliseconds(100), .multiplier = 1, .jitter = 0};
  const Backoff doubling{
      .base = std::chrono::milliseconds(100), .multiplier = 2, .cap = std::chrono::seconds(5), .jitter = 0};
  ProjectionConfig config;
  config.poll.failure_backoff = constant;
  config.event_retry.backoff = doubling;
  config.store_retry.max_attempts = 0;
  config.commit.max_events = EventCount(1);
  config.quirks = {.batch_is_one_page = true,
                   .rest_after_every_page = true,
                   .limit_counts_retries = true,
                   .whole_milliseconds = true,
                   .failed_saves_are_ignored = true,
                   .wrong_replies_are_accepted = true};
  return config;
}

}  // namespace lantern
