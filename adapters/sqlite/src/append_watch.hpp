// Who wants to know of appends, and the thread that looks for those of other connections.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "connection.hpp"
#include "lantern/store.hpp"

namespace lantern::detail {

/// Rings subscribers: at once for appends through this store, and within a few milliseconds for those of others.
/// Thread-safe.
class AppendWatch {
 public:
  explicit AppendWatch(StoreFile file) : bell_(std::make_shared<Bell>()), file_(std::move(file)) {}
  AppendWatch(const AppendWatch&) = delete;
  AppendWatch& operator=(const AppendWatch&) = delete;
  ~AppendWatch();

  /// `head` is the log's when the subscription begins: whatever comes after it rings.
  [[nodiscard]] Subscription subscribe(std::function<void()> callback, std::int64_t head);

  /// The log was seen to reach this position; rings if that is news.
  void reached(std::int64_t head) { bell_->reached(head); }

 private:
  /// Outlives the watch where a subscription does.
  struct Bell {
    void reached(std::int64_t position);

    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::uint64_t, std::function<void()>> callbacks;
    std::uint64_t next_key{};
    std::int64_t head{};
    bool closing{};
  };
  void watch();

  std::shared_ptr<Bell> bell_;
  StoreFile file_;
  std::thread thread_;
};

}  // namespace lantern::detail
