// Who wants to hear of appends.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "lantern/store.hpp"

namespace lantern::detail {

class Bell : public std::enable_shared_from_this<Bell> {
 public:
  [[nodiscard]] Subscription subscribe(std::function<void()> callback);
  void ring();

 private:
  // Held while ringing, so that whoever unsubscribes waits for a call that is under way.
  std::mutex mutex_;
  std::map<std::uint64_t, std::function<void()>> callbacks_;
  std::uint64_t next_{};
};

}  // namespace lantern::detail
