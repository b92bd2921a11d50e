#include "coverage/export.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <optional>

namespace lantern::coverage {
namespace {

namespace json = boost::json;

std::uint64_t number(const json::value& from) { return from.to_number<std::uint64_t>(); }

Stretch stretch(const json::array& record) {
  return {number(record.at(0)), number(record.at(1)), number(record.at(2)), number(record.at(3))};
}

/// A point of the source from which on a count holds.
struct Segment {
  std::uint64_t line;
  std::uint64_t count;
  bool counted;  ///< else nothing here is code
  bool begins;   ///< a region begins here, and no gap between two statements
};

/// As llvm-cov counts lines: by what reaches into the line, or by what begins on it, whichever ran more often.
void add_lines(std::map<std::uint64_t, std::uint64_t>& lines, const std::vector<Segment>& segments) {
  const Segment* reaching = nullptr;  // the last segment of the lines before
  auto at = segments.begin();
  for (std::uint64_t line = at == segments.end() ? 0 : at->line; at != segments.end(); ++line) {
    std::optional<std::uint64_t> most;
    if (reaching && reaching->counted) most = reaching->count;
    for (; at != segments.end() && at->line == line; ++at) {
      if (at->counted && at->begins) most = std::max(most.value_or(0), at->count);
    }
    if (most) lines[line] += *most;
    if (at != segments.begin()) reaching = &*std::prev(at);
  }
}

std::vector<Segment> segments_of(const json::object& file) {
  std::vector<Segment> segments;
  for (const json::value& value : file.at("segments").as_array()) {
    const json::array& record = value.as_array();
    segments.push_back({number(record.at(0)), number(record.at(2)), record.at(3).as_bool(),
                        record.at(4).as_bool() && !record.at(5).as_bool()});
  }
  return segments;
}

}  // namespace

void add_export(SeenFiles& files, std::string_view json) {
  const json::value document = json::parse(json);
  for (const json::value& value : document.at("data").at(0).at("files").as_array()) {
    const json::object& file = value.as_object();
    Seen& seen = files[std::string(file.at("filename").as_string())];
    add_lines(seen.lines, segments_of(file));
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
