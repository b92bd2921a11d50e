// What README.md and docs/ show is compiled or run: each block of code in them has a rule that covers it.
//
// ```cpp      is an excerpt, but for white space, of a file that is compiled: an example, a snippet, a public header
// ```sql      is an excerpt of a .sql file under examples/ or tests/, or stands on a page with a test of its own
// ```sh       each line is one of the commands that tests run, listed in commands.txt with who runs it
// ```console  likewise for the lines that begin with `$ `; or the page has a test of its own
// ```cmake    is an excerpt of a CMakeLists.txt under tests/
// other kinds (text, mermaid, json, none) show no code
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "process.hpp"

namespace fs = std::filesystem;

namespace {

const fs::path source = LANTERN_SOURCE_DIR;

struct Block {
  std::string page;
  int line{};  // of its first line
  std::string kind;
  std::vector<std::string> lines;
};

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Without white space: what is left is the code.
std::string squeezed(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](unsigned char c) { return std::isspace(c) == 0; });
  return out;
}

std::string squeezed(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += squeezed(line);
  return out;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

std::vector<Block> blocks_of(const std::string& page) {
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  for (const std::string& line : lines_of(text_of(source / page))) {
    ++number;
    const std::string text = trimmed(line);
    if (text.rfind("```", 0) != 0) {
      if (inside) blocks.back().lines.push_back(line);
    } else if (inside) {
      inside = false;
    } else {
      inside = true;
      blocks.push_back({page, number + 1, text.substr(3), {}});
    }
  }
  REQUIRE_FALSE(inside);
  return blocks;
}

std::vector<std::string> pages() {
  std::vector<std::string> found{"README.md"};
  for (const auto& entry : fs::directory_iterator(source / "docs")) {
    if (entry.path().extension() == ".md") found.push_back("docs/" + entry.path().filename().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// All files under these folders with one of these names or endings, squeezed.
std::vector<std::string> sources(const std::vector<std::string>& folders, const std::set<std::string>& endings) {
  std::vector<std::string> texts;
  for (const auto& folder : folders) {
    if (!fs::exists(source / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(source / folder)) {
      const fs::path& path = entry.path();
      if (endings.count(path.extension().string()) + endings.count(path.filename().string()) > 0) {
        texts.push_back(squeezed(text_of(path)));
      }
    }
  }
  return texts;
}

bool is_excerpt(const std::string& code, const std::vector<std::string>& of) {
  return std::any_of(of.begin(), of.end(), [&](const std::string& text) { return text.find(code) != text.npos; });
}

/// Pages whose blocks of a kind are run by tests of their own.
bool has_own_test(const Block& block) {
  static const std::set<std::pair<std::string, std::string>> own = {
      {"docs/cli.md", "console"},
      {"docs/cli.md", "sql"},
      {"docs/sql-projections.md", "console"},
      {"docs/sql-projections.md", "ndjson"},
      {"docs/sql-projections.md", "sql"},
  };
  return own.count({block.page, block.kind}) > 0;
}

/// commands.txt: a command a line, then ` # ` and who runs it.
std::set<std::string> known_commands() {
  std::set<std::string> commands;
  for (const auto& line : lines_of(text_of(source / "tests/examples/commands.txt"))) {
    commands.insert(trimmed(line.substr(0, line.find(" # "))));
  }
  return commands;
}

/// Continued lines as one; without comments.
std::vector<std::string> commands_in(const Block& block) {
  std::vector<std::string> commands;
  std::string command;
  for (std::string line : block.lines) {
    line = trimmed(line);
    if (block.kind == "console" && command.empty()) {
      if (line.rfind("$ ", 0) != 0) continue;
      line = line.substr(2);
    }
    if (const auto comment = line.find(" #"); comment != line.npos) line = trimmed(line.substr(0, comment));
    if (line.empty() || line.front() == '#') continue;
    if (line.back() == '\\') {
      command += trimmed(line.substr(0, line.size() - 1)) + " ";
    } else {
      commands.push_back(command + line);
      command.clear();
    }
  }
  return commands;
}

/// Why nothing covers this block; empty when something does.
std::string uncovered(const Block& block) {
  static const auto cpp = sources({"examples", "tests/examples/project", "tests/examples/snippets", "tests/sqlite",
                                   "core/include", "adapters", "tests/package"},
                                  {".cpp", ".hpp"});
  static const auto sql = sources({"examples", "tests"}, {".sql"});
  static const auto cmake = sources({"tests/package", "tests/examples"}, {"CMakeLists.txt", ".cmake"});
  static const auto commands = known_commands();

  if (has_own_test(block)) return {};
  if (block.kind == "cpp") return is_excerpt(squeezed(block.lines), cpp) ? "" : "is no excerpt of a compiled file";
  if (block.kind == "sql") return is_excerpt(squeezed(block.lines), sql) ? "" : "is no excerpt of a tested .sql file";
  if (block.kind == "cmake") return is_excerpt(squeezed(block.lines), cmake) ? "" : "is no excerpt of a tested project";
  if (block.kind == "sh" || block.kind == "console") {
    for (const auto& command : commands_in(block)) {
      if (commands.count(command) == 0) return "no test runs `" + command + "`";
    }
    return {};
  }
  static const std::set<std::string> no_code = {"", "text", "mermaid", "json"};
  return no_code.count(block.kind) > 0 ? "" : "is of an unknown kind: " + block.kind;
}

}  // namespace

TEST_CASE("every block of code in README.md and docs/ is compiled or run") {
  for (const auto& page : pages()) {
    for (const auto& block : blocks_of(page)) {
      INFO(page << ':' << block.line);
      CHECK(uncovered(block) == "");
    }
  }
}

TEST_CASE("a block of code that nothing covers is noticed") {
  CHECK(uncovered({"README.md", 1, "cpp", {"int surely_nowhere = 42;"}}) == "is no excerpt of a compiled file");
  CHECK(uncovered({"README.md", 1, "sql", {"SELECT surely, nowhere;"}}) == "is no excerpt of a tested .sql file");
  CHECK(uncovered({"README.md", 1, "sh", {"surely --nowhere"}}) == "no test runs `surely --nowhere`");
  CHECK(uncovered({"README.md", 1, "console", {"$ surely \\", "  --nowhere", "output"}}) ==
        "no test runs `surely --nowhere`");
  CHECK(uncovered({"README.md", 1, "cmake", {"surely(nowhere)"}}) == "is no excerpt of a tested project");
  CHECK(uncovered({"README.md", 1, "c++", {""}}) == "is of an unknown kind: c++");
}

TEST_CASE("every verb of ./dev that a page names is one that ./dev knows") {
  const Ran help = shell(quoted(LANTERN_SOURCE_DIR "/dev") + " help");
  REQUIRE(help.code == 0);
  for (const auto& command : known_commands()) {
    if (command.rfind("./dev ", 0) != 0) continue;
    INFO(command);
    CHECK(help.output.find("\n  " + command.substr(6) + " ") != std::string::npos);
  }
}

TEST_CASE("every link between the pages leads somewhere") {
  for (const auto& page : pages()) {
    std::string text;
    bool code = false;
    for (const auto& line : lines_of(text_of(source / page))) {
      const bool fence = trimmed(line).rfind("```", 0) == 0;
      code = code != fence;
      if (!code && !fence) text += line + '\n';
    }
    for (std::size_t at = 0; (at = text.find("](", at)) != text.npos; at += 2) {
      std::string target = text.substr(at + 2, text.find(')', at) - at - 2);
      target = target.substr(0, target.find('#'));
      if (target.empty() || target.find("://") != target.npos || target.find('\n') != target.npos) continue;
      INFO(page << " links to " << target);
      CHECK(fs::exists((source / page).parent_path() / target));
    }
  }
}
