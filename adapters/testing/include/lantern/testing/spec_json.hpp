// Typed events in `given` and `when`: structs that Boost.Describe knows, written as JSON. Needs Boost.JSON, so link
// lantern::json beside lantern::testing.
#pragma once

#include <boost/describe/class.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include "lantern/json_codec.hpp"
#include "lantern/testing/spec.hpp"

namespace lantern::testing {

/// An event that a JsonCodec decodes, in a stream `spec`; of schema version 1, or of the `schema_version` that it says.
template <class E>
requires requires { std::string_view(E::event_type); }
struct SpecEvent<E> {
  static NewEvent write(const E& event) {
    NewEvent made;
    made.stream = "spec";
    made.type = std::string(std::string_view(E::event_type));
    if constexpr (lantern::detail::SaysItsVersion<E>) made.schema_version = E::schema_version;
    made.data = boost::json::serialize(boost::json::value_from(event));
    return made;
  }
};

}  // namespace lantern::testing
