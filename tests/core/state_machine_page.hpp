// The tables of docs/state-machine.md, and how they are compared with what the machine does.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "lantern/pipeline.hpp"

namespace lantern::testing {

/// What may come next, by what is pending and how it is answered.
using Table = std::map<std::pair<std::string, std::string>, std::set<std::string>>;

inline std::string name(const Step& step) {
  struct {
    std::string operator()(const Request<LoadCheckpoint>& r) const {
      return std::string("LoadCheckpoint[") + to_string(r.effect().purpose) + "]";
    }
    std::string operator()(const Request<ReadEvents>&) const { return "ReadEvents"; }
    std::string operator()(const Request<SaveCheckpoint>&) const { return "SaveCheckpoint"; }
    std::string operator()(const Request<Sleep>& r) const {
      return std::string("Sleep[") + to_string(r.effect().reason) + "]";
    }
    std::string operator()(const Request<AcquireLease>&) const { return "AcquireLease"; }
    std::string operator()(const Request<RenewLease>&) const { return "RenewLease"; }
    std::string operator()(const Request<ReleaseLease>&) const { return "ReleaseLease"; }
    std::string operator()(const Request<LoadViews>&) const { return "LoadViews"; }
    std::string operator()(const Request<Publish>&) const { return "Publish"; }
    std::string operator()(const Request<BeginRebuild>&) const { return "BeginRebuild"; }
    std::string operator()(const Request<ActivateGeneration>&) const { return "ActivateGeneration"; }
    std::string operator()(const Request<ListStreams>&) const { return "ListStreams"; }
    std::string operator()(const Request<ReadStream>&) const { return "ReadStream"; }
    std::string operator()(const Finished& end) const {
      if (!end) return "Finished[failed]";
      if (end->ending == Ending::rebuilt) return "Finished[rebuilt]";
      return end->ending == Ending::caught_up ? "Finished[caught_up]" : "Finished[stopped]";
    }
  } const of;
  return std::visit(of, static_cast<const Step::Base&>(step));
}

inline std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(' ');
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// The requests and ends that a cell names: the words in backquotes that begin with a capital.
inline std::set<std::string> named_in(const std::string& cell) {
  std::set<std::string> names;
  for (std::size_t open = cell.find('`'); open != cell.npos; open = cell.find('`', open)) {
    const auto close = cell.find('`', open + 1);
    const auto word = cell.substr(open + 1, close - open - 1);
    if (!word.empty() && word[0] >= 'A' && word[0] <= 'Z') names.insert(word);
    open = close + 1;
  }
  return names;
}

/// The rows of the page's table under this heading: pending | reply | next.
inline Table table_of_page(const std::string& heading) {
  const auto file = std::filesystem::path(LANTERN_SOURCE_DIR) / "docs" / "state-machine.md";
  std::ifstream page(file);
  INFO("reading " << file);
  REQUIRE(page);
  Table rows;
  bool here = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) here = line == "## " + heading;
    if (!here || !line.starts_with("| ") || line.starts_with("| pending")) continue;
    std::vector<std::string> cells;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) cells.push_back(trimmed(cell));
    REQUIRE(cells.size() == 3);
    const auto pending = named_in(cells[0]);
    const std::string who = pending.empty() ? cells[0] : *pending.begin();
    std::string reply = cells[1];
    rows[{who, reply}] = named_in(cells[2]);
  }
  return rows;
}

inline std::string printed(const Table& table) {
  std::ostringstream out;
  for (const auto& [from, nexts] : table) {
    out << "| `" << from.first << "` | " << from.second << " |";
    const char* comma = " ";
    for (const auto& next : nexts) out << std::exchange(comma, ", ") << '`' << next << '`';
    out << " |\n";
  }
  return out.str();
}

inline void check_same(const Table& page, const Table& machine) {
  Table undocumented, unreached;
  for (const auto& [from, nexts] : machine) {
    for (const auto& next : nexts) {
      if (!page.contains(from) || !page.at(from).contains(next)) undocumented[from].insert(next);
    }
  }
  for (const auto& [from, nexts] : page) {
    for (const auto& next : nexts) {
      if (!machine.contains(from) || !machine.at(from).contains(next)) unreached[from].insert(next);
    }
  }
  INFO("what the machine does and the page does not say:\n" << printed(undocumented));
  INFO("what the page says and the machine does not do:\n" << printed(unreached));
  CHECK((undocumented.empty() && unreached.empty()));
}

/// What leases add to a run: all that is not in the table of the work.
inline Table beyond(const Table& work, Table seen) {
  for (auto& [from, nexts] : seen) {
    const auto found = work.find(from);
    if (found == work.end()) continue;
    std::erase_if(nexts, [&](const std::string& next) { return found->second.contains(next); });
    nexts.erase("RenewLease");  // may come between any two requests of the work
    if (std::ranges::any_of(found->second, [](const auto& next) { return next.starts_with("Finished"); })) {
      nexts.erase("ReleaseLease");  // comes before the end
    }
  }
  std::erase_if(seen, [](const auto& row) { return row.second.empty(); });
  return seen;
}

}  // namespace lantern::testing
