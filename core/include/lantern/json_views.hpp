// States and deltas as described structs, stored as JSON. Needs Boost.JSON.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <boost/describe/class.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serializer.hpp>
#include <boost/json/value_from.hpp>
#include <tl/expected.hpp>

#include "lantern/failure.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/names.hpp"

namespace lantern {

/// Writes and reads the states and deltas of a keyed projection as JSON. Each is a struct that Boost.Describe knows
/// (`BOOST_DESCRIBE_STRUCT(Cart, (), (items, cents))`), or whatever else `boost::json::value_from` and `value_to` take.
/// Members are written in the order in which they are described, so the same state gives the same bytes; that does not
/// hold for unordered containers: use ordered ones. Stateless, and as thread-safe as that.
///
/// What could not be read back (a NaN, text that is no UTF-8, nesting deeper than `deepest_json`) is not written:
/// `encode_state` and `encode_delta` throw std::invalid_argument, and nothing of the event or commit is stored.
template <class State, class Delta>
struct JsonViewCodec {
  [[nodiscard]] std::string encode_state(const State& state) const { return written(state); }
  [[nodiscard]] std::string encode_delta(const Delta& delta) const { return written(delta); }

  /// Bytes that are no such state are FailureKind::undecodable.
  [[nodiscard]] tl::expected<State, Failure> decode_state(std::string_view bytes) const {
    return read<State>("state", bytes);
  }
  /// Bytes that are no such delta are FailureKind::undecodable.
  [[nodiscard]] tl::expected<Delta, Failure> decode_delta(std::string_view bytes) const {
    return read<Delta>("delta", bytes);
  }

 private:
  // Small values never reach the heap but for the result.
  template <class T>
  static std::string written(const T& what) {
    std::array<unsigned char, 4096> memory;
    boost::json::monotonic_resource resource(memory.data(), memory.size());
    const boost::json::value value = boost::json::value_from(what, boost::json::storage_ptr(&resource));
    boost::json::serializer serializer;
    serializer.reset(&value);
    std::array<char, 1024> piece;
    std::string text;
    while (!serializer.done()) {
      const auto part = serializer.read(piece.data(), piece.size());
      text.append(part.data(), part.size());
    }
    if (may_be_unreadable(text)) {
      if (const auto again = detail::read_json<boost::json::value>(text); !again) {
        throw std::invalid_argument("it cannot be written as JSON that can be read back (" + again.error() + ")");
      }
    }
    return text;
  }
  /// A first look that costs next to nothing; most texts are not read again.
  static bool may_be_unreadable(std::string_view text) noexcept {
    const auto opened = std::ranges::count_if(text, [](char c) { return c == '{' || c == '['; });
    return opened > static_cast<std::ptrdiff_t>(deepest_json) || text.find("NaN") != text.npos ||
           text.find("Infinity") != text.npos || !is_utf8(text);
  }
  template <class T>
  static tl::expected<T, Failure> read(std::string_view kind, std::string_view bytes) {
    auto made = detail::read_json<T>(bytes);
    if (made) return *std::move(made);
    return tl::unexpected(Failure(FailureKind::undecodable,
                                  "the stored bytes are no such " + std::string(kind) + " (" + made.error() + ")"));
  }
};

}  // namespace lantern
