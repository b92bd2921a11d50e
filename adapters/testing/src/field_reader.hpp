// The way back from `FieldWriter`'s text to the values.
#pragma once

#include <charconv>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "fields.hpp"

namespace lantern::testing {

/// Reads values from a text. After the first thing that does not fit, it reads nothing more: see `wrong`.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  /// What does not fit, if anything: "expected a number, found 'x'".
  [[nodiscard]] const std::string& wrong() const noexcept { return wrong_; }
  [[nodiscard]] bool ok() const noexcept { return wrong_.empty(); }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  template <class T>
  void operator()(std::string_view name, T& value) {
    if (!first_in_struct_) expect(" ");
    first_in_struct_ = false;
    expect(name);
    expect("=");
    read(value);
  }
  template <class T, class Usual>
  void unless(std::string_view name, T& value, const Usual& usual) {
    const std::string_view at = rest_.substr(std::min<std::size_t>(rest_.size(), first_in_struct_ ? 0 : 1));
    if (at.starts_with(name) && at.substr(name.size()).starts_with('=')) (*this)(name, value);
    else value = usual;
  }

  /// Up to the next space, and that space.
  std::string_view word();
  void expect(std::string_view text);
  bool take(std::string_view text);

  void read(bool& value);
  void read(std::string& text);
  void read(std::string_view& text);  ///< lives as long as this reader
  void read(double& value) { number(value); }
  void read(std::chrono::nanoseconds& length);
  void read(Instant& instant) {
    Instant::rep count{};
    number(count);
    instant = Instant(std::chrono::nanoseconds(count));
  }
  void read(EventPage& page);

  void read(StreamCursors& cursors) {
    std::vector<CursorMove> all;
    read(all);
    cursors = {};
    for (const CursorMove& one : all) cursors.advance(one.stream, one.through);
  }
  void read(StreamSelection& which) {
    if (rest_.starts_with('[')) {
      std::vector<std::string> names;
      read(names);
      which = StreamSelection::list(std::move(names));
    } else {
      std::string prefix;
      read(prefix);
      which = StreamSelection::with_prefix(std::move(prefix));
    }
  }

  template <std::integral I>
  void read(I& value) {
    number(value);
  }
  template <class E>
  requires std::is_enum_v<E>
  void read(E& value) {
    const std::string_view name = rest_.substr(0, rest_.find_first_of(" }]"));
    const auto found = std::ranges::find(names_of<E>, name);
    if (found == names_of<E>.end()) return fail("a known name");
    value = static_cast<E>(found - names_of<E>.begin());
    rest_.remove_prefix(name.size());
  }
  template <StrongNumber T>
  void read(T& value) {
    number(value.value);
  }
  template <Bounded T>
  void read(T& value) {
    std::remove_cvref_t<decltype(value.value())> plain{};
    read(plain);
    if (!ok()) return;
    if (auto made = T::of(plain)) value = *made;
    else wrong_ = made.error().message;
  }
  template <class T>
  void read(std::optional<T>& value) {
    if (rest_.starts_with('-') && (rest_.size() == 1 || std::string_view(" }]").find(rest_[1]) != rest_.npos)) {
      rest_.remove_prefix(1);
      value.reset();
    } else {
      read(value.emplace());
    }
  }
  template <Bounded T>
  void read(std::optional<T>& value) {
    std::optional<std::remove_cvref_t<decltype(value->value())>> plain;
    read(plain);
    value.reset();
    if (!plain || !ok()) return;
    if (auto made = T::of(*plain)) value = *made;
    else wrong_ = made.error().message;
  }
  template <class T>
  void read(std::vector<T>& values) {
    values.clear();
    each([&] { read(values.emplace_back()); });
  }
  template <class... Ts>
  void read(std::variant<Ts...>& value) {
    if (!(take_named<Ts>(value) || ...)) fail("one of the kinds that can stand here");
  }
  template <HasFields T>
  void read(T& value) {
    expect("{");
    first_in_struct_ = true;
    Fields<T>::each(*this, value);
    first_in_struct_ = false;
    expect("}");
  }
  template <class T, class E>
  void read(tl::expected<T, E>& outcome) {
    if (take("ok ")) {
      outcome.emplace();
      read(*outcome);
    } else {
      expect("failed ");
      outcome = tl::unexpected(E{});
      read(outcome.error());
    }
  }

 private:
  void fail(std::string_view expected);

  /// Calls `read_one` for each value of a list.
  template <class ReadOne>
  void each(const ReadOne& read_one) {
    expect("[");
    for (bool first = true; ok() && !take("]"); first = false) {
      if (!first) expect(" ");
      if (ok()) read_one();
    }
  }
  template <class T, class Variant>
  bool take_named(Variant& value) {
    if (!rest_.starts_with(Fields<T>::type_name) || !rest_.substr(Fields<T>::type_name.size()).starts_with('{')) {
      return false;
    }
    rest_.remove_prefix(Fields<T>::type_name.size());
    read(value.template emplace<T>());
    return true;
  }
  template <class N>
  void number(N& value) {
    if (!ok()) return;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) return fail("a number");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  }

  std::string_view rest_;
  std::string wrong_{};
  bool first_in_struct_{};
  std::deque<std::string> texts_{};
};

}  // namespace lantern::testing
