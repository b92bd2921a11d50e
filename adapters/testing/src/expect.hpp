// How a contract says what it found. The first broken promise ends its contract, by an exception that never leaves the
// suite: contracts are stories, and read as such only if each line may assume that the lines before it held.
#pragma once

#include <concepts>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "lantern/testing/conformance_world.hpp"

namespace lantern::detail {

struct Broken {
  std::string detail;
};
[[noreturn]] void broken(std::string detail);

// ---- showing values ----

[[nodiscard]] std::string shown(bool value);
[[nodiscard]] std::string shown(const std::string& text);  ///< quoted, and cut if long
[[nodiscard]] std::string shown(const AppliedEvent&);
[[nodiscard]] std::string shown(const Appended&);
[[nodiscard]] std::string shown(const VersionConflict&);
[[nodiscard]] std::string shown(const IdConflict&);
[[nodiscard]] std::string shown(const Lease&);
[[nodiscard]] std::string shown(const LeaseHeld&);
[[nodiscard]] std::string shown(const CheckpointMoved&);
[[nodiscard]] std::string shown(const CursorMoved&);
[[nodiscard]] std::string shown(const LostLeadership&);
[[nodiscard]] std::string shown(const WriteFailed&);
[[nodiscard]] std::string shown(const ViewsReplaced&);
[[nodiscard]] std::string shown(const GenerationMoved&);
[[nodiscard]] std::string shown(const BehindActive&);
[[nodiscard]] std::string shown(const OutcomeUnknown&);
[[nodiscard]] std::string shown(const NewEvent&);

template <class T>
requires requires(std::ostream& out, const T& value) { out << value; }
[[nodiscard]] std::string shown(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}
template <class T>
[[nodiscard]] std::string shown(const std::optional<T>& value);
template <class... Ts>
[[nodiscard]] std::string shown(const std::variant<Ts...>& value);
template <class T>
[[nodiscard]] std::string shown(const std::vector<T>& values) {
  std::string text;
  for (const auto& value : values) {
    if (text.size() > 2000) return "[" + text + ", … " + std::to_string(values.size()) + " in all]";
    text += (text.empty() ? "" : ", ") + shown(value);
  }
  return "[" + text + "]";
}
template <class T>
std::string shown(const std::optional<T>& value) {
  return value ? shown(*value) : "none";
}
template <class... Ts>
std::string shown(const std::variant<Ts...>& value) {
  return std::visit([](const auto& one) { return shown(one); }, value);
}

// ---- expecting ----

void expect(bool holds, const std::string& what);

/// The same for plain numbers, for which the core has a `shown` of its own where it is included.
template <class T>
[[nodiscard]] std::string in_words(const T& value) {
  if constexpr (std::is_same_v<T, bool> || !std::is_arithmetic_v<T>) return shown(value);
  else return std::to_string(value);
}

template <class T>
void expect_same(const std::string& what, const T& found, const std::type_identity_t<T>& expected) {
  if (!(found == expected)) broken(what + ": found " + in_words(found) + ", expected " + in_words(expected));
}

/// What a reply that must be good holds.
template <class T, class E>
T must(const std::string& what, tl::expected<T, E> reply) {
  if (!reply) broken(what + " was refused: " + shown(reply.error()));
  return *std::move(reply);
}

template <class R, class E>
[[nodiscard]] const R* alternative(const E& error) {
  if constexpr (std::same_as<R, E>) return &error;
  else return std::get_if<R>(&error);
}

/// The `R` with which a request must have been refused.
template <class R, class T, class E>
R must_refuse(const std::string& what, const tl::expected<T, E>& reply) {
  if (reply) broken(what + " was not refused");
  if (const R* reason = alternative<R>(reply.error())) return *reason;
  broken(what + " was refused for the wrong reason: " + shown(reply.error()));
}

/// The request must have been refused as FailureKind::invalid.
template <class T, class E>
void must_be_invalid(const std::string& what, const tl::expected<T, E>& reply) {
  const Failure failure = must_refuse<Failure>(what, reply);
  if (failure.kind != FailureKind::invalid) {
    broken(what + " was refused as \"" + std::string(to_string(failure.kind)) +
           "\", not as \"invalid\": " + to_string(failure));
  }
}

}  // namespace lantern::detail
