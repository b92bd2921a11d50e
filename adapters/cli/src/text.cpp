#include "text.hpp"

#include <algorithm>
#include <cstdio>

#include "utf8.hpp"

namespace lantern::cli {
namespace {

struct Range {
  char32_t first, last;
};

// The common combining marks and invisible characters; an approximation of what wcwidth knows (Unicode 15).
constexpr Range no_columns[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},  {0x064B, 0x065F},
                                {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},  {0x200B, 0x200F},
                                {0x202A, 0x202E}, {0x2060, 0x2064}, {0x20D0, 0x20F0},  {0xFE00, 0xFE0F},
                                {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF}};
// East Asian wide and fullwidth characters, and emoji (Unicode 15, EastAsianWidth.txt, coarsened to blocks).
constexpr Range two_columns[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},  {0x3400, 0x4DBF},
                                 {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},
                                 {0xFE30, 0xFE4F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F},
                                 {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

template <std::size_t N>
bool within(const Range (&ranges)[N], char32_t c) {
  const auto* const found = std::lower_bound(std::begin(ranges), std::end(ranges), c,
                                             [](const Range& range, char32_t value) { return range.last < value; });
  return found != std::end(ranges) && found->first <= c;
}

std::size_t width_of(char32_t c) {
  if (within(no_columns, c)) return 0;
  return within(two_columns, c) ? 2 : 1;
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029; }

void append_escaped(std::string& out, char32_t c) {
  switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, c < 0x100 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(c));
  out += buffer;
}

constexpr std::string_view replacement = "\xEF\xBF\xBD";

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Decoded next = decode_utf8(text.substr(at));
    if (!next.valid) out += replacement;
    else if (is_control(next.character)) append_escaped(out, next.character);
    else out += text.substr(at, next.bytes);
    at += next.bytes;
  }
  return out;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Decoded next = decode_utf8(text.substr(at));
    out += next.valid ? text.substr(at, next.bytes) : replacement;
    at += next.bytes;
  }
  return out;
}

std::size_t display_width(std::string_view text) noexcept {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded next = decode_utf8(text.substr(at));
    columns += next.valid ? width_of(next.character) : 1;
    at += next.bytes;
  }
  return columns;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t at = 0, used = 0;
  while (at < text.size()) {
    const Decoded next = decode_utf8(text.substr(at));
    const std::size_t width = next.valid ? width_of(next.character) : 1;
    if (used + width > columns - 1) break;
    used += width;
    at += next.bytes;
  }
  return std::string(text.substr(0, at)) + "\u2026";
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string brief(std::chrono::nanoseconds length) {
  using namespace std::chrono;
  char buffer[48];
  const auto whole = round<seconds>(length);
  if (length < 10s) {
    std::snprintf(buffer, sizeof buffer, "%.1f s", duration<double>(std::max(length, 0ns)).count());
  } else if (whole < 60s) {
    std::snprintf(buffer, sizeof buffer, "%lld s", static_cast<long long>(whole.count()));
  } else {
    const hh_mm_ss parts(whole);
    const auto hours_ = static_cast<long long>(parts.hours().count());
    const auto minutes_ = static_cast<long long>(parts.minutes().count());
    const auto seconds_ = static_cast<long long>(parts.seconds().count());
    if (hours_ > 0) std::snprintf(buffer, sizeof buffer, "%lld:%02lld:%02lld", hours_, minutes_, seconds_);
    else std::snprintf(buffer, sizeof buffer, "%lld:%02lld", minutes_, seconds_);
  }
  return buffer;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return grouped(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    (text += digits[byte >> 4]) += digits[byte & 15];
  }
  return text;
}

}  // namespace lantern::cli
