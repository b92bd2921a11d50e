#include "coverage/gaps.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace lantern::coverage;
using Catch::Matchers::Contains;

namespace {

const std::string source = R"(int f(bool a, bool b) {
  if (a && b) {
    return 1;
  }
  return 2;
}
)";

// As llvm-cov writes it: regions are [from, to, count, file, expanded file, kind], branches [from, to, true, false, …].
std::string exported(const std::string& inner_count, const std::string& b_ways, const std::string& shown) {
  return R"({"data": [{
    "functions": [{"filenames": ["/top/f.cpp"], "regions": [[1, 23, 6, 2, 5, 0, 0, 0], [2, 15, 4, 4, )" +
         inner_count + R"(, 0, 0, 0]]}],
    "files": [{"filename": "/top/f.cpp",
    "branches": [[2, 7, 2, 8, 3, 2, 0, 0, 6], [2, 12, 2, 13, )" +
         b_ways + R"(, 0, 0, 6]],
    "mcdc_records": [[2, 7, 2, 13, 0, 5, )" +
         shown + "]]}]}]}";
}

Findings gaps_of(const std::vector<std::string>& exports, const std::string& text = source) {
  SeenFiles files;
  for (const std::string& json : exports) add_export(files, json);
  return look_for_gaps("f.cpp", files.at("/top/f.cpp"), text);
}

std::vector<std::string> said(const Findings& found) {
  std::vector<std::string> lines;
  for (const GapAt& at : found.gaps) lines.push_back(std::to_string(at.line) + ": " + at.gap.what);
  return lines;
}

const std::string all_done = exported("1", "1, 2", "[true, true]");
const std::string b_never_true = exported("0", "0, 3", "[false, false]");

}  // namespace

TEST_CASE("where all was done, nothing is open", "[coverage]") {
  const Findings found = gaps_of({all_done});
  CHECK(said(found).empty());
  CHECK(found.lines.done == 4);  // a brace is no statement
  CHECK(found.lines.all == 4);
  CHECK(found.branches.done == 4);
  CHECK(found.conditions.done == 2);
}

TEST_CASE("what was not done is named: the line, the way of the branch, the condition", "[coverage]") {
  const Findings found = gaps_of({b_never_true});
  CHECK(said(found) == std::vector<std::string>{"3: never run", "2: never true: `b`", "2: never decides alone: `a`",
                                                "2: never decides alone: `b`"});
  CHECK(found.gaps.front().gap.in == "return 1;");
  CHECK(found.lines.done == 3);
  CHECK(found.branches.done == 3);
  CHECK(found.conditions.all == 2);
}

TEST_CASE("what one program leaves open, another may do", "[coverage]") {
  CHECK(said(gaps_of({b_never_true, all_done})).empty());
  CHECK(said(gaps_of({all_done, b_never_true})).empty());
  const std::string only_true = exported("1", "3, 0", "[true, false]");
  CHECK(said(gaps_of({b_never_true, only_true})) == std::vector<std::string>{"2: never decides alone: `b`"});
}

TEST_CASE("what the compiler writes or settles is not counted", "[coverage]") {
  const auto written = [](std::string line) { return "int f(bool a, bool b) {\n" + line + "\n  x;\n}\n}\n}\n"; };
  const Findings defaulted = gaps_of({b_never_true}, written("      a    b = default;"));
  CHECK(defaulted.branches.all == 0);
  CHECK(defaulted.defaulted == 4);
  CHECK(defaulted.conditions.all == 0);
  const Findings cases = gaps_of({exported("1", "0, 3", "[]")}, written("switch (   b)"));
  CHECK(cases.branches.all == 2);  // that of `a` only
  const Findings settled = gaps_of({exported("1", "0, 0", "[false]")}, written("      a     b constexpr"));
  CHECK(settled.branches.all == 2);
  CHECK(settled.conditions.all == 0);
}

TEST_CASE("an exception names the gap by its text, so that lines may move", "[coverage]") {
  const auto list =
      parse_exceptions("# a remark\n\nf.cpp: never true: `b`\n  in: if (a && b) {\n  why: b is: never\n    true\n");
  REQUIRE(list.size() == 1);
  CHECK(list[0].why == "b is: never true");
  const Findings found = gaps_of({b_never_true});
  CHECK(std::any_of(found.gaps.begin(), found.gaps.end(), [&](const GapAt& at) { return at.gap == list[0].gap; }));
}

TEST_CASE("a list that is none is refused, and where", "[coverage]") {
  CHECK_THROWS_WITH(parse_exceptions("f.cpp\n"), Contains("line 1"));
  CHECK_THROWS_WITH(parse_exceptions("\n  in: x\n"), Contains("line 2"));
  CHECK_THROWS_WITH(parse_exceptions("f.cpp: never run\n  in: x\n"), Contains("needs both"));
  CHECK_THROWS_WITH(parse_exceptions("f.cpp: never run\n  in: x\n  because\n"), Contains("line 3"));
}

TEST_CASE("a source that is not the one that was compiled is refused", "[coverage]") {
  CHECK_THROWS_WITH(gaps_of({b_never_true}, "int f();\n"), Contains("no such line"));
}
