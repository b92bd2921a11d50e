// Texts for people: on one line, in few words, of a known width.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lantern::cli {

/// The text with control characters escaped (`\n`, `\x1b`) and broken UTF-8 replaced by U+FFFD: whatever an event or a
/// file name holds, it stays on its line and cannot command the terminal.
[[nodiscard]] std::string one_line(std::string_view text);

/// Well-formed UTF-8: every byte that is none is replaced by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view text);

/// Columns that a terminal needs for the text, approximately: combining marks take none, East Asian wide characters and
/// emoji take two.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

/// At most `columns` wide, with an ellipsis where it was cut.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t columns);

/// `1,234,567`.
[[nodiscard]] std::string grouped(std::uint64_t number);

/// A length of time, to the precision that people want: `0.4 s`, `12 s`, `3:07`, `2:10:09`.
[[nodiscard]] std::string brief(std::chrono::nanoseconds length);

/// Two digits for each byte: `00ff`.
[[nodiscard]] std::string hex(std::string_view bytes);

/// `1 event`, `2 events`.
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace lantern::cli
