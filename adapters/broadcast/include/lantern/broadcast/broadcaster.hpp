// Tells those who follow views, within this process, of the changes that were committed.
#pragma once

#include <memory>
#include <string_view>

#include <tl/expected.hpp>

#include "lantern/broadcast/subscriber.hpp"
#include "lantern/failure.hpp"
#include "lantern/view_effects.hpp"

namespace lantern {

/// That this part of the program publishes the changes of a projection; ends when destroyed. May outlive the
/// broadcaster.
class Attachment {
 public:
  Attachment() = default;
  Attachment(Attachment&& other) noexcept = default;
  Attachment& operator=(Attachment&& other) noexcept;
  ~Attachment();
  [[nodiscard]] const ProjectionId& projection() const noexcept { return projection_; }

 private:
  friend class Broadcaster;
  Attachment(std::shared_ptr<detail::Hub> hub, ProjectionId projection)
      : hub_(std::move(hub)), projection_(std::move(projection)) {}
  void detach() noexcept;

  std::shared_ptr<detail::Hub> hub_{};
  ProjectionId projection_{};
};

/// Subscribers of projections, by key and by prefix. It knows of what this process publishes: when another process
/// takes over a projection, its subscribers here hear nothing until this one leads again (they are told `Missed` then).
/// Check from time to time where that can happen.
///
/// Thread-safe. Publishing takes no lock that a subscriber holds for longer than it takes to look into its queue, and
/// costs, for each frame, two look-ups and what it takes to tell those who follow its key: not what others follow.
class Broadcaster {
 public:
  Broadcaster();
  Broadcaster(const Broadcaster&) = delete;
  Broadcaster& operator=(const Broadcaster&) = delete;
  ~Broadcaster();

  /// From now on, frames of these views are queued, at most `capacity` of them. FailureKind::invalid for names, keys
  /// and prefixes that no store takes.
  [[nodiscard]] tl::expected<Subscriber, Failure> subscribe(const ProjectionId& projection,
                                                            const ViewScope& scope = AllKeys{},
                                                            QueueCapacity capacity = 1024);

  /// Says who runs the projection in this process; FailureKind::invalid when somebody does already. Those who follow it
  /// are told `Missed`, since nobody told them of changes until now.
  [[nodiscard]] tl::expected<Attachment, Failure> attach(const ProjectionId& projection);

  /// Queues each frame for all who follow its key. Needs no attachment, so that whoever replaces one view beside the
  /// run can tell of it; frames say which moment they are of, so nothing is mixed up. Never fails.
  Publish::reply publish(const Publish&);
  /// Tells all who follow the projection that they may have missed something.
  void tell_missed(const ProjectionId& projection);
  /// The same for those who follow this key.
  void tell_missed(const ProjectionId& projection, std::string_view key);
  /// Takes note of the active generation and its revision. When they are others than those that were seen last,
  /// somebody has changed views, and all who follow the projection are told `Missed`.
  void saw_active(const ProjectionId& projection, const Checkpoint& active);

 private:
  std::shared_ptr<detail::Hub> hub_;
};

}  // namespace lantern
