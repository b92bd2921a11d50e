#include "audience.hpp"

#include <algorithm>

namespace lantern::detail {
namespace {

std::string_view prefix_of(const ViewScope& scope) {
  const auto* some = std::get_if<KeyPrefix>(&scope);
  return some ? std::string_view(some->prefix) : std::string_view();
}

template <class Map>
void remove_from(Map& map, std::string_view name, const std::shared_ptr<Mailbox>& mailbox) {
  const auto found = map.find(name);
  if (found == map.end()) return;
  std::erase(found->second, mailbox);
  if (found->second.empty()) map.erase(found);
}

}  // namespace

void Audience::add(const ViewScope& scope, const std::shared_ptr<Mailbox>& mailbox) {
  if (const auto* one = std::get_if<OneKey>(&scope)) {
    by_key_[one->key].push_back(mailbox);
  } else {
    by_prefix_[std::string(prefix_of(scope))].push_back(mailbox);
  }
}

void Audience::remove(const ViewScope& scope, const std::shared_ptr<Mailbox>& mailbox) {
  if (const auto* one = std::get_if<OneKey>(&scope)) {
    remove_from(by_key_, one->key, mailbox);
  } else {
    remove_from(by_prefix_, prefix_of(scope), mailbox);
  }
}

Audience::ByPrefix::const_iterator Audience::last_prefix_of(std::string_view key) const {
  // All prefixes of a key sort before it or are the key. One that sorts just before and is no prefix still tells how
  // much of the key any further one can have: no more than the two have in common.
  for (;;) {
    auto after = by_prefix_.upper_bound(key);
    if (after == by_prefix_.begin()) return by_prefix_.end();
    const std::string& before = (--after)->first;
    if (key.starts_with(before)) return after;
    const auto differs = std::ranges::mismatch(key, before).in1;
    key = key.substr(0, static_cast<std::size_t>(differs - key.begin()));
  }
}

}  // namespace lantern::detail
