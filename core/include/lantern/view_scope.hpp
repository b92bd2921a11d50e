// Which views of a projection somebody follows.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace lantern {

/// All views of the projection.
struct AllKeys {
  friend bool operator==(const AllKeys&, const AllKeys&) = default;
};
/// The view of this key.
struct OneKey {
  std::string key{};
  friend bool operator==(const OneKey&, const OneKey&) = default;
};
/// The views whose keys begin with these bytes; an empty prefix is all of them.
struct KeyPrefix {
  std::string prefix{};
  friend bool operator==(const KeyPrefix&, const KeyPrefix&) = default;
};
using ViewScope = std::variant<AllKeys, OneKey, KeyPrefix>;

/// True when the view of this key is one of those.
[[nodiscard]] inline bool covers(const ViewScope& scope, std::string_view key) noexcept {
  if (const auto* one = std::get_if<OneKey>(&scope)) return key == one->key;
  if (const auto* some = std::get_if<KeyPrefix>(&scope)) return key.starts_with(some->prefix);
  return true;
}

}  // namespace lantern
