// One who is told of the changes of views.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <variant>

#include "lantern/bounds.hpp"
#include "lantern/view_effects.hpp"
#include "lantern/view_scope.hpp"

namespace lantern {

namespace detail {
class Mailbox;
struct Hub;
}  // namespace detail

/// A frame as it was published. All who are told of it share it.
struct PublishedFrame {
  ProjectionId projection{};  ///< its name, and its tenant
  Frame frame{};
  friend bool operator==(const PublishedFrame&, const PublishedFrame&) = default;
};

/// At this place, frames may be missing: the queue was full, or somebody else may have changed the views. What is known
/// of them is to be read again.
struct Missed {
  friend bool operator==(const Missed&, const Missed&) = default;
};

/// What a subscriber is told.
using News = std::variant<std::shared_ptr<const PublishedFrame>, Missed>;

namespace rules {
struct QueueCapacity {
  using value_type = std::uint32_t;
  static constexpr std::string_view name = "QueueCapacity";
  static constexpr const char* allowed = "a whole number from 1 to 1000000";
  static constexpr value_type least = 1, most = 1'000'000;
};
}  // namespace rules
using QueueCapacity = BoundedInteger<rules::QueueCapacity>;  ///< frames

/// A subscription, and the bounded queue of what it was told. Ends when destroyed, from whichever thread, also from
/// within its own `on_news` callback; it may outlive the broadcaster. Who publishes never waits for it: when the queue
/// is full, frames are dropped, and `Missed` stands in their place.
///
/// Thread-safe, but for moving and destroying it while another thread uses it. Moved from, it is told nothing.
class Subscriber {
 public:
  Subscriber() = default;
  Subscriber(Subscriber&& other) noexcept;
  Subscriber& operator=(Subscriber&& other) noexcept;
  ~Subscriber();

  /// The next news, if there are any. Does not wait.
  [[nodiscard]] std::optional<News> poll();
  /// Waits for the next news. None when the stop was requested or the time was up first; 0 or less does not wait.
  [[nodiscard]] std::optional<News> wait(const std::stop_token& stop,
                                         std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max());

  /// From now on, `callback` is called when there are news where there were none, and at once if there are some: poll
  /// then until nothing is left. Replaces the one before; null: none. It is called by whoever publishes, so it must not
  /// block and must not throw (what it throws is ignored): let it post to an executor. Once this subscriber is
  /// destroyed, it is not called any more; a call that is under way in another thread is waited for. So two callbacks
  /// that run in two threads and destroy each other's subscriber wait for each other for ever: from a callback, destroy
  /// its own subscriber only, and let others be destroyed by whoever the callback posts to.
  void on_news(std::function<void()> callback);

  [[nodiscard]] const ProjectionId& projection() const noexcept { return projection_; }
  [[nodiscard]] const ViewScope& scope() const noexcept { return scope_; }

 private:
  friend class Broadcaster;
  Subscriber(std::shared_ptr<detail::Hub>, ProjectionId, ViewScope, QueueCapacity);
  void leave() noexcept;

  std::shared_ptr<detail::Hub> hub_{};
  std::shared_ptr<detail::Mailbox> mailbox_{};
  ProjectionId projection_{};
  ViewScope scope_{};
};

}  // namespace lantern
