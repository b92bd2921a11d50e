// `lantern import`, as a user meets it.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "child.hpp"

namespace {

const std::string one = R"({"stream":"s","type":"t","data":1})";
const std::string two =
    R"({"stream":"s","type":"t","data":2,"id":"two","ts":"2024-05-01T10:00:00Z","meta":{"by":"me"}})";

// The log as one text: what an operator would see of it, in order.
std::string log_of(const std::string& store) {
  const Ended ended = lantern_run({"query", "--store", store, "--csv",
                                   "SELECT position, stream, version, type, data, meta FROM lantern_events "
                                   "ORDER BY position"});
  REQUIRE(ended.err == "");
  return ended.out;
}
const std::string header = "position,stream,version,type,data,meta\r\n";

std::string many_lines(int count, int from = 0) {
  std::ostringstream text;
  for (int at = from; at < from + count; ++at) {
    text << R"({"stream":"s-)" << at % 17 << R"(","type":"Counted","data":{"n":)" << at << "}}\n";
  }
  return std::move(text).str();
}

}  // namespace

TEST_CASE("importing a file twice adds nothing the second time") {
  const TempFolder folder;
  write_file(folder / "log.ndjson", one + "\n\n  \t\n" + one + "\n" + two + "\n");
  const auto import = [&] { return lantern_run({"import", "--store", folder / "s.db", folder / "log.ndjson"}); };
  Ended first = import();
  CHECK(first.err == "");
  CHECK(first.out == "3 events imported, 0 already there, 0 bad lines put aside\n");
  CHECK(first.code == 0);
  const std::string log = log_of(folder / "s.db");
  CHECK(log == header + "1,s,1,t,1,\r\n2,s,2,t,1,\r\n3,s,3,t,2,\"{\"\"by\"\":\"\"me\"\"}\"\r\n");
  Ended second = import();
  CHECK(second.out == "0 events imported, 3 already there, 0 bad lines put aside\n");
  CHECK(second.code == 0);
  CHECK(log_of(folder / "s.db") == log);
  // A log that has grown: only its new lines are added.
  write_file(folder / "log.ndjson", one + "\n\n  \t\n" + one + "\n" + two + "\n" + one);
  CHECK(import().out == "1 event imported, 3 already there, 0 bad lines put aside\n");
}

TEST_CASE("nothing of a file with a bad line is imported, and every bad line is told with its place") {
  const TempFolder folder;
  write_file(folder / "log.ndjson", one + "\n{\"stream\":7}\n" + one + "\nnot json\n" + two + "\n");
  const std::string file = folder / "log.ndjson";
  const Ended ended = lantern_run({"import", "--store", folder / "s.db", file});
  CHECK(ended.code == 2);
  CHECK(ended.out == "");
  CHECK(ended.err == file + ":2:11: \"stream\" must be a string\n" + file +
                         ":4:1: an event is a JSON object, {\"stream\":…,\"type\":…,\"data\":…}; here there is 'n'\n" +
                         "lantern: " + file +
                         ": 2 bad lines of 5; nothing was imported: mend them, or put them aside with --skip-bad "
                         "FILE\n");
  CHECK_FALSE(std::filesystem::exists(folder / "s.db"));
}

TEST_CASE("JSON of another shape is refused with what makes it one object a line") {
  const TempFolder folder;
  const auto refusal = [&](const std::string& text) {
    const Ended ended = lantern_run({"import", "--store", folder / "s.db", "-"}, {.input = text});
    CHECK(ended.code == 2);
    return ended.err.substr(ended.err.rfind("lantern: "));
  };
  CHECK(refusal("[" + one + "]\n") ==
        "lantern: <stdin>: 1 bad line of 1; nothing was imported: an array becomes one object a line with jq -c '.[]' "
        "FILE\n");
  CHECK(refusal("  {  \n\"stream\":1}\n") ==
        "lantern: <stdin>: 2 bad lines of 2; nothing was imported: an object of several lines becomes one line with "
        "jq -c . FILE\n");
  CHECK(refusal(one + "\n[]\n") ==
        "lantern: <stdin>: 1 bad line of 2; nothing was imported: mend it, or put it aside with --skip-bad FILE\n");
  CHECK(refusal("{\"stream\":1\n").find("mend it") != std::string::npos);
}

TEST_CASE("of many bad lines the first twenty are told, and the rest are counted") {
  const TempFolder folder;
  std::string text;
  for (int line = 0; line < 1234; ++line) text += "[]\n";
  const Ended ended = lantern_run({"import", "--store", folder / "s.db", "-"}, {.input = text});
  CHECK(ended.code == 2);
  CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 22);
  CHECK(ended.err.find("<stdin>:20:1:") != ended.err.npos);
  CHECK(ended.err.find("<stdin>:21:1:") == ended.err.npos);
  CHECK(ended.err.find("<stdin>: and 1,214 more bad lines\n") != ended.err.npos);
}

TEST_CASE("import --skip-bad puts bad lines aside byte for byte, and imports the others") {
  const TempFolder folder;
  const std::string bad = "{\"stream\":\"s\",\"x\xFF\":1}";
  const Ended ended = lantern_run({"import", "--store", folder / "s.db", "--skip-bad", folder / "bad", "-"},
                                  {.input = one + "\n" + bad + "\r\n" + two + "\noops"});
  CHECK(ended.code == 0);
  CHECK(ended.out == "2 events imported, 0 already there, 2 bad lines put aside\n");
  CHECK(ended.err.find("<stdin>:2:17: not JSON") == 0);
  CHECK(read_file(folder / "bad") == bad + "\r\noops\n");
  CHECK(log_of(folder / "s.db") == header + "1,s,1,t,1,\r\n2,s,2,t,2,\"{\"\"by\"\":\"\"me\"\"}\"\r\n");
  // Lines that were put aside are never overwritten.
  const Ended again =
      lantern_run({"import", "--store", folder / "s.db", "--skip-bad", folder / "bad", "-"}, {.input = one});
  CHECK(again.code == 2);
  CHECK(again.err == "lantern: " + (folder / "bad") +
                         ": has other lines in it already, and is left as it was: name a new file after --skip-bad, "
                         "and import again, which adds only what is missing\n");
  CHECK(read_file(folder / "bad") == bad + "\r\noops\n");
  // The same import again finds its own lines there; those of a log that has grown are added.
  const auto grown = [&](const std::string& text) {
    return lantern_run({"import", "--store", folder / "s.db", "--skip-bad", folder / "bad", "-"}, {.input = text}).code;
  };
  CHECK(grown(one + "\n" + bad + "\r\n" + two + "\noops\n") == 0);
  CHECK(read_file(folder / "bad") == bad + "\r\noops\n");
  CHECK(grown(one + "\n" + bad + "\r\n" + two + "\noops\nmore\n") == 0);
  CHECK(read_file(folder / "bad") == bad + "\r\noops\nmore\n");
}

TEST_CASE("an id that another event has is a bad line too") {
  const TempFolder folder;
  const std::string other = R"({"stream":"s","type":"t","data":3,"id":"two"})";
  const auto import = [&](std::vector<std::string> more, const std::string& text) {
    std::vector<std::string> words{"import", "--store", folder / "s.db"};
    words.insert(words.end(), more.begin(), more.end());
    return lantern_run(words, {.input = text});
  };
  REQUIRE(import({}, two).code == 0);
  const Ended refused = import({}, one + "\n" + other + "\n");
  CHECK(refused.code == 2);
  CHECK(refused.err.find("<stdin>:2:1: the id \"two\" is taken by another event, at position 1\n") == 0);
  const Ended skipped = import({"--skip-bad", folder / "bad"}, one + "\n" + other + "\n" + one + "\n");
  CHECK(skipped.code == 0);
  CHECK(skipped.out == "2 events imported, 0 already there, 1 bad line put aside\n");
  CHECK(read_file(folder / "bad") == other + "\n");
  // Two lines of one file.
  const Ended twins = import({}, R"({"stream":"q","type":"t","data":1,"id":"x"})"
                                 "\n"
                                 R"({"stream":"q","type":"t","data":2,"id":"x"})"
                                 "\n");
  CHECK(twins.code == 2);
  CHECK(twins.err.find("<stdin>:2:1: the id \"x\" is taken by another event, on an earlier line\n") == 0);
}

TEST_CASE("import --dry-run checks everything, changes nothing, and says that it does not look into the store") {
  const TempFolder folder;
  const std::string unseen =
      "the store was not looked into: what is there already would be passed over, and an id that another event has "
      "would be a bad line\n";
  const Ended good = lantern_run({"import", "--store", folder / "s.db", "--dry-run"}, {.input = one + "\n" + two});
  CHECK(good.code == 0);
  CHECK(good.out == "2 events would be imported, 0 bad lines; " + unseen);
  const Ended bad = lantern_run({"import", "--store", folder / "s.db", "--dry-run"}, {.input = one + "\n7\n"});
  CHECK(bad.code == 2);
  CHECK(bad.err.find("1 bad line of 2; nothing was imported") != bad.err.npos);
  const Ended skipped = lantern_run({"import", "--store", folder / "s.db", "--dry-run", "--skip-bad", folder / "bad"},
                                    {.input = one + "\n7\n"});
  CHECK(skipped.code == 0);
  CHECK(skipped.out == "1 event would be imported, 1 bad line would be put aside; " + unseen);
  CHECK_FALSE(std::filesystem::exists(folder / "s.db"));
  CHECK_FALSE(std::filesystem::exists(folder / "bad"));
}

TEST_CASE("line ends, a byte order mark, empty input and a missing last line end are no trouble") {
  const TempFolder folder;
  const auto imported = [&](const std::string& text) {
    const Ended ended = lantern_run({"import", "--store", folder / "s.db", "-"}, {.input = text});
    return ended.out.substr(0, ended.out.find(' '));
  };
  CHECK(imported("") == "0");
  CHECK(imported("\n\r\n") == "0");
  CHECK(imported("\xEF\xBB\xBF" + one + "\r\n" + one) == "2");
  // The same events, in the file of another system: the line end is no part of a line.
  CHECK(imported(one + "\n" + one + "\n") == "0");
}

TEST_CASE("a line of more than 16 MiB is a bad line, put aside whole") {
  const TempFolder folder;
  const std::string filling((16u << 20) - one.size(), 'x');
  const std::string longest = R"({"stream":"s","type":"t","data":")" + filling;
  const std::string fits = longest.substr(0, (16u << 20) - 2) + "\"}";
  const std::string too_long = longest + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}";
  const Ended ended = lantern_run({"import", "--store", folder / "s.db", "--skip-bad", folder / "bad", "-"},
                                  {.input = fits + "\n" + too_long + "\n" + one + "\n"});
  CHECK(ended.code == 0);
  CHECK(ended.err == "<stdin>:2:16777217: the line is longer than 16 MiB\n");
  CHECK(ended.out == "2 events imported, 0 already there, 1 bad line put aside\n");
  CHECK((read_file(folder / "bad") == too_long + "\n"));
}

TEST_CASE("files of other kinds are refused with what to type instead") {
  const TempFolder folder;
  const auto refusal = [&](std::string_view bytes) {
    write_file(folder / "file", bytes);
    const Ended ended = lantern_run({"import", "--store", folder / "s.db", folder / "file"});
    CHECK(ended.code == 2);
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
    return ended.err;
  };
  CHECK(refusal("\x1f\x8b\x08\n") ==
        "lantern: " + (folder / "file") + ": is compressed with gzip: zcat FILE | lantern import --store STORE -\n");
  CHECK(refusal("\xFF\xFE{\0").find("UTF-16") != std::string::npos);
  CHECK(refusal("PK\x03\x04").find("zip") != std::string::npos);
  CHECK(lantern_run({"import", "--store", folder / "s.db", folder.path()}).code == 2);
  CHECK(lantern_run({"import", "--store", folder / "s.db", folder / "nowhere"}).code == 2);
}

TEST_CASE("an import that was killed half-way is completed by importing again") {
  const TempFolder folder;
  const std::string text = many_lines(60000);
  write_file(folder / "log.ndjson", text);
  const auto words = lantern_words({"import", "--store", folder / "s.db", folder / "log.ndjson"});
  {
    Child child(words);
    // Once the first batch is in the file, the second is under way.
    while (
        lantern_run({"query", "--store", folder / "s.db", "--csv", "SELECT max(position) FROM lantern_events"}).code !=
            0 ||
        lantern_run({"query", "--store", folder / "s.db", "--csv", "SELECT count(*) FROM lantern_events"}).out ==
            "count(*)\r\n0\r\n") {
      REQUIRE_FALSE(child.ends_within(std::chrono::milliseconds(0)));
    }
    child.send(SIGKILL);
    CHECK(child.wait().signal == SIGKILL);
  }
  const Ended again = run_command(words);
  CHECK(again.code == 0);
  const Ended whole = lantern_run({"import", "--store", folder / "whole.db", folder / "log.ndjson"});
  CHECK(whole.out == "60,000 events imported, 0 already there, 0 bad lines put aside\n");
  CHECK((log_of(folder / "s.db") == log_of(folder / "whole.db")));
}

TEST_CASE("events without an id that come again are told of, and added with --as-new") {
  const TempFolder folder;
  const auto import = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"import", "--store", folder / "s.db"};
    words.insert(words.end(), more.begin(), more.end());
    return lantern_run(words, {.input = one + "\n"});
  };
  CHECK(import({}).err == "");
  const Ended again = import({});
  CHECK(again.code == 0);
  CHECK(again.err ==
        "<stdin>: 1 line without an id taken for a repeated import, not for new events: --as-new, or an \"id\" in each "
        "line, changes that\n");
  for (int round = 0; round < 2; ++round) {
    const Ended added = import({"--as-new"});
    CHECK(added.err == "");
    CHECK(added.out == "1 event imported, 0 already there, 0 bad lines put aside\n");
  }
  CHECK(lantern_run({"query", "--store", folder / "s.db", "--csv", "SELECT count(*), count(id) FROM lantern_events"})
            .out == "count(*),count(id)\r\n3,1\r\n");
}

TEST_CASE("an import whose summary cannot be written says so") {
  const TempFolder folder;
  write_file(folder / "log.ndjson", two + "\n");
  const Ended ended =
      run_script("lantern import --store s.db log.ndjson > /dev/full || echo code $? >&2", folder.path());
  CHECK(ended.err.find("cannot write to standard output") != ended.err.npos);
  CHECK(ended.err.find("code 3\n") != ended.err.npos);
}

// A sanitizer's shadow memory is far beyond any limit.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("memory does not grow with the input") {
  const TempFolder folder;
  std::string text;
  for (int line = 0; line < 30'000; ++line) {
    text += R"({"stream":"s","type":"t","data":{"n":)" + std::to_string(line) + R"(,"filling":")" +
            std::string(2000, 'x') + "\"}}\n";
  }
  write_file(folder / "large.ndjson", text);
  // 60 MB through a process that may hold 32 MiB; and again through a pipe, which is copied to a file.
  const Ended file = run_script("ulimit -d 32768; lantern import --store a.db large.ndjson", folder.path());
  CHECK(file.err == "");
  CHECK(file.out == "30,000 events imported, 0 already there, 0 bad lines put aside\n");
  const Ended pipe = run_script("ulimit -d 32768; cat large.ndjson | lantern import --store a.db -", folder.path());
  CHECK(pipe.err.find("<stdin>: 30,000 lines without an id taken for a repeated import") == 0);
  CHECK(pipe.out == "0 events imported, 30,000 already there, 0 bad lines put aside\n");
  const Ended back = run_script("ulimit -d 32768; lantern export --store a.db | wc -l", folder.path());
  CHECK(back.err == "");
  CHECK(back.out == "30000\n");
}
#endif
