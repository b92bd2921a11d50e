// Real logs of others, with answers that were computed another way. Kept beside the project, not in it.
#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "child.hpp"

namespace {

const std::string data = LANTERN_SOURCE "/../shared/data";

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string unzipped(const std::string& file) {
  const Ended ended = run_command({"zcat", file});
  REQUIRE(ended.code == 0);
  return ended.out;
}

struct Table {
  std::string file;     // of the expected rows, LOG.TABLE
  std::string columns;  // joined by tabs
};

void check(const std::string& log, std::int64_t events, const std::vector<std::string>& projections,
           const std::vector<Table>& tables) {
  if (!std::filesystem::exists(data)) {
    WARN("skipped: there is no " << data);
    return;
  }
  const TempFolder folder;
  const Ended imported =
      run_script("zcat '" + data + "/" + log + ".ndjson.gz' | lantern import --store s.db -", folder.path());
  INFO(imported.err);
  REQUIRE(imported.code == 0);
  std::string words = "lantern run --store s.db --json";
  for (const auto& file : projections) words += " '" LANTERN_SOURCE "/tests/cli/data/" + file + "'";
  const Ended run = run_script(words, folder.path());
  INFO(run.err);
  REQUIRE(run.code == 0);
  CHECK(lantern_run({"query", "--store", folder / "s.db", "--csv", "SELECT count(*) AS n FROM lantern_events"}).out ==
        "n\r\n" + std::to_string(events) + "\r\n");
  for (const auto& [file, columns] : tables) {
    const auto expected = sorted_lines(unzipped(data + "/expected/" + file + ".tsv.gz"));
    const std::string table = file.substr(file.find('.') + 1);
    const Ended ended =
        lantern_run({"query", "--store", folder / "s.db", "--json", "SELECT " + columns + " AS line FROM " + table});
    REQUIRE(ended.err == "");
    std::vector<std::string> rows;
    std::istringstream in(ended.out);
    for (std::string line; std::getline(in, line);) {
      rows.emplace_back(boost::json::parse(line).at("line").as_string());
    }
    std::sort(rows.begin(), rows.end());
    INFO(file);
    CHECK(expected.size() > 10);
    CHECK((rows == expected));
  }
}

}  // namespace

TEST_CASE("200,000 flights give the airports, routes and hours that are expected") {
  check("flights2001", 200000, {"airports.sql", "hours.sql"},
        {{"flights2001.airport",
          "airport || char(9) || flights || char(9) || delay || char(9) || worst || char(9) || punctual || char(9) || "
          "miles"},
         {"flights2001.route", "route || char(9) || flights || char(9) || delay"},
         {"flights2001.hour_of_day", "hour || char(9) || flights || char(9) || late"}});
}

TEST_CASE("65,533 events of incidents give the incidents and products that are expected") {
  check("bpic2013_incidents", 65533, {"incidents.sql", "products.sql"},
        {{"bpic2013_incidents.incident",
          "incident || char(9) || events || char(9) || last || char(9) || teams || char(9) || people || char(9) || "
          "major"},
         {"bpic2013_incidents.per_product", "product || char(9) || events || char(9) || incidents"}});
}

TEST_CASE("139,260 events of a git history give git's own final tree, its authors and its months") {
  check("tldr_git_history", 139260, {"tree.sql", "authors.sql"},
        {{"tldr_git_history.tree", "path || char(9) || blob || char(9) || mode"},
         {"tldr_git_history.author", "author || char(9) || commits"},
         {"tldr_git_history.commits_per_utc_month", "month || char(9) || commits"}});
}
