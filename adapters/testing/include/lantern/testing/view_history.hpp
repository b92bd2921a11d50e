// What views ever were, and somebody who shows what a follower says and sees that it is true.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lantern/view_follower.hpp"

namespace lantern::testing {

/// All that was ever committed of views. A world notes each commit here; what is shown is judged by it.
class ViewHistory {
 public:
  /// This was committed for the key under that moment; absent: there was no view from then on.
  void note(const std::string& key, const Moment& moment, std::optional<std::string> state) {
    states_[{key, moment}] = std::move(state);
  }
  /// What was noted; null: the key never was at that moment.
  [[nodiscard]] const std::optional<std::string>* at(const std::string& key, const Moment& moment) const {
    const auto found = states_.find({key, moment});
    return found == states_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::pair<std::string, Moment>, std::optional<std::string>> states_{};
};

/// How the payload of a delta changes a state; `state` is empty when there is none yet.
using PatchState = std::string (*)(std::string state, const std::string& payload);
/// A state is the chain of all its deltas.
[[nodiscard]] std::string append_payload(std::string state, const std::string& payload);

/// Shows what a follower says, and sees that each state was committed under just the moment that is told with it, and
/// that moments only grow. Borrows the history.
class ShownViews {
 public:
  explicit ShownViews(const ViewHistory& history, PatchState patch = append_payload)
      : history_(&history), patch_(patch) {}

  /// Shows these changes. Absent: all is well; else the first promise that was not kept: which key, when, and what.
  [[nodiscard]] std::optional<std::string> show(const FollowerSteps&);
  /// What is shown for each key.
  [[nodiscard]] const std::map<std::string, std::string>& views() const noexcept { return views_; }

 private:
  [[nodiscard]] std::optional<std::string> apply(const ShowDelta&);
  [[nodiscard]] std::optional<std::string> apply(const ShowState&);
  [[nodiscard]] std::optional<std::string> apply(const ShowGone&);
  [[nodiscard]] std::optional<std::string> put(const std::string& key, const Moment&, std::string state);

  const ViewHistory* history_;
  PatchState patch_;
  std::map<std::string, std::string> views_{};
  std::map<std::string, Moment> last_{};
};

}  // namespace lantern::testing
