// Somebody who follows views over a channel that loses, doubles, delays and reorders, and sees whether that is told
// right.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/failure.hpp"
#include "lantern/testing/choices.hpp"
#include "lantern/testing/view_history.hpp"
#include "lantern/view_follower.hpp"

namespace lantern::testing {

/// What may become of frames and reads on their way.
struct ChannelHabits {
  bool lose{};
  bool double_up{};
  bool delay{};       ///< by a step or two: frames come in another order then
  bool slow_reads{};  ///< a read is performed, or its answer comes, a step later
  Chance trouble{Chance::percent(25)};
};

/// Follows views of one projection. Borrows the history, which must be noted before frames of it are sent. All chance
/// is asked of `About::subscriber`. Not thread-safe.
class SimulatedSubscriber {
 public:
  SimulatedSubscriber(ProjectionId projection, ViewScope scope, const ViewHistory& history, ChannelHabits habits = {},
                      FollowerLimits limits = {}, PatchState patch = append_payload)
      : follower_(std::move(projection), std::move(scope), limits), shown_(history, patch), habits_(habits) {}

  /// Asks for the first read. Frames may be sent before.
  void begin() { act(follower_.begin()); }
  /// Frames may have been lost: reads all anew.
  void check() { act(follower_.check()); }
  /// A frame is on its way: decides what becomes of it.
  void send(const Frame&, Choices&);

  /// A little later: what is due comes, and reads are performed. `Store` performs `GetView` and `ScanViews`; a read
  /// that fails is tried again with the next step.
  template <class Store>
  void step(Store& store, Choices& choices) {
    deliver();
    if (asked_.empty()) return;
    std::vector<ViewRead> asked = std::exchange(asked_, {});
    for (ViewRead& read : asked) {
      const std::uint32_t fate = fate_of_read(choices);
      if (fate == read_later) asked_.push_back(std::move(read));
      else perform(store, std::move(read), fate);
    }
  }
  /// No more trouble: all that is on its way comes, then all is checked, and read until the follower has settled.
  /// Returns what is wrong then: a promise that was broken at any time, a follower that reads for ever, or something
  /// shown that is not what is stored. Absent: nothing.
  template <class Store>
  [[nodiscard]] std::optional<std::string> settle(Store& store) {
    while (!frames_.empty() || !answers_.empty()) deliver();
    check();
    for (int rounds = 0; !asked_.empty() && !broken_; ++rounds) {
      if (rounds == most_rounds) return "the follower reads for ever";
      std::vector<ViewRead> asked = std::exchange(asked_, {});
      for (ViewRead& read : asked) perform(store, std::move(read), at_once);
    }
    if (broken_) return broken_;
    if (!follower_.settled()) return "the follower waits, and asks for nothing";
    const auto found = stored(store);
    return found ? compare(*found) : to_string(found.error());
  }

  /// The first promise that was not kept; absent: all were.
  [[nodiscard]] const std::optional<std::string>& broken() const noexcept { return broken_; }
  [[nodiscard]] const std::map<std::string, std::string>& shown() const noexcept { return shown_.views(); }
  [[nodiscard]] const ViewFollower& follower() const noexcept { return follower_; }

 private:
  using Answer = std::variant<std::pair<GetView, GetView::Answer>, std::pair<ScanViews, ScanViews::Page>>;
  template <class T>
  struct OnItsWay {
    std::uint64_t due{};  ///< step
    T what{};
  };
  enum Fate : std::uint32_t { at_once, answered_later, read_later };
  static constexpr int most_rounds = 10'000;

  template <class Store>
  void perform(Store& store, ViewRead read, std::uint32_t fate) {
    std::visit(
        [&](auto& asked) {
          auto found = store.perform(asked);
          if (!found) asked_.push_back(std::move(asked));
          else if (fate == answered_later)
            answers_.push_back({now_ + 1, std::pair(std::move(asked), *std::move(found))});
          else act(follower_.answer(asked, *found));
        },
        read);
  }
  /// What a reader finds who follows nothing.
  template <class Store>
  [[nodiscard]] tl::expected<std::map<std::string, std::string>, Failure> stored(Store& store) const {
    std::map<std::string, std::string> all;
    ScanViews scan{.projection = follower_.projection()};
    for (bool more = true; more;) {
      const ScanViews::reply page = store.perform(scan);
      if (!page) return tl::unexpected(page.error());
      for (const StoredView& view : page->views) {
        if (covers(follower_.scope(), view.key)) all[view.key] = view.state.value_or("");
      }
      scan.after = page->next();
      more = scan.after.has_value();
    }
    return all;
  }

  void deliver();
  void act(const FollowerSteps&);
  std::uint32_t fate_of_read(Choices&);
  [[nodiscard]] std::optional<std::string> compare(const std::map<std::string, std::string>& stored) const;

  ViewFollower follower_;
  ShownViews shown_;
  ChannelHabits habits_;
  std::uint64_t now_{};  ///< steps so far
  std::vector<OnItsWay<Frame>> frames_{};
  std::vector<OnItsWay<Answer>> answers_{};
  std::vector<ViewRead> asked_{};
  std::optional<std::string> broken_{};
};

}  // namespace lantern::testing
