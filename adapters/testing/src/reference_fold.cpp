#include "lantern/testing/reference_fold.hpp"

#include <algorithm>

namespace lantern::testing {

ReferenceFold::~ReferenceFold() = default;

const StoredView* ReferenceFold::row(std::string_view key) const noexcept {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

void ReferenceFold::set(std::string_view key, std::optional<std::string> state, Position position) {
  auto found = rows_.find(key);
  if (found == rows_.end()) {
    found = rows_.emplace(std::string(key), StoredView{}).first;
    found->second.key = key;
  }
  StoredView& view = found->second;
  view.state = std::move(state);
  ++view.version;
  view.position = position;
  if (changes_.empty()) changes_.reserve(8);  // which most workloads do not exceed: one allocation, not four
  changes_.push_back({view.key, view.version, position, view.state});
}

const ReferenceFold::Change* ReferenceFold::find(std::string_view key, std::int64_t version) const noexcept {
  const auto found = std::ranges::find_if(
      changes_, [&](const Change& change) { return change.version == version && change.key == key; });
  return found == changes_.end() ? nullptr : &*found;
}

}  // namespace lantern::testing
