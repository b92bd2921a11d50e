#include "lantern/json_cursors.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "lantern/json_codec.hpp"

namespace lantern {
namespace {

namespace json = boost::json;

tl::unexpected<Failure> undecodable(std::string what) {
  return tl::unexpected(Failure(FailureKind::undecodable, "these are no cursors: " + std::move(what),
                                R"(give them as {"cursors":{"stream":version}})"));
}

}  // namespace

std::string to_json(const StreamCursors& cursors) {
  json::object of_streams;
  of_streams.reserve(cursors.size());
  for (const auto& [stream, version] : cursors) of_streams.emplace(stream, version.value);
  return json::serialize(json::object{{"cursors", std::move(of_streams)}});
}

tl::expected<StreamCursors, Failure> cursors_from_json(std::string_view text) {
  const auto parsed = detail::parse_json(text, {});
  if (!parsed) return undecodable(parsed.error());
  const auto* outer = parsed->if_object();
  const auto* found = outer && outer->size() == 1 ? outer->if_contains("cursors") : nullptr;
  const auto* streams = found ? found->if_object() : nullptr;
  if (!streams) return undecodable("not one object `cursors`");
  StreamCursors cursors;
  for (const auto& [stream, version] : *streams) {
    const std::int64_t* const number = version.if_int64();
    if (!number || *number < 0) {
      return undecodable("the version of stream '" + std::string(stream) + "' is " + json::serialize(version));
    }
    cursors.advance(std::string_view(stream.data(), stream.size()), StreamVersion{*number});
  }
  return cursors;
}

}  // namespace lantern
