#include "append_watch.hpp"

#include <algorithm>

namespace lantern::detail {
namespace {

constexpr std::chrono::milliseconds interval{2};

/// The watch's eyes: a connection of its own, because data_version only counts what *other* connections did.
class Lookout {
 public:
  explicit Lookout(const StoreFile& file) : file_(file) {}

  /// The log's head, if anything was committed since the last look; nothing also when the file cannot be read just now.
  std::optional<std::int64_t> look() {
    if (!ready_ && !make_ready()) return std::nullopt;
    const auto version = read(version_);
    if (!version) return std::nullopt;
    if (version == seen_) return std::nullopt;
    const auto head = read(head_);
    if (head) seen_ = version;
    return head;
  }

 private:
  bool make_ready() {
    auto opened = Connection::open(file_, Access::read, std::chrono::milliseconds(0));
    if (!opened) return false;
    auto version = opened->prepare("PRAGMA data_version");
    auto head = opened->prepare("SELECT coalesce(max(position), 0) FROM lantern_events");
    if (!version || !head) return false;
    version_ = *std::move(version);
    head_ = *std::move(head);
    db_.emplace(*std::move(opened));
    return ready_ = true;
  }
  static std::optional<std::int64_t> read(Statement& statement) {
    const Using use(statement);
    return use->step() == SQLITE_ROW ? std::optional(use->integer(0)) : std::nullopt;
  }

  const StoreFile& file_;
  std::optional<Connection> db_{};  // outlives its statements
  Statement version_{}, head_{};
  std::optional<std::int64_t> seen_{};
  bool ready_{};
};

}  // namespace

void AppendWatch::Bell::reached(std::int64_t position) {
  const std::lock_guard lock(mutex);  // held while calling: who has unsubscribed is never called again
  if (position <= head) return;
  head = position;
  for (const auto& [key, callback] : callbacks) callback();
}

AppendWatch::~AppendWatch() {
  {
    const std::lock_guard lock(bell_->mutex);
    bell_->closing = true;
  }
  bell_->changed.notify_all();
  if (thread_.joinable()) thread_.join();
}

Subscription AppendWatch::subscribe(std::function<void()> callback, std::int64_t head) {
  const std::lock_guard lock(bell_->mutex);
  // While nobody listens nobody looks, so the head that is known may be old; it must not ring for what was there.
  if (bell_->callbacks.empty()) bell_->head = std::max(bell_->head, head);
  const std::uint64_t key = bell_->next_key++;
  bell_->callbacks.emplace(key, std::move(callback));
  if (!thread_.joinable()) thread_ = std::thread([this] { watch(); });
  bell_->changed.notify_all();
  return Subscription([bell = bell_, key] {
    const std::lock_guard held(bell->mutex);
    bell->callbacks.erase(key);
  });
}

void AppendWatch::watch() {
  Lookout lookout(file_);
  Bell& bell = *bell_;
  std::unique_lock lock(bell.mutex);
  for (;;) {
    bell.changed.wait(lock, [&] { return bell.closing || !bell.callbacks.empty(); });
    if (bell.closing) return;
    lock.unlock();
    if (const auto head = lookout.look()) bell.reached(*head);
    lock.lock();
    if (bell.changed.wait_for(lock, interval, [&] { return bell.closing; })) return;
  }
}

}  // namespace lantern::detail
