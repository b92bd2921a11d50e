// Frames to publish, and what somebody was told of them.
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "lantern/broadcast/broadcaster.hpp"

namespace broadcast_test {

using namespace lantern;

inline Frame delta(std::string key, std::int64_t version, std::string payload = {}) {
  return {std::move(key),
          {.generation = Generation{1}, .version = version},
          Position{version},
          Frame::Kind::delta,
          std::move(payload)};
}

inline Subscriber subscribed(Broadcaster& broadcaster, const ViewScope& scope, QueueCapacity capacity = 100) {
  auto subscriber = broadcaster.subscribe({"orders"}, scope, capacity);
  REQUIRE(subscriber);
  return std::move(*subscriber);
}

inline void publish(Broadcaster& broadcaster, std::vector<Frame> frames) {
  REQUIRE(broadcaster.publish({.projection = {"orders"}, .frames = std::move(frames)}));
}

/// All that is queued, as `key@version`, or `missed`.
inline std::vector<std::string> told(Subscriber& subscriber) {
  std::vector<std::string> all;
  while (const auto news = subscriber.poll()) {
    const auto* frame = std::get_if<std::shared_ptr<const PublishedFrame>>(&*news);
    all.push_back(frame ? (*frame)->frame.key + "@" + std::to_string((*frame)->frame.moment.version) : "missed");
  }
  return all;
}

using Told = std::vector<std::string>;

}  // namespace broadcast_test
