// One character of UTF-8 at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace lantern::cli {

struct Decoded {
  char32_t character{};
  std::size_t bytes{1};  ///< how far to go on; 1 for a byte that begins no character
  bool valid{};
};

/// Decodes the first character of a text that is not empty (RFC 3629).
[[nodiscard]] constexpr Decoded decode_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t character = lead & (0xFFu >> (length + 1));
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return {};
    character = character << 6 | (byte(at) & 0x3Fu);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (character < least[length] || character > 0x10FFFF || (character >= 0xD800 && character < 0xE000)) return {};
  return {character, length, true};
}

}  // namespace lantern::cli
