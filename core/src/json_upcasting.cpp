#include "lantern/json_upcasting.hpp"

#include <boost/json/serialize.hpp>

#include "lantern/json_codec.hpp"

namespace lantern::detail {

tl::expected<boost::json::object, Failure> object_of(std::string_view payload) {
  auto value = parse_json(payload, {});
  if (!value)
    return tl::unexpected(Failure(FailureKind::undecodable, "the payload is no JSON (" + value.error() + ")"));
  if (!value->is_object()) return tl::unexpected(Failure(FailureKind::undecodable, "the payload is no JSON object"));
  return std::move(value->get_object());
}

std::string payload_of(const boost::json::object& object) { return boost::json::serialize(object); }

Failure other_version(const RecordedEvent& recorded, std::int32_t read) {
  return Failure(FailureKind::undecodable,
                 one_line(recorded.type) + " of schema version " + std::to_string(recorded.schema_version) +
                     " cannot be read as version " + std::to_string(read),
                 recorded.schema_version < read ? "add an upcaster for it" : "run the program that knows it");
}

}  // namespace lantern::detail
