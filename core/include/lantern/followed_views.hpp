// Views as somebody else sees them: decoded, and kept up to date by a follower.
#pragma once

#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/failure.hpp"
#include "lantern/view_follower.hpp"

namespace lantern {

/// Keeps the states of the views that a `ViewFollower` follows. `Codec` is the projector's `view_codec`: it has
/// `decode_state(bytes)` and `decode_delta(bytes)`, which return a tl::expected; `patch(state, delta)` applies a delta
/// to a `State`, just as the projector's `apply` did.
///
///     FollowedViews orders({"orders"}, AllKeys{}, Orders::view_codec(), [](auto& order, auto& d) { order.total +=
///     d.added; });
///
/// Told what came, it returns the reads that are to be performed; `perform` does that with a store. A view that cannot
/// be decoded is not shown but told of in `unreadable`; a delta that cannot be has its key read again. As values go:
/// not thread-safe. An exception of `patch` is the caller's.
template <class Codec, class Patch>
class FollowedViews {
 public:
  using State = typename decltype(std::declval<Codec&>().decode_state(std::string_view()))::value_type;
  using Reads = std::vector<ViewRead>;

  FollowedViews(ProjectionId projection, ViewScope scope, Codec codec, Patch patch, FollowerLimits limits = {})
      : follower_(std::move(projection), std::move(scope), limits),
        codec_(std::move(codec)),
        patch_(std::move(patch)) {}

  [[nodiscard]] Reads begin() { return act(follower_.begin()); }
  [[nodiscard]] Reads take(const Frame& frame) { return act(follower_.take(frame)); }
  [[nodiscard]] Reads check() { return act(follower_.check()); }
  template <class Read, class Answer>
  [[nodiscard]] Reads answer(const Read& asked, const Answer& found) {
    return act(follower_.answer(asked, found));
  }

  /// Has the store answer these reads, and those that the answers lead to. Stops at a failure, and returns it: the
  /// reads that are left are in `reads`, to be performed later.
  template <class Store>
  [[nodiscard]] tl::expected<void, Failure> perform(Store& store, Reads& reads) {
    while (!reads.empty()) {
      tl::expected<Reads, Failure> more =
          std::visit([&](const auto& read) { return read_from(store, read); }, reads.back());
      if (!more) return tl::unexpected(std::move(more.error()));
      reads.pop_back();
      reads.insert(reads.end(), std::make_move_iterator(more->begin()), std::make_move_iterator(more->end()));
    }
    return {};
  }

  [[nodiscard]] const std::map<std::string, State, std::less<>>& views() const noexcept { return views_; }
  /// Keys whose stored state cannot be decoded, and why.
  [[nodiscard]] const std::map<std::string, Failure, std::less<>>& unreadable() const noexcept { return unreadable_; }
  [[nodiscard]] bool settled() const noexcept { return follower_.settled(); }

 private:
  template <class Store, class Read>
  tl::expected<Reads, Failure> read_from(Store& store, const Read& read) {
    const auto found = store.perform(read);
    if (!found) return tl::unexpected(found.error());
    return answer(read, *found);
  }

  Reads act(FollowerSteps steps) {
    std::set<std::string> doubtful;  // a delta is missing: those behind it wait for the read
    for (const ViewChange& change : steps.changes) {
      if (const auto* delta = std::get_if<ShowDelta>(&change)) show(*delta, steps.reads, doubtful);
      else if (const auto* state = std::get_if<ShowState>(&change)) show(*state);
      else forget(std::get<ShowGone>(change).key);
    }
    return std::move(steps.reads);
  }
  void show(const ShowDelta& change, Reads& reads, std::set<std::string>& doubtful) {
    const std::string& key = change.frame.key;
    if (change.from_nothing) {
      forget(key);
      doubtful.erase(key);
    }
    if (unreadable_.contains(key) || doubtful.contains(key)) return;
    auto delta = codec_.decode_delta(change.frame.payload);
    if (delta) {
      patch_(views_[key], *delta);
      return;
    }
    doubtful.insert(key);
    FollowerSteps steps = follower_.check(key);
    reads.insert(reads.end(), steps.reads.begin(), steps.reads.end());
  }
  void show(const ShowState& change) {
    forget(change.key);
    auto state = codec_.decode_state(change.state);
    if (state) views_.emplace(change.key, std::move(*state));
    else unreadable_.emplace(change.key, std::move(state.error()));
  }
  void forget(const std::string& key) {
    views_.erase(key);
    unreadable_.erase(key);
  }

  ViewFollower follower_;
  Codec codec_;
  Patch patch_;
  std::map<std::string, State, std::less<>> views_{};
  std::map<std::string, Failure, std::less<>> unreadable_{};
};

}  // namespace lantern
