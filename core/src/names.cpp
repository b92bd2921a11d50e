#include "lantern/names.hpp"

#include <algorithm>
#include <cstdint>

namespace lantern {

bool is_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at != end) {
    const unsigned char lead = *at++;
    if (lead < 0x80) continue;
    // The bounds of the second byte rule out overlong forms, surrogates and what is above U+10FFFF (Unicode 15, table
    // 3-7).
    unsigned char low = 0x80, high = 0xBF;
    int more = 0;
    if (lead >= 0xC2 && lead <= 0xDF) more = 1;
    else if (lead >= 0xE0 && lead <= 0xEF) more = 2, low = lead == 0xE0 ? 0xA0 : low, high = lead == 0xED ? 0x9F : high;
    else if (lead >= 0xF0 && lead <= 0xF4) more = 3, low = lead == 0xF0 ? 0x90 : low, high = lead == 0xF4 ? 0x8F : high;
    else return false;
    for (; more > 0; --more, low = 0x80, high = 0xBF) {
      if (at == end || *at < low || *at > high) return false;
      ++at;
    }
  }
  return true;
}

std::optional<Failure> refuse_name(std::string_view what, std::string_view name) {
  const auto refuse = [&](std::string why) {
    const bool vowel = what.find_first_of("aeiou") == 0;
    return Failure(FailureKind::invalid, (vowel ? "an " : "a ") + std::string(what) + "'s name " + std::move(why));
  };
  if (name.empty()) return refuse("must not be empty");
  if (name.size() > longest_name) {
    return refuse("has " + std::to_string(name.size()) + " bytes; at most " + std::to_string(longest_name) +
                  " are allowed");
  }
  // Nearly all names have neither a NUL nor anything beyond ASCII.
  const auto plain = [](char c) { return static_cast<signed char>(c) > 0; };
  if (std::ranges::all_of(name, plain)) return std::nullopt;
  if (name.find('\0') != name.npos) return refuse("must not contain a NUL");
  if (!is_utf8(name)) return refuse("must be UTF-8");
  return std::nullopt;
}

}  // namespace lantern
