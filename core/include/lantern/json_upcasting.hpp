// Upcasters for payloads that are JSON objects. Needs Boost.JSON.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>
#include <tl/expected.hpp>

#include "lantern/upcasting.hpp"

namespace lantern {
namespace detail {

/// The object that this payload is, and the payload that an object is.
[[nodiscard]] tl::expected<boost::json::object, Failure> object_of(std::string_view payload);
[[nodiscard]] std::string payload_of(const boost::json::object&);

}  // namespace detail

/// For `upcast`: `change` is given the payload as a boost::json::object& and brings it into the next shape. It may
/// throw, as `at` and `as_int64` of Boost.JSON do; nothing else is wrong with an event. A payload that is no JSON
/// object is FailureKind::undecodable.
///
///     upcast("Deposited", 1, json_upcast([](boost::json::object& payload) { payload["currency"] = "EUR"; }))
template <std::invocable<boost::json::object&> Change>
[[nodiscard]] auto json_upcast(Change change) {
  return [change = std::move(change)](std::string_view payload) mutable -> tl::expected<std::string, Failure> {
    auto object = detail::object_of(payload);
    if (!object) return tl::unexpected(std::move(object).error());
    change(*object);
    return detail::payload_of(*object);
  };
}

}  // namespace lantern
