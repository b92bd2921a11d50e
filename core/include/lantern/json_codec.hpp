// Events as described structs, payloads as JSON. The one header of the core that needs Boost.JSON.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <tl/expected.hpp>

#include "lantern/event.hpp"
#include "lantern/failure.hpp"
#include "lantern/upcasting.hpp"

namespace lantern {

/// Nesting of arrays and objects beyond which a payload is refused, so that no event can exhaust the stack.
inline constexpr std::size_t deepest_json = 64;

namespace detail {

/// The value that the text is, in this memory, or why it is none. Real numbers are exact: the nearest that a double can
/// be.
[[nodiscard]] tl::expected<boost::json::value, std::string> parse_json(std::string_view text,
                                                                       const boost::json::storage_ptr& memory);

/// Whether a `T` that was read keeps nothing of the value that it was read from. A JSON value, array, object or string
/// of Boost does, wherever in the `T` it is: a copy lies in the memory of what it was copied from. `Seen` are the types
/// that this one is a part of.
template <class T, class... Seen>
consteval bool is_detached();

template <class T>
concept HasOwnConversion = requires(const boost::json::value& value) {
  tag_invoke(boost::json::value_to_tag<T>{}, value);
}
|| requires(const boost::json::value& value) { tag_invoke(boost::json::try_value_to_tag<T>{}, value); };

template <class T, class... Seen>
struct PartsAreDetached : std::false_type {};
template <class... Parts, class... Seen>
struct PartsAreDetached<std::tuple<Parts...>, Seen...> : std::bool_constant<(is_detached<Parts, Seen...>() && ...)> {};
template <class... Parts, class... Seen>
struct PartsAreDetached<std::variant<Parts...>, Seen...> : PartsAreDetached<std::tuple<Parts...>, Seen...> {};
template <class A, class B, class... Seen>
struct PartsAreDetached<std::pair<A, B>, Seen...> : PartsAreDetached<std::tuple<A, B>, Seen...> {};
template <class Part, class... Seen>
struct PartsAreDetached<std::optional<Part>, Seen...> : PartsAreDetached<std::tuple<Part>, Seen...> {};

template <class T, class... Seen>
consteval bool members_are_detached() {
  namespace describe = boost::describe;
  using Members = describe::describe_members<T, describe::mod_any_access | describe::mod_inherited>;
  return []<template <class...> class List, class... Member>(List<Member...>) {
    return (is_detached<std::remove_cvref_t<decltype(std::declval<T&>().*Member::pointer)>, T, Seen...>() && ...);
  }(Members{});
}

template <class T, class... Seen>
consteval bool is_detached() {
  using Plain = std::remove_cv_t<T>;
  if constexpr (!std::same_as<T, Plain>) return is_detached<Plain, Seen...>();
  else if constexpr ((std::same_as<T, Seen> || ...)) return true;  // a part of itself, as a tree is
  else if constexpr (std::same_as<T, boost::json::string>) return false;
  else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || std::same_as<T, std::string> ||
                     std::same_as<T, std::monostate>)
    return true;
  else if constexpr (PartsAreDetached<T, Seen...>::value) return true;
  else if constexpr (HasOwnConversion<T>) return false;  // who knows
  else if constexpr (requires { typename T::value_type; }) return is_detached<typename T::value_type, T, Seen...>();
  else if constexpr (boost::describe::has_describe_members<T>::value) return members_are_detached<T, Seen...>();
  else return false;
}

template <class Event>
concept SaysItsVersion = requires {
  { Event::schema_version } -> std::convertible_to<std::int32_t>;
};
/// Why this event cannot be read as one of that version.
[[nodiscard]] Failure other_version(const RecordedEvent& recorded, std::int32_t read);

template <class T>
tl::expected<T, std::string> read_json(std::string_view text, const boost::json::storage_ptr& memory) {
  const auto value = parse_json(text, memory);
  if (!value) return tl::unexpected(value.error());
  auto made = boost::json::try_value_to<T>(*value);
  if (!made) return tl::unexpected(made.error().message());
  return *std::move(made);
}

/// The same as a `T`. What a small text needs on the way does not reach the heap, where nothing of it stays.
template <class T>
tl::expected<T, std::string> read_json(std::string_view text) {
  if constexpr (is_detached<T>()) {
    std::array<unsigned char, 4096> memory;
    boost::json::monotonic_resource resource(memory.data(), memory.size());
    return read_json<T>(text, boost::json::storage_ptr(&resource));
  } else {
    return read_json<T>(text, {});
  }
}

}  // namespace detail

/// Decodes JSON payloads into one of `Events`. Each is a struct that Boost.Describe knows
/// (`BOOST_DESCRIBE_STRUCT(Deposited, (), (account, amount))`), or that has a `tag_invoke` for `boost::json::value_to`,
/// and names its type: `static constexpr std::string_view event_type = "Deposited";`. A payload that does not fit is
/// FailureKind::undecodable. Stateless.
///
/// A struct may say which shape it is: `static constexpr std::int32_t schema_version = 2;`. Then an event of another
/// version is FailureKind::undecodable, too, instead of being read for what it is not; upcasters bring old ones there.
template <class... Events>
struct JsonCodec {
  static_assert((requires { std::string_view(Events::event_type); } && ...),
                "each event of a JsonCodec needs `static constexpr std::string_view event_type`");
  using event_type = std::variant<Events...>;

  /// The types that this codec decodes; a projection with it reads no others.
  [[nodiscard]] static std::vector<std::string> types() { return {std::string(Events::event_type)...}; }

  /// Those of them that say which schema version they are of.
  [[nodiscard]] static std::vector<EventShape> shapes() {
    std::vector<EventShape> said;
    const auto add = [&said]<class Event>(std::type_identity<Event>) {
      if constexpr (detail::SaysItsVersion<Event>)
        said.push_back({std::string(Event::event_type), Event::schema_version});
    };
    (add(std::type_identity<Events>{}), ...);
    return said;
  }

  [[nodiscard]] tl::expected<event_type, Failure> decode(const RecordedEvent& recorded) const {
    tl::expected<event_type, Failure> decoded = tl::unexpected(
        Failure(FailureKind::undecodable, "no event of this codec has type " + std::string(recorded.type)));
    static_cast<void>(((recorded.type == Events::event_type && (decoded = decode_as<Events>(recorded), true)) || ...));
    return decoded;
  }

 private:
  template <class Event>
  static tl::expected<event_type, Failure> decode_as(const RecordedEvent& recorded) {
    if constexpr (detail::SaysItsVersion<Event>) {
      if (recorded.schema_version != Event::schema_version) {
        return tl::unexpected(detail::other_version(recorded, Event::schema_version));
      }
    }
    auto event = detail::read_json<Event>(recorded.data);
    if (!event) return undecodable(Event::event_type, event.error());
    return event_type(std::in_place_type<Event>, *std::move(event));
  }
  static tl::unexpected<Failure> undecodable(std::string_view type, const std::string& why) {
    return tl::unexpected(
        Failure(FailureKind::undecodable, "the payload is no " + std::string(type) + " (" + why + ")"));
  }
};

}  // namespace lantern
