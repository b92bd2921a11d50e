// Upcasters: what chains are, which are none, and what they make of an event.
#include "lantern/upcasting.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "lantern/json_upcasting.hpp"

using namespace lantern;

namespace {

const auto add = [](std::string text) {
  return [text](std::string_view payload) { return std::string(payload) + text; };
};

RecordedEvent event(std::string_view type, std::int32_t version, std::string_view data = "p") {
  return {.position = Position{7}, .stream = "s", .version = 3, .type = type, .schema_version = version, .data = data};
}

Upcasters good(std::vector<UpcastStep> steps, std::vector<EventVersions> versions = {}) {
  auto made = Upcasters::of(std::move(steps), std::move(versions));
  REQUIRE(made);
  return *std::move(made);
}
std::string why(std::vector<UpcastStep> steps, std::vector<EventVersions> versions = {}) {
  const auto made = Upcasters::of(std::move(steps), std::move(versions));
  REQUIRE_FALSE(made);
  CHECK(made.error().kind == FailureKind::invalid);
  CHECK_FALSE(made.error().advice.empty());
  return made.error().what;
}

std::string shown(const tl::expected<Upcasted, Failure>& made) {
  if (!made) return to_string(made.error());
  const RecordedEvent& now = made->event();
  return std::string(now.type) + " " + std::to_string(now.schema_version) + " " + std::string(now.data);
}

}  // namespace

TEST_CASE("upcasting: an event goes through all steps from its version on, in order, and nothing else of it changes") {
  const Upcasters chain = good({upcast("A", 2, add("3")), upcast("A", 1, add("2"))});
  CHECK(shown(chain.upcast(event("A", 1))) == "A 3 p23");
  CHECK(shown(chain.upcast(event("A", 2))) == "A 3 p3");
  CHECK(shown(chain.upcast(event("A", 3))) == "A 3 p");
  CHECK(shown(chain.upcast(event("Other", 9))) == "Other 9 p");
  CHECK_FALSE(chain.is_current(event("A", 1)));
  CHECK(chain.is_current(event("A", 3)));
  CHECK(chain.is_current(event("Other", 9)));
  const RecordedEvent old = event("A", 1);
  auto made = chain.upcast(old);
  const Upcasted moved = *std::move(made);
  RecordedEvent expected = old;
  expected.schema_version = 3;
  expected.data = "p23";
  CHECK(moved.event() == expected);
}

TEST_CASE("upcasting: a step may give the event another type, whose own steps it then goes through") {
  const Upcasters chain = good({upcast({"Opened", 1}, {"Account", 1}, same_payload), upcast("Account", 1, add("2")),
                                upcast("Gone", 1, add("x"))});
  CHECK(shown(chain.upcast(event("Opened", 1))) == "Account 2 p2");
  CHECK_FALSE(chain.is_current(event("Opened", 1)));
  CHECK(chain.with_older({"Account"}) == std::vector<std::string>{"Account", "Opened"});
  CHECK(chain.with_older({"Opened", "Other"}) == std::vector<std::string>{"Opened", "Other"});
  // A type of which only an older version became another.
  const Upcasters split =
      good({upcast({"Moved", 1}, {"Deposited", 1}, same_payload)}, {{"Moved", 2}, {"Deposited", 1}});
  CHECK(shown(split.upcast(event("Moved", 1))) == "Deposited 1 p");
  CHECK(split.is_current(event("Moved", 2)));
}

TEST_CASE("upcasting: no two names of types are taken for each other, not even for none") {
  const std::vector<std::string> names = {"",    "A",   "B",           "AB",          "BA",
                                          "ABC", "ACB", "a long name", "a lung name", "a long nome"};
  std::vector<UpcastStep> steps;
  for (std::size_t i = 0; i < names.size(); i += 2) steps.push_back(upcast(names[i], 1, add(std::to_string(i))));
  for (const Upcasters& chain : {good({upcast("A", 1, add("0"))}), good(steps)}) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      INFO("'" << names[i] << "'");
      const bool known = chain.newest(names[i]).has_value();
      CHECK(chain.is_current(event(names[i], 1)) == !known);
      const std::string made = names[i] + (known ? " 2 p" : " 1 p");
      CHECK_THAT(shown(chain.upcast(event(names[i], 1))), Catch::StartsWith(made));
    }
  }
  const Upcasters chain = good(steps);
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(chain.newest(names[i]).has_value() == (i % 2 == 0));
  CHECK(shown(chain.upcast(event("", 1))) == " 2 p0");
}

TEST_CASE("upcasting: none at all, and none for a type, is as recorded") {
  const Upcasters none;
  CHECK(none.is_current(event("A", 5)));
  CHECK(shown(none.upcast(event("A", 5))) == "A 5 p");
  CHECK(none.with_older({"A"}) == std::vector<std::string>{"A"});
  CHECK_FALSE(none.newest("A"));
  CHECK(good({}).is_current(event("A", 5)));
}

TEST_CASE("upcasting: what is no chain is refused when it is made, and says what is missing") {
  CHECK(why({upcast("A", 1, add("")), upcast("A", 3, add(""))}) ==
        "upcasters: no step leads on from A version 2, and the newest is version 4");
  CHECK(why({upcast("A", 2, add(""))}) == "upcasters: no step leads on from A version 1, and the newest is version 3");
  CHECK(why({upcast("A", 1, add(""))}, {{"A", 3}}) ==
        "upcasters: no step leads on from A version 2, and the newest is version 3");
  CHECK(why({}, {{"A", 2}}) == "upcasters: no step leads on from A version 1, and the newest is version 2");
  CHECK(why({upcast({"B", 1}, {"A", 1000000000}, same_payload)}) ==
        "upcasters: no step leads on from A version 1, and the newest is version 1000000000");
  CHECK(why({upcast("A", 1, add("")), upcast("A", 1, add(""))}) == "upcasters: two steps lead on from A version 1");
  CHECK(why({upcast("A", 1, add("")), upcast("A", 2, add(""))}, {{"A", 2}}) ==
        "upcasters: a step names A version 3, but its versions are said to go from 1 to 2");
  CHECK(why({upcast("A", 1, add("")), upcast("A", 2, add(""))}, {{"A", 3, 2}}) ==
        "upcasters: a step names A version 1, but its versions are said to go from 2 to 3");
  CHECK(why({upcast("A", 0, add(""))}) == "upcasters: a step names A version 0");
  CHECK(why({}, {{"A", 1}, {"A", 1}}) == "upcasters: the versions of A are said twice");
  CHECK(why({}, {{"A", 1, 0}}) == "upcasters: the versions of A go from 0 to 1");
  CHECK(why({}, {{"A", 1, 2}}) == "upcasters: the versions of A go from 2 to 1");
  CHECK(why({UpcastStep{{"A", 1}, {"A", 2}, {}}}) == "upcasters: the step from A version 1 has no function");
  CHECK(good({upcast("A", 2, add(""))}, {{"A", 3, 2}}).newest("A") == 3);
}

TEST_CASE("upcasting: steps that go in a circle are refused, however long it is") {
  CHECK(why({upcast({"A", 1}, {"A", 1}, same_payload)}) ==
        "upcasters: the steps go in a circle: A version 1, A version 1");
  CHECK(why({upcast({"A", 1}, {"B", 1}, same_payload), upcast({"B", 1}, {"A", 1}, same_payload)}) ==
        "upcasters: the steps go in a circle: A version 1, B version 1, A version 1");
  CHECK(why({upcast({"Z", 1}, {"B", 1}, same_payload), upcast({"B", 1}, {"B", 2}, same_payload),
             upcast({"B", 2}, {"C", 1}, same_payload), upcast({"C", 1}, {"B", 1}, same_payload)}) ==
        "upcasters: the steps go in a circle: B version 1, B version 2, C version 1, B version 1");
}

TEST_CASE("upcasting: a step that fails or throws, and a version that nobody knows, are that event's failure") {
  const Upcasters chain = good(
      {
          upcast("A", 1, [](std::string_view) -> std::string { throw std::runtime_error("boom"); }),
          upcast("A", 2,
                 [](std::string_view) -> tl::expected<std::string, Failure> {
                   return tl::unexpected(Failure(FailureKind::busy, "no way", "do this"));
                 }),
          upcast("A", 3,
                 [](const RecordedEvent& e) -> tl::expected<std::string, const char*> {
                   if (e.data == "bad") return tl::unexpected<const char*>("bad payload");
                   return std::string(e.stream);
                 }),
          upcast("B", 2, add("")),
          upcast("A", 4, [](std::string_view) -> std::string { throw 7; }),
      },
      {{"B", 3, 2}});
  const auto failure = [&](const RecordedEvent& e) {
    const auto made = chain.upcast(e);
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == FailureKind::undecodable);
    return to_string(made.error());
  };
  CHECK(failure(event("A", 1)) == "the upcaster from A version 1 to A version 2 failed: boom");
  CHECK(failure(event("A", 2)) == "the upcaster from A version 2 to A version 3 failed: no way: do this");
  CHECK(failure(event("A", 3, "bad")) == "the upcaster from A version 3 to A version 4 failed: bad payload");
  CHECK(failure(event("A", 4)) ==
        "the upcaster from A version 4 to A version 5 failed: an exception that is not a std::exception");
  CHECK(failure(event("A", 6)) ==
        "A of schema version 6 cannot be read: the newest that this program knows is version 5: run the program that "
        "knows it, or add the version");
  CHECK(failure(event("B", 1)) ==
        "B of schema version 1 cannot be read: the oldest that this program knows is version 2: add a step for it");
  CHECK_FALSE(failure(event("A", 0)).empty());
  CHECK_FALSE(failure(event("A", std::numeric_limits<std::int32_t>::min())).empty());
  CHECK_FALSE(failure(event("A", std::numeric_limits<std::int32_t>::max())).empty());
}

TEST_CASE("upcasting: JSON payloads are changed as objects") {
  const Upcasters chain = good({
      upcast("A", 1, json_upcast([](boost::json::object& payload) { payload["currency"] = "EUR"; })),
      upcast("A", 2, json_upcast([](boost::json::object& payload) {
               payload["cents"] = payload.at("euros").as_int64() * 100;
               payload.erase("euros");
             })),
  });
  CHECK(shown(chain.upcast(event("A", 1, R"({"euros":3})"))) == R"(A 3 {"cents":300,"currency":"EUR"})");
  CHECK_FALSE(chain.upcast(event("A", 1, R"({"x":3})")));
  CHECK_THAT(shown(chain.upcast(event("A", 1, "nonsense"))), Catch::Contains("the payload is no JSON ("));
  CHECK_THAT(shown(chain.upcast(event("A", 1, "[]"))), Catch::Contains("the payload is no JSON object"));
}

TEST_CASE("upcasting: a shape prints as its type and version, on one line") {
  std::ostringstream out;
  out << EventShape{"A\nB", 2};
  CHECK(out.str() == "A\\nB version 2");
}
