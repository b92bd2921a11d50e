// How values stand in a recording, and how they are read from it.
#include "field_reader.hpp"
#include "field_writer.hpp"

namespace lantern::testing {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f && c != '"' && c != '\\';
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    out += '\\';
    if (byte == '"' || byte == '\\') {
      out += static_cast<char>(byte);
    } else {
      out += {'x', digits[byte >> 4], digits[byte & 15]};
    }
  }
  out += '"';
}

void FieldReader::fail(std::string_view expected) {
  if (!ok()) return;
  wrong_ = "expected " + std::string(expected) + ", found '" + detail::one_line(rest_.substr(0, 20)) + "'";
  rest_ = {};
}

void FieldReader::expect(std::string_view text) {
  if (ok() && !take(text)) fail("'" + std::string(text) + "'");
}

bool FieldReader::take(std::string_view text) {
  if (!rest_.starts_with(text)) return false;
  rest_.remove_prefix(text.size());
  return true;
}

std::string_view FieldReader::word() {
  const std::string_view found = rest_.substr(0, rest_.find(' '));
  rest_.remove_prefix(std::min(rest_.size(), found.size() + 1));
  return found;
}

void FieldReader::read(bool& value) {
  value = take("yes");
  if (!value && !take("no")) fail("yes or no");
}

void FieldReader::read(std::string& text) {
  text.clear();
  expect("\"");
  while (ok()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_plain) - rest_.begin());
    text += rest_.substr(0, plain);
    rest_.remove_prefix(plain);
    if (take("\"")) return;
    if (take("\\\"")) {
      text += '"';
    } else if (take("\\\\")) {
      text += '\\';
    } else {
      const std::string_view code = rest_.substr(0, 4);
      unsigned byte{};
      if (code.size() == 4 && code.starts_with("\\x") &&
          std::from_chars(code.data() + 2, code.data() + 4, byte, 16).ptr == code.data() + 4) {
        text += static_cast<char>(byte);
        rest_.remove_prefix(4);
      } else {
        fail("the rest of a text");
      }
    }
  }
}

void FieldReader::read(std::string_view& text) {
  std::string owned;
  read(owned);
  text = texts_.emplace_back(std::move(owned));
}

void FieldReader::read(std::chrono::nanoseconds& length) {
  std::int64_t count{};
  number(count);
  constexpr std::int64_t to_ms = 1'000'000;
  if (take("ms") && std::abs(count) <= std::numeric_limits<std::int64_t>::max() / to_ms) count *= to_ms;
  else if (!take("ns")) return fail("a length of time");
  length = std::chrono::nanoseconds(count);
}

void FieldReader::read(EventPage& page) {
  page = {};
  expect("{");
  first_in_struct_ = true;
  (*this)("scanned_to", page.scanned_to);
  (*this)("head", page.head);
  unless("first", page.first, std::nullopt);
  unless("log", page.log, std::nullopt);
  expect(" events=");
  each([&] {
    RecordedEvent event;
    read(event);
    if (ok()) page.add(event);
    texts_.clear();
  });
  expect("}");
}

}  // namespace lantern::testing
