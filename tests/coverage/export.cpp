#include "coverage/export.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <optional>
#include <set>

namespace lantern::coverage {
namespace {

namespace json = boost::json;

std::uint64_t number(const json::value& from) { return from.to_number<std::uint64_t>(); }

Stretch stretch(const json::array& record) {
  return {number(record.at(0)), number(record.at(1)), number(record.at(2)), number(record.at(3))};
}

/// A part of one function that runs as a whole.
struct Region {
  Stretch at;
  std::uint64_t count;
  bool begins;  ///< a statement begins here; else it is the gap between two
};

/// As llvm-cov counts lines, but for one instantiation of a function at a time: by what reaches into the line, and by
/// what begins on it, whichever ran more often.
void add_lines(std::map<std::uint64_t, std::uint64_t>& lines, const std::vector<Region>& regions) {
  if (regions.empty()) return;
  const Stretch& whole = regions.front().at;
  for (std::uint64_t line = whole.line; line <= whole.end_line; ++line) {
    const Region* reaching = nullptr;  // the innermost is the one that begins last
    std::optional<std::uint64_t> most;
    for (const Region& region : regions) {
      const bool before = region.at.line < line, ends = region.at.end_line < line;
      const auto begins = [](const Region& r) { return std::pair(r.at.line, r.at.column); };
      if (before && !ends && (!reaching || begins(region) >= begins(*reaching))) reaching = &region;
      if (region.at.line == line && region.begins) most = std::max(most.value_or(0), region.count);
    }
    if (reaching) most = std::max(most.value_or(0), reaching->count);
    if (most) lines[line] += *most;
  }
}

std::vector<Region> regions_of(const json::object& function) {
  enum : std::uint64_t { code = 0, gap = 3 };
  std::vector<Region> regions;
  for (const json::value& value : function.at("regions").as_array()) {
    const json::array& record = value.as_array();
    const std::uint64_t kind = number(record.at(7));
    if (number(record.at(5)) != 0 || (kind != code && kind != gap)) continue;
    regions.push_back({stretch(record), number(record.at(4)), kind == code});
  }
  return regions;
}

}  // namespace

void add_export(SeenFiles& files, std::string_view json) {
  const json::value document = json::parse(json);
  std::set<std::string> asked_for;  // functions of all files are told of
  for (const json::value& value : document.at("data").at(0).at("files").as_array()) {
    asked_for.emplace(value.at("filename").as_string());
  }
  for (const json::value& value : document.at("data").at(0).at("functions").as_array()) {
    const json::object& function = value.as_object();
    const std::string file(function.at("filenames").at(0).as_string());
    if (asked_for.contains(file)) add_lines(files[file].lines, regions_of(function));
  }
  for (const json::value& value : document.at("data").at(0).at("files").as_array()) {
    const json::object& file = value.as_object();
    Seen& seen = files[std::string(file.at("filename").as_string())];
    for (const json::value& branch : file.at("branches").as_array()) {
      const json::array& record = branch.as_array();
      Ways& ways = seen.branches[stretch(record)];
      ways.yes += number(record.at(4));
      ways.no += number(record.at(5));
    }
    for (const json::value& decision : file.at("mcdc_records").as_array()) {
      const json::array& record = decision.as_array();
      std::vector<bool>& shown = seen.decisions[stretch(record)];
      const json::array& conditions = record.at(6).as_array();
      shown.resize(std::max(shown.size(), conditions.size()));
      for (std::size_t i = 0; i < conditions.size(); ++i) shown[i] = shown[i] || conditions[i].as_bool();
    }
  }
}

}  // namespace lantern::coverage
