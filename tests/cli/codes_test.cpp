// Exit codes that are hard to come by: several kinds of trouble at once, and a defect.
#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "child.hpp"

namespace {

std::string projection(const std::string& name, const std::string& setup, const std::string& statement) {
  return "-- projection: " + name + "\n-- version: 1\n-- setup\nCREATE TABLE " + name + " (x) ;\n" + setup +
         "-- on *\n" + statement + "\n";
}

void import_one(const std::string& store) {
  REQUIRE(lantern_run({"import", "--store", store}, {.input = R"({"stream":"s","type":"t","data":1})"}).code == 0);
}

auto lines_in(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE("a bad file (2) beside a store that is full (3): both are told, and the program ends with the lower code") {
  const TempFolder folder;
  import_one(folder / "s.db");
  write_file(folder / "bad.sql", projection("bad", "", "DELETE FROM nothing;"));
  write_file(folder / "big.sql",
             projection("big", "INSERT INTO big VALUES (zeroblob(30000000));\n", "DELETE FROM big;"));
  // No file may become larger than a few MB, which is as good as a full disk.
  const std::string run = "trap '' XFSZ; ulimit -f 8192; set +e; lantern run --store s.db ";
  const Ended both = run_script(run + "bad.sql big.sql; echo code $?", folder.path());
  CAPTURE(both.err);
  CHECK(both.out == "code 2\n");
  CHECK(lines_in(both.err) == 2);
  CHECK(both.err.find("lantern: bad.sql:6:") == 0);
  CHECK(both.err.find("s.db") != both.err.npos);
  const Ended full = run_script(run + "big.sql; echo code $?", folder.path());
  CHECK(full.out == "code 3\n");
  CHECK(lines_in(full.err) == 1);
  // Neither has left anything behind.
  CHECK(lantern_run({"status", "--store", folder / "s.db", "--json"}).out.find("\"projections\":[]") !=
        std::string::npos);
}

TEST_CASE(
    "an event that fails (1) beside another leader (4): both are told, and the program ends with the lower code") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  import_one(store);
  write_file(folder / "led.sql", projection("led", "", "INSERT INTO led VALUES (1);"));
  write_file(folder / "fails.sql", projection("fails", "", "INSERT INTO fails VALUES (json_extract('{', '$.a'));"));
  Child leader(lantern_words({"run", "--store", store, "--follow", "--json", folder / "led.sql"}));
  REQUIRE(leader.read_until("\"caught_up\""));
  for (const bool led_first : {true, false}) {
    std::vector<std::string> words{"run", "--store", store, folder / "fails.sql"};
    words.insert(led_first ? words.end() - 1 : words.end(), folder / "led.sql");
    const Ended ended = lantern_run(words);
    CAPTURE(ended.err);
    CHECK(ended.code == 1);
    CHECK(lines_in(ended.err) == 2);
    CHECK(ended.err.find(" leads") != ended.err.npos);
    CHECK(ended.err.find("malformed JSON") != ended.err.npos);
  }
}

// A sanitizer's shadow memory is far beyond any limit.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("what no code stands for ends with 70 and one line") {
  const TempFolder folder;
  write_file(folder / "long.ndjson", std::string(16u << 20, 'x'));
  // The line does not fit into the memory that the process may have.
  const Ended ended =
      run_script("ulimit -d 20480; set +e; lantern import --store s.db long.ndjson; echo code $?", folder.path());
  CHECK(ended.out == "code 70\n");
  CHECK(ended.err == "lantern: internal error (std::bad_alloc): please report it\n");
}
#endif
