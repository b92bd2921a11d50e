#include "steps.hpp"

#include <algorithm>
#include <map>

#include <sqlite3.h>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

namespace json = boost::json;

std::string event_line(const std::string& stream, int n) {
  return "{\"stream\":\"" + stream + "\",\"type\":\"Counted\",\"data\":{\"n\":" + std::to_string(n) + "},\"id\":\"e" +
         std::to_string(n) + "\"}\n";
}

void import_lines(const std::string& store, const std::string& lines) {
  const Ended ended = lantern_run({"import", "--store", store, "--quiet", "-"}, {.input = lines});
  INFO(ended.err);
  REQUIRE(ended.code == 0);
}

std::string rows_of(const std::string& store, const std::string& table) {
  const Ended ended = lantern_run({"query", "--store", store, "--csv", "SELECT * FROM " + table + " ORDER BY 1"});
  REQUIRE(ended.err == "");
  return ended.out;
}

std::vector<json::object> objects_of(const std::string& out) {
  std::vector<json::object> lines;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t end = out.find('\n', at);
    REQUIRE(end != out.npos);
    lines.push_back(json::parse(out.substr(at, end - at)).as_object());
    at = end + 1;
  }
  return lines;
}

json::object status_json(const std::string& store, const std::string& projection) {
  const Ended ended = lantern_run({"status", "--store", store, "--json"});
  REQUIRE(ended.err == "");
  const json::value whole = json::parse(ended.out);
  for (const auto& each : whole.at("projections").as_array()) {
    if (each.at("projection").as_string() == projection) return each.as_object();
  }
  return {};
}

void write_raw(const std::string& store, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open_v2(store.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  sqlite3_busy_timeout(db, 10'000);
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  INFO(sql << ": " << sqlite3_errmsg(db));
  REQUIRE(code == SQLITE_OK);
  sqlite3_close(db);
}

std::string chains_file(int version, int factor) {
  return "-- projection: chains\n-- version: " + std::to_string(version) + R"(
-- setup
CREATE TABLE chains (stream TEXT PRIMARY KEY, events INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT;
-- on *
INSERT INTO chains VALUES (:stream, 1, :data ->> 'n') ON CONFLICT (stream) DO UPDATE
SET events = events + 1, hash = (hash * )" +
         std::to_string(factor) + " + (:data ->> 'n')) % 1000003;\n";
}

std::string chain_events(int first, int last, int streams) {
  std::string text;
  for (int n = first; n <= last; ++n) text += event_line("s-" + std::to_string(n % streams), n);
  return text;
}

std::string naive_chains(int events, int streams, int factor) {
  struct Chain {
    int events{};
    long long hash{};
  };
  std::map<std::string, Chain> chains;
  for (int n = 1; n <= events; ++n) {
    Chain& chain = chains["s-" + std::to_string(n % streams)];
    chain.hash = ++chain.events == 1 ? n : (chain.hash * factor + n) % 1000003;
  }
  std::string text = "stream,events,hash\r\n";
  for (const auto& [stream, chain] : chains) {
    text += stream + "," + std::to_string(chain.events) + "," + std::to_string(chain.hash) + "\r\n";
  }
  return text;
}

void check_refused(const Ended& ended, int code, const std::string& words) {
  CAPTURE(ended.out, ended.err);
  CHECK(ended.code == code);
  CHECK(ended.out == "");
  CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  CHECK(ended.err.find(words) != std::string::npos);
}
