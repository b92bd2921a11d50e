// Every example of docs/sql-projections.md, as it stands there.
#include <fstream>
#include <map>
#include <sstream>

#include "sql_support.hpp"

using namespace sql_support;

namespace {

struct Block {
  std::string language;
  std::string text;
};

std::string content(const std::string& file) {
  std::ifstream in(file);
  INFO(file);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Block> blocks_of_page() {
  std::vector<Block> blocks;
  bool inside = false;
  for (const std::string& line : lines_of(content(LANTERN_SOURCE_DIR "/docs/sql-projections.md"))) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), {}});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

/// SQLite reads JSON too, and is nobody's own code.
std::vector<NewEvent> events_in(const std::string& ndjson) {
  const Client json(":memory:");
  const auto part = [&](const std::string& line, const char* path) {
    const Rows rows = json.rows("SELECT json_extract(?, ?)", {line, path});
    REQUIRE(rows.size() == 1);
    return rows[0];
  };
  std::vector<NewEvent> events;
  for (const std::string& line : lines_of(ndjson)) {
    events.push_back({.stream = part(line, "$.stream"),
                      .type = part(line, "$.type"),
                      .data = part(line, "$.data"),
                      .ts = part(line, "$.ts")});
  }
  return events;
}

}  // namespace

TEST_CASE("every example of the page on SQL projections loads, runs, and leaves what the page says") {
  const Folder folder;
  struct Example {
    std::string file;
    SqliteStore store;
    std::optional<SqlProjection> projection{};
  };
  std::map<std::string, Example> examples;  // by the projection's name: a later version meets the store of the former
  Example* current = nullptr;
  std::size_t projections = 0, answers = 0;
  for (const Block& block : blocks_of_page()) {
    INFO(block.text);
    if (block.language == "sql") {
      ++projections;
      const std::string name = parsed(block.text).name();
      const std::string short_name = name.substr(name.find_last_of(' ') + 1);  // find_last_of + 1 is 0 for none
      if (!examples.contains(name)) {
        const std::string file = (folder / (short_name + ".db").c_str()).string();
        examples.emplace(name, Example{file, open(file)});
      }
      current = &examples.at(name);
      current->projection = parsed(block.text, short_name + ".sql");
      installed(current->store, *current->projection);
    } else if (block.language == "ndjson") {
      append(current->store, events_in(block.text));
    } else if (block.language == "console") {
      REQUIRE(run(current->store, *current->projection));
      const Client client(current->file);
      Rows expected, found;
      for (const std::string& line : lines_of(block.text)) {
        if (!line.starts_with("$ ")) {
          expected.push_back(line);
          continue;
        }
        const std::size_t begin = line.find('\'') + 1;
        const Rows rows = client.rows(line.substr(begin, line.rfind('\'') - begin));
        found.insert(found.end(), rows.begin(), rows.end());
        ++answers;
      }
      CHECK(found == expected);
    }
  }
  CHECK(projections == 4);
  CHECK(answers == 8);
}

TEST_CASE("the C++ of the page on SQL projections compiles and runs") {
  const Folder folder;
  const std::filesystem::path file = folder / "shop.db";
  const std::string text = blocks_of_page().at(0).text;
  // as on the page:
  auto projection = lantern::SqlProjection::parse(text, "debts.sql");  // an error has file, line and column
  auto store = lantern::SqliteStore::open(file);
  auto installed = store->install(*projection);  // registered, present or building
  auto config = projection->configured(lantern::ProjectionConfig());
  auto finished = lantern::run_projection_blocking(*projection, *store, config, std::stop_token());
  // so far
  REQUIRE(finished);
  CHECK(installed->outcome == Installed::Outcome::registered);

  std::string here = content(LANTERN_SOURCE_DIR "/tests/sqlite/sql_docs_test.cpp");
  here = here.substr(here.find("// as on the page:\n"));
  here = here.substr(0, here.find("// so far"));
  for (const Block& block : blocks_of_page()) {
    if (block.language != "cpp") continue;
    for (const std::string& line : lines_of(block.text)) {
      INFO(line);
      CHECK(here.find("  " + line + "\n") != std::string::npos);
    }
  }
}
