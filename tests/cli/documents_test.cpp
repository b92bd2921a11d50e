// What the help and the documents tell people to type works as it stands.
#include <algorithm>
#include <regex>
#include <string>

#include <catch2/catch.hpp>

#include "child.hpp"

TEST_CASE("the example in each help text works") {
  struct Verb {
    std::vector<std::string> words;
    std::string shows;
  };
  const Verb verbs[] = {
      {{"--help"}, "cart    items\n------  -----\ncart-1      1\n"},
      {{"import", "--help"}, "1 event imported, 0 already there, 0 bad lines put aside\n"},
      {{"run", "--help"}, "cart    items\n------  -----\ncart-1      1\n"},
      {{"rebuild", "--help"}, "carts: rebuilt as generation 2, caught up at position 1, 1 applied, "},
      {{"verify", "--help"}, "carts: what its events make: 1 row of 1 table, generation 1 at position 1, "},
      {{"query", "--help"}, "type       events\n---------  ------\nItemAdded       1\n"},
      {{"status", "--help"}, "the log ends at position 1; no projection has run yet\n"},
      {{"export", "--help"}, "1 event imported"},
  };
  for (const auto& [words, shows] : verbs) {
    const Ended help = lantern_run(words);
    REQUIRE(help.code == 0);
    CHECK(help.err == "");
    const std::string heading = "\nExample:\n";
    const std::size_t at = help.out.find(heading);
    REQUIRE(at != help.out.npos);
    const TempFolder folder;
    const Ended ended = run_script(help.out.substr(at + heading.size()), folder.path());
    CAPTURE(words, ended.out, ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.err == "");
    CHECK(ended.out.find(shows) != std::string::npos);
  }
  CHECK(lantern_run({"--version"}).out.find("lantern ") == 0);
}

namespace {

// Whether the text is what was printed, where `…` alone on a line stands for any number of lines, and `…` inside of a
// line for any text.
bool matches(std::string came, const std::string& printed) {
  std::string pattern;
  for (std::size_t begin = 0; begin < printed.size();) {
    const std::size_t stop = printed.find('\n', begin);
    const std::string line = printed.substr(begin, stop - begin);
    begin = stop + 1;
    if (line == "…") {
      pattern += "(.*\n)*";
      continue;
    }
    for (std::size_t c = 0; c < line.size(); ++c) {
      if (line.compare(c, 3, "…") == 0) pattern += "[^\n]*", c += 2;
      else if (std::string_view("\\^$.|?*+()[]{}").find(line[c]) != std::string_view::npos)
        (pattern += '\\') += line[c];
      else pattern += line[c];
    }
    pattern += '\n';
  }
  came.erase(std::remove(came.begin(), came.end(), '\r'), came.end());
  return std::regex_match(came, std::regex(pattern));
}

// Types the sessions of a page, but for those that begin with `leave_out`, all in one folder: the page is one story.
// Gives the number of commands.
//
// A session is a ```console block: lines after `$ ` (and their `> ` continuations) are typed, what follows them is what
// must come back.
std::size_t type_sessions(const std::string& file, const std::string& leave_out) {
  const std::string page = read_file(LANTERN_SOURCE + std::string("/") + file);
  const TempFolder folder;
  std::size_t commands = 0;
  for (std::size_t at = 0; (at = page.find("```console\n", at)) != page.npos;) {
    at += 11;
    if (!leave_out.empty() && page.compare(at + 2, leave_out.size(), leave_out) == 0) continue;
    const std::size_t end = page.find("\n```", at) + 1;
    std::string typed, expected;
    const auto run = [&] {
      if (typed.empty()) return;
      const Ended ended = run_script("exec 2>&1\nset +e\n" + typed + "\n", folder.path());
      CAPTURE(typed, expected, ended.out);
      CHECK(matches(ended.out, expected));
      ++commands;
      typed.clear();
      expected.clear();
    };
    while (at < end) {
      const std::size_t stop = page.find('\n', at);
      const std::string line = page.substr(at, stop - at);
      at = stop + 1;
      if (line.starts_with("$ ")) {
        run();
        typed = line.substr(2);
      } else if (line.starts_with("> ") && expected.empty()) {
        typed += "\n" + line.substr(2);
      } else {
        expected += line + "\n";
      }
    }
    run();
  }
  return commands;
}

}  // namespace

TEST_CASE("the sessions in docs/cli.md go as they are printed") { CHECK(type_sessions("docs/cli.md", "") > 10); }

// The demo's own is for tests/examples/demo_test.cpp.
TEST_CASE("the session in README.md goes as it is printed") { CHECK(type_sessions("README.md", "./dev ") == 5); }
