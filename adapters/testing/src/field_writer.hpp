// Values as text: `name=value`, with spaces between. The same value always gives the same text.
#pragma once

#include <charconv>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fields.hpp"

namespace lantern::testing {

/// The text in quotes, with `"`, `\` and control characters escaped (`\x0a`); all other bytes as they are.
void append_quoted(std::string& out, std::string_view text);

/// Writes values to a string.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(&out) {}

  template <class T>
  void operator()(std::string_view name, const T& value) {
    if (!out_->empty() && out_->back() != '{') *out_ += ' ';
    *out_ += name;
    *out_ += '=';
    write(value);
  }
  /// The same, but nothing for a value that goes without saying.
  template <class T, class Usual>
  void unless(std::string_view name, const T& value, const Usual& usual) {
    if (value != usual) (*this)(name, value);
  }

  void write(bool value) { *out_ += value ? "yes" : "no"; }
  void write(std::string_view text) { append_quoted(*out_, text); }
  void write(const std::string& text) { append_quoted(*out_, text); }
  void write(double value) { number(value); }
  void write(std::chrono::nanoseconds length) {
    const bool whole = length.count() % 1'000'000 == 0;
    number(whole ? length.count() / 1'000'000 : length.count());
    *out_ += whole ? "ms" : "ns";
  }
  void write(Instant instant) { number(instant.time_since_epoch().count()); }

  template <std::integral I>
  void write(I value) {
    number(value);
  }
  template <class E>
  requires std::is_enum_v<E>
  void write(E value) { *out_ += names_of<E>[static_cast<std::size_t>(value)]; }
  template <StrongNumber T>
  void write(const T& value) {
    number(value.value);
  }
  template <Bounded T>
  void write(const T& value) {
    write(value.value());
  }
  template <class T>
  void write(const std::optional<T>& value) {
    if (value) write(*value);
    else *out_ += '-';
  }
  template <class T>
  void write(const std::vector<T>& values) {
    write(std::span<const T>(values));
  }
  template <class T>
  void write(std::span<const T> values) {
    *out_ += '[';
    for (const T& value : values) {
      if (out_->back() != '[') *out_ += ' ';
      write(value);
    }
    *out_ += ']';
  }
  template <class... Ts>
  void write(const std::variant<Ts...>& value) {
    std::visit([this](const auto& one) { this->write_named(one); }, value);
  }
  template <HasFields T>
  void write(const T& value) {
    *out_ += '{';
    Fields<T>::each(*this, value);
    *out_ += '}';
  }
  /// With the name of its type before it.
  template <HasFields T>
  void write_named(const T& value) {
    *out_ += Fields<T>::type_name;
    write(value);
  }
  void write(const EventPage& page) {
    *out_ += '{';
    (*this)("scanned_to", page.scanned_to);
    (*this)("head", page.head);
    unless("first", page.first, std::nullopt);
    unless("log", page.log, std::nullopt);
    (*this)("events", page.events());
    *out_ += '}';
  }
  void write(const StreamCursors& cursors) {
    std::vector<CursorMove> all;
    for (const auto& [stream, version] : cursors) all.push_back({stream, std::nullopt, version});
    write(all);
  }
  /// Names, or a prefix.
  void write(const StreamSelection& which) {
    if (which.is_named()) write(which.names());
    else write(which.prefix());
  }
  /// The events are those of a page that was read: their positions say which.
  void write(const Writes& writes) {
    std::vector<Position> positions;
    for (const auto& run : writes.runs) {
      for (const RecordedEvent& event : run) positions.push_back(event.position);
    }
    write(positions);
  }
  template <class T, class E>
  void write(const tl::expected<T, E>& outcome) {
    *out_ += outcome ? "ok " : "failed ";
    if (outcome) write(*outcome);
    else write(outcome.error());
  }

 private:
  template <class N>
  void number(N value) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out_->append(digits.data(), end);
  }
  std::string* out_;
};

}  // namespace lantern::testing
