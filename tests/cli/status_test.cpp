// `lantern status`: what an operator sees. (What changes during a run is in run_test.cpp.)
#include <string>

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "child.hpp"

TEST_CASE("status shows the log, each projection, and what last went wrong") {
  const TempFolder folder;
  const std::string store = folder / "s.db";
  const auto status = [&](std::vector<std::string> more = {}) {
    std::vector<std::string> words{"status", "--store", store};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = lantern_run(words);
    CHECK(ended.code == 0);
    CHECK(ended.err == "");
    return ended.out;
  };
  REQUIRE(lantern_run({"import", "--store", store, "-"}, {.input = ""}).code == 0);
  CHECK(status() == "the log is empty; no projection has run yet\n");
  REQUIRE(lantern_run(
              {"import", "--store", store, "-"},
              {.input = "{\"stream\":\"s\",\"type\":\"t\",\"data\":1}\n{\"stream\":\"s\",\"type\":\"u\",\"data\":1}"})
              .code == 0);
  CHECK(status() == "the log ends at position 2; no projection has run yet\n");
  CHECK(boost::json::parse(status({"--json"})).at("head") == 2);

  write_file(
      folder / "p.sql",
      "-- projection: p\n-- version: 3\n-- on error: retry\n-- setup\nCREATE TABLE p (n INTEGER NOT NULL) STRICT;\n"
      "-- on t\nINSERT INTO p VALUES (1);\n-- on u\nINSERT INTO p VALUES (NULL);\n");
  CHECK(lantern_run({"run", "--store", store, folder / "p.sql"}).code == 1);
  const auto whole = boost::json::parse(status({"--json"}));
  CHECK(whole.at("store").as_string() == store);
  REQUIRE(whole.at("projections").as_array().size() == 1);
  auto projection = whole.at("projections").as_array()[0].as_object();
  CHECK(projection.at("last_error").as_string().find("NOT NULL") != std::string::npos);
  CHECK(projection.at("updated_at").as_string().size() == 27);
  projection.erase("last_error");
  projection.erase("updated_at");
  CHECK(projection == boost::json::parse(R"({"projection":"p","version":3,"generation":1,"position":1,"head":2,"lag":1,
      "state":"failed","leader":null,"retries":3,"quarantined":0,"building":null,"previous":null})"));
  const std::string table = status();
  CHECK(table.find("projection  generation  position  head  lag  state   leader  retries  quarantined  last error\n") ==
        0);
  CHECK(table.find("\np                    1         1     2    1  failed  -             3            0  ") !=
        std::string::npos);
}
