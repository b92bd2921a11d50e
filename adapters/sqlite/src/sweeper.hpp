// The thread that deletes what was dropped.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace lantern::detail {

struct Writer;

/// Deletes dropped views beside the store's work, and rests as long as it works: a commit waits for one handful of
/// deleted rows at most. There is no thread before the first `wake`. Thread-safe.
class Sweeper {
 public:
  explicit Sweeper(Writer& writer) : writer_(writer) {}  ///< which must outlive the sweeper
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;
  ~Sweeper();  ///< waits for the handful that is being deleted; the rest goes when the file is next open

  /// There may be something to delete.
  void wake();
  /// Waits until what was dropped before is deleted, or cannot be: the store cannot be written to, or others have kept
  /// it locked for some seconds. The thread tries on in that case.
  void wait();

 private:
  enum class Result { more, nothing, busy, failed };
  void work();
  [[nodiscard]] Result sweep();

  Writer& writer_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::uint64_t asked_{}, served_{}, steps_{};  ///< calls of `wake`, those that are done with, and handfuls deleted
  bool closing_{};
  std::thread thread_{};
};

}  // namespace lantern::detail
