// Events as described structs, payloads as JSON. The one header of the core that needs Boost.JSON.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <tl/expected.hpp>

#include "lantern/event.hpp"
#include "lantern/failure.hpp"

namespace lantern {

/// Nesting of arrays and objects beyond which a payload is refused, so that no event can exhaust the stack.
inline constexpr std::size_t deepest_json = 64;

namespace detail {

/// The value that the text is, in this memory, or why it is none. Real numbers are exact: the nearest that a double can
/// be.
[[nodiscard]] tl::expected<boost::json::value, std::string> parse_json(std::string_view text,
                                                                       const boost::json::storage_ptr& memory);

/// The same as a `T`. What a small text needs on the way never reaches the heap.
template <class T>
tl::expected<T, std::string> read_json(std::string_view text) {
  std::array<unsigned char, 4096> memory;
  boost::json::monotonic_resource resource(memory.data(), memory.size());
  const auto value = parse_json(text, boost::json::storage_ptr(&resource));
  if (!value) return tl::unexpected(value.error());
  auto made = boost::json::try_value_to<T>(*value);
  if (!made) return tl::unexpected(made.error().message());
  return *std::move(made);
}

}  // namespace detail

/// Decodes JSON payloads into one of `Events`. Each is a struct that Boost.Describe knows
/// (`BOOST_DESCRIBE_STRUCT(Deposited, (), (account, amount))`), or that has a `tag_invoke` for `boost::json::value_to`,
/// and names its type: `static constexpr std::string_view event_type = "Deposited";`. A payload that does not fit is
/// FailureKind::undecodable. Stateless.
template <class... Events>
struct JsonCodec {
  static_assert((requires { std::string_view(Events::event_type); } && ...),
                "each event of a JsonCodec needs `static constexpr std::string_view event_type`");
  using event_type = std::variant<Events...>;

  /// The types that this codec decodes; a projection with it reads no others.
  [[nodiscard]] static std::vector<std::string> types() { return {std::string(Events::event_type)...}; }

  [[nodiscard]] tl::expected<event_type, Failure> decode(const RecordedEvent& recorded) const {
    tl::expected<event_type, Failure> decoded = tl::unexpected(
        Failure(FailureKind::undecodable, "no event of this codec has type " + std::string(recorded.type)));
    static_cast<void>(
        ((recorded.type == Events::event_type && (decoded = decode_as<Events>(recorded.data), true)) || ...));
    return decoded;
  }

 private:
  template <class Event>
  static tl::expected<event_type, Failure> decode_as(std::string_view data) {
    auto event = detail::read_json<Event>(data);
    if (!event) return undecodable(Event::event_type, event.error());
    return event_type(std::in_place_type<Event>, *std::move(event));
  }
  static tl::unexpected<Failure> undecodable(std::string_view type, const std::string& why) {
    return tl::unexpected(
        Failure(FailureKind::undecodable, "the payload is no " + std::string(type) + " (" + why + ")"));
  }
};

}  // namespace lantern
