#include "lantern/stream_selection.hpp"

#include <algorithm>

namespace lantern {
namespace {

std::string common_prefix(const std::string& a, const std::string& b) {
  return std::string(a.begin(), std::ranges::mismatch(a, b).in1);
}

}  // namespace

StreamSelection StreamSelection::one(std::string stream) { return list({std::move(stream)}); }

StreamSelection StreamSelection::list(std::vector<std::string> streams) {
  std::ranges::sort(streams);
  streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
  StreamSelection made;
  made.named_ = true;
  // Sorted: what the first and the last have in common, all between them have, too.
  if (!streams.empty()) made.prefix_ = common_prefix(streams.front(), streams.back());
  made.names_ = std::move(streams);
  return made;
}

StreamSelection StreamSelection::with_prefix(std::string prefix) {
  StreamSelection made;
  made.prefix_ = std::move(prefix);
  return made;
}

StreamSelection StreamSelection::category(std::string_view name) { return with_prefix(std::string(name) + '-'); }

bool StreamSelection::contains(std::string_view stream) const noexcept {
  return named_ ? std::ranges::binary_search(names_, stream) : stream.starts_with(prefix_);
}

}  // namespace lantern
