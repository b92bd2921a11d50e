// Of which ranges of keys a follower knows that it saw all of their changes.
#include "followed_key.hpp"

namespace lantern::detail {

const AsOf* SeenRanges::find(std::string_view key) const {
  const auto range = ends_.lower_bound(key);
  if (range != ends_.end()) return &range->second;
  return rest_ ? &*rest_ : nullptr;
}

void SeenRanges::cut(const std::string& key) {
  if (ends_.contains(key)) return;
  if (const AsOf* seen = find(key)) ends_.emplace(key, *seen);
}

void SeenRanges::set(const std::optional<std::string>& after, const std::optional<std::string>& last,
                     const AsOf& as_of) {
  // A range that reaches beyond the page keeps what was known there. At `after`, the page before has made the cut.
  if (last) cut(*last);
  const auto begin = after ? ends_.upper_bound(*after) : ends_.begin();
  const auto end = last ? ends_.upper_bound(*last) : ends_.end();
  for (auto range = begin; range != end; ++range) {
    if (!at_least(as_of, range->second)) return;
  }
  if (!last && rest_ && !at_least(as_of, *rest_)) return;
  ends_.erase(begin, end);
  if (last) {
    ends_.insert_or_assign(*last, as_of);
  } else {
    rest_ = as_of;
  }
}

}  // namespace lantern::detail
