#include "lantern/cursors.hpp"

namespace lantern {

std::optional<StreamVersion> StreamCursors::of(std::string_view stream) const {
  const auto found = cursors_.find(stream);
  return found == cursors_.end() ? std::nullopt : std::optional(found->second);
}

bool StreamCursors::advance(std::string_view stream, StreamVersion to) {
  const auto found = cursors_.find(stream);
  if (found == cursors_.end()) return cursors_.emplace(stream, to).second;
  if (found->second >= to) return false;
  found->second = to;
  return true;
}

}  // namespace lantern
