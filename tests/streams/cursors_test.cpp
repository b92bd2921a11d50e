#include <rapidcheck.h>

#include "lantern/json_cursors.hpp"
#include "lantern/names.hpp"
#include "streams_world.hpp"

using namespace streams_world;

namespace {

constexpr StreamVersion at(std::int64_t version) { return StreamVersion{version}; }

}  // namespace

TEST_CASE("T8: a stream without a cursor is absent, which is not 0") {
  StreamCursors cursors;
  CHECK_FALSE(cursors.of("a"));
  CHECK(cursors.advance("a", at(0)));
  CHECK(cursors.of("a") == at(0));
  CHECK_FALSE(cursors == StreamCursors{});
}

TEST_CASE("T9: a cursor only rises") {
  rc::check([](const std::vector<std::pair<std::string, std::int64_t>>& steps) {
    StreamCursors cursors;
    std::map<std::string, std::int64_t> greatest;
    for (const auto& [stream, version] : steps) {
      const auto known = greatest.find(stream);
      const bool rises = known == greatest.end() || version > known->second;
      RC_ASSERT(cursors.advance(stream, at(version)) == rises);
      if (rises) greatest[stream] = version;
      RC_ASSERT(cursors.of(stream) == at(greatest[stream]));
    }
    RC_ASSERT(cursors.size() == greatest.size());
  });
}

TEST_CASE("selections: names, prefixes and categories are literal") {
  const auto named = StreamSelection::list({"b", "a", "b"});
  CHECK(named.names() == std::vector<std::string>{"a", "b"});
  CHECK((named.contains("a") && !named.contains("c") && named.prefix().empty()));
  CHECK(StreamSelection::list({"order-1", "order-22"}).prefix() == "order-");
  CHECK(StreamSelection::list({"order-1", "order-22"}).contains("order-22"));
  CHECK_FALSE(StreamSelection::list({"order-1", "order-22"}).contains("order-2"));
  CHECK_FALSE(StreamSelection::list({}).contains(""));
  const auto orders = StreamSelection::category("order");
  CHECK((orders.contains("order-1") && !orders.contains("order") && !orders.contains("orders-1")));
  CHECK((StreamSelection::category("a-b").contains("a-b-1") && !StreamSelection::category("a-b").contains("a-1")));
  CHECK(StreamSelection::all().contains("anything"));
}

TEST_CASE("T10: cursors go to JSON and back, and equal ones give equal texts") {
  const StreamCursors some{{"b", at(7)}, {"a\"\n", at(0)}, {"\xC3\xA4", at(9223372036854775807)}};
  CHECK(to_json(some) == "{\"cursors\":{\"a\\\"\\n\":0,\"b\":7,\"\xC3\xA4\":9223372036854775807}}");
  CHECK(to_json({}) == R"({"cursors":{}})");
  rc::check([](const std::map<std::string, std::uint32_t>& streams) {
    StreamCursors cursors, in_another_order;
    for (const auto& [stream, version] : streams) {
      if (is_utf8(stream)) cursors.advance(stream, at(version));
    }
    for (auto one = streams.rbegin(); one != streams.rend(); ++one) {
      if (is_utf8(one->first)) in_another_order.advance(one->first, at(one->second));
    }
    RC_ASSERT(to_json(cursors) == to_json(in_another_order));
    RC_ASSERT(cursors_from_json(to_json(cursors)) == cursors);
  });
}

TEST_CASE("T14: what is not a cursor is an error that says so") {
  for (const char* bad : {"", "{}", "[]", R"({"cursors":[]})", R"({"cursors":{"a":-1}})", R"({"cursors":{"a":1.5}})",
                          R"({"cursors":{"a":"1"}})", R"({"cursors":{"a":9223372036854775808}})",
                          R"({"cursors":{"a":1})", R"({"cursors":{},"more":1})", R"({"cursors":{"a":null}})"}) {
    const auto refused = cursors_from_json(bad);
    INFO(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == FailureKind::undecodable);
  }
}
