#include "lantern/testing/view_history.hpp"

#include <sstream>
#include <variant>

namespace lantern::testing {
namespace {

std::string broken(const std::string& key, const Moment& moment, const std::string& what) {
  std::ostringstream said;
  said << "key '" << key << "' at " << moment << ": " << what;
  return said.str();
}

}  // namespace

std::string append_payload(std::string state, const std::string& payload) { return std::move(state) + payload; }

std::optional<std::string> ShownViews::show(const FollowerSteps& steps) {
  for (const ViewChange& change : steps.changes) {
    if (auto wrong = std::visit([this](const auto& one) { return apply(one); }, change)) return wrong;
  }
  return std::nullopt;
}

std::optional<std::string> ShownViews::apply(const ShowDelta& delta) {
  const auto shown = views_.find(delta.frame.key);
  if (!delta.from_nothing && shown == views_.end()) {
    return broken(delta.frame.key, delta.frame.moment, "a delta is to be shown, and nothing is shown");
  }
  std::string state = patch_(delta.from_nothing ? std::string() : shown->second, delta.frame.payload);
  return put(delta.frame.key, delta.frame.moment, std::move(state));
}

std::optional<std::string> ShownViews::apply(const ShowState& whole) {
  return put(whole.key, whole.moment, whole.state);
}

std::optional<std::string> ShownViews::apply(const ShowGone& gone) {
  views_.erase(gone.key);
  return std::nullopt;
}

std::optional<std::string> ShownViews::put(const std::string& key, const Moment& moment, std::string state) {
  const auto [last, is_first] = last_.try_emplace(key, moment);
  if (!is_first && last->second >= moment) return broken(key, moment, "time goes backwards");
  last->second = moment;
  const std::optional<std::string>* committed = history_->at(key, moment);
  if (!committed) return broken(key, moment, "it never was at that moment");
  if (*committed != state) return broken(key, moment, "it was not " + state);
  views_[key] = std::move(state);
  return std::nullopt;
}

}  // namespace lantern::testing
