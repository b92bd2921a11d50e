// `lantern export`: what was imported comes out again.
#include <algorithm>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "child.hpp"
#include "json_text.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "steps.hpp"

using namespace lantern;

namespace {

std::string exported(const std::string& store, std::vector<std::string> more = {}) {
  std::vector<std::string> words{"export", "--store", store};
  words.insert(words.end(), more.begin(), more.end());
  const Ended ended = lantern_run(words);
  REQUIRE(ended.err == "");
  REQUIRE(ended.code == 0);
  return ended.out;
}

std::vector<NewEvent> all_of(const std::string& file) {
  const auto store = SqliteStore::open(file, {.access = StoreAccess::read_only});
  REQUIRE(store);
  const auto page = store->perform(ReadEvents{.limit = 100000});
  REQUIRE(page);
  std::vector<NewEvent> events;
  for (const auto& event : page->events()) {
    events.push_back({std::string(event.stream), std::string(event.type), std::string(event.data),
                      std::string(event.id), std::string(event.meta), std::string(event.ts), event.schema_version});
  }
  return events;
}

}  // namespace

TEST_CASE("importing what was exported reproduces the log, whatever is in it") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  const std::string pieces[] = {"a",    "%", "_",  "\"", "\\", "\n", "\t",    "\x01",
                                "\x7f", "é", "日", "😀",  "/",  " ",  "\u2028"};
  const auto text = [&] {
    std::string made = "x";
    for (std::size_t left = below(8); left > 0; --left) made += pieces[below(std::size(pieces))];
    return made;
  };
  const auto value = [&]() -> std::string {
    std::string made;
    switch (below(5)) {
      case 0: return "{ \"a\" : [1.0, 2e5,-0 ] }";
      case 1: return "null";
      case 2: return "[]";
      case 3: return "1.000000000000000000000000001";
      default: cli::append_json_string(made, text()); return made;
    }
  };
  const TempFolder folder;
  {
    auto store = SqliteStore::open(folder / "one.db");
    REQUIRE(store);
    std::vector<NewEvent> events;
    for (int at = 0; at < 500; ++at) {
      NewEvent event{.stream = text(), .type = text(), .data = value(), .id = "id " + std::to_string(at) + text()};
      if (below(2)) event.meta = value();
      if (below(2)) event.ts = "2024-0" + std::to_string(1 + below(9)) + "-01T10:00:00.123456789+05:30";
      if (below(4) == 0) event.schema_version = 2;
      events.push_back(event);
    }
    REQUIRE(store->append(events));
  }
  const std::string lines = exported(folder / "one.db");
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 500);
  import_lines(folder / "two.db", lines);
  CHECK((all_of(folder / "one.db") == all_of(folder / "two.db")));
  CHECK((exported(folder / "two.db") == lines));
  // Into the log that it came from it adds nothing.
  const Ended again = lantern_run({"import", "--store", folder / "one.db", "-"}, {.input = lines});
  CHECK(again.out == "0 events imported, 500 already there, 0 bad lines put aside\n");
}

TEST_CASE("a part of the log can be chosen, by position and by the beginning of the stream's name, literally") {
  const TempFolder folder;
  std::string text;
  for (const std::string stream : {"a-1", "a%1", "A-1", "a-2", "b"}) {
    text += R"({"stream":")" + stream + R"(","type":"t","data":0,"id":")" + stream +
            R"(","ts":"2024-05-01T10:00:00Z"})"
            "\n";
  }
  import_lines(folder / "s.db", text);
  const auto streams = [&](std::vector<std::string> more) {
    std::string found;
    const std::string out = exported(folder / "s.db", std::move(more));
    for (std::size_t at = 0; (at = out.find("{\"stream\":\"", at)) != out.npos;) {
      at += 11;
      found += (found.empty() ? "" : " ") + out.substr(at, out.find('"', at) - at);
    }
    return found;
  };
  CHECK(exported(folder / "s.db") == text);
  CHECK(streams({"--stream", "a-"}) == "a-1 a-2");
  CHECK(streams({"--stream", "a%"}) == "a%1");
  CHECK(streams({"--from", "4"}) == "a-2 b");
  CHECK(streams({"--from", "2", "--to", "3"}) == "a%1 A-1");
  CHECK(streams({"--from", "1", "--to", "9223372036854775807"}) == "a-1 a%1 A-1 a-2 b");
  CHECK(streams({"--from", "9223372036854775807"}) == "");
  const Ended backwards = lantern_run({"export", "--store", folder / "s.db", "--from", "5", "--to", "2"});
  CHECK(backwards.code == 2);
  CHECK(backwards.err == "lantern: --from 5 lies behind --to 2: give the lower position to --from\n");
  CHECK(streams({"--from", "3", "--stream", "a-"}) == "a-2");
}

TEST_CASE("a payload over several lines becomes one line, and one that is no JSON ends the export with its place") {
  const TempFolder folder;
  {
    auto store = SqliteStore::open(folder / "s.db");
    REQUIRE(store);
    REQUIRE(store->append(
        {NewEvent{.stream = "s", .type = "t", .data = "{\r\n  \"a\": 1\n}", .id = "1", .ts = "2024-05-01T10:00:00Z"},
         NewEvent{.stream = "s", .type = "t", .data = "\x01binary", .id = "2"}}));
  }
  const Ended ended = lantern_run({"export", "--store", folder / "s.db"});
  CHECK(ended.code == 3);
  CHECK(ended.out == R"({"stream":"s","type":"t","data":{    "a": 1 },"id":"1","ts":"2024-05-01T10:00:00Z"})"
                     "\n");
  CHECK(ended.err ==
        "lantern: the payload of the event at position 2 is not JSON (stream s, type t): the export ends "
        "before it; go on behind it with --from 3\n");
}
