// A small case as C++, so that it can be kept as a test.
#include <algorithm>
#include <limits>
#include <ostream>

#include "lantern/testing/shrink.hpp"

namespace lantern::testing {
namespace {

bool is_plain(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

/// The text as a literal: raw where it reads better, and safe for any bytes.
std::string literal(const std::string& text) {
  if (is_plain(text)) {
    if (text.find_first_of("\"\\") == text.npos) return '"' + text + '"';
    if (text.find(")\"") == text.npos) return "R\"(" + text + ")\"";
    if (text.find(")end\"") == text.npos) return "R\"end(" + text + ")end\"";
  }
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') quoted.append({'\\', c});
    else if (byte >= 0x20 && byte != 0x7F) quoted += c;
    else {
      for (const unsigned shift : {6U, 3U, 0U}) {
        if (shift == 6) quoted += '\\';
        quoted += static_cast<char>('0' + (byte >> shift & 7));
      }
    }
  }
  quoted += '"';
  if (text.find('\0') == text.npos) return quoted;
  return "std::string(" + quoted + ", " + std::to_string(text.size()) + ")";
}

/// One word that names the case.
std::string name_of(const Shrunk& shrunk) {
  std::string name = shrunk.scenario;
  if (shrunk.report.violation) name += "_violates_" + shrunk.report.violation->invariant;
  name += "_with_seed_" + std::to_string(shrunk.as_found.options.seed);
  for (char& c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!fits) c = '_';
  }
  return name.front() >= '0' && name.front() <= '9' ? "case_" + name : name;
}

/// In one line of comment; a line that ends with a backslash would take the next one with it.
std::string comment(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  if (text.empty()) return "\n";
  if (text.ends_with('\\')) text += '.';
  return "  // " + text + "\n";
}

std::string option_lines(const SimulationOptions& options) {
  const SimulationOptions usual;
  std::string lines;
  const auto add = [&](std::string_view name, std::uint64_t value) {
    lines += lines.empty() ? "" : ", ";
    lines.append(".").append(name).append(" = ").append(std::to_string(value));
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) lines += 'U';
  };
  if (options.seed != usual.seed) add("seed", options.seed);
  for (const OptionField& field : option_fields()) {
    if (options.*field.member != usual.*field.member) add(field.name, options.*field.member);
  }
  return lines.empty() ? "" : "      .options = {" + lines + "},\n";
}

std::string departure_lines(const SimulationReport& report) {
  if (report.departures.empty()) return {};
  std::string lines = "      .departures =\n          {\n";
  for (std::size_t n = 0; n < report.departures.size(); ++n) {
    const Departure& one = report.departures[n];
    lines.append("              {lantern::testing::About::").append(to_string(one.about));
    lines += ", " + std::to_string(one.index) + ", " + std::to_string(one.chosen) + "},";
    lines += comment(n < report.explained.size() ? report.explained[n].what : "");
  }
  return lines + "          },\n";
}

std::string event_lines(const std::vector<NewEvent>& events) {
  if (events.empty()) return {};
  std::string lines = "      .events =\n          {\n";
  for (const NewEvent& event : events) {
    lines += "              {.stream = " + literal(event.stream) + ", .type = " + literal(event.type);
    const auto add = [&](std::string_view name, const std::string& text) {
      if (!text.empty()) lines.append(", .").append(name).append(" = ").append(literal(text));
    };
    add("data", event.data);
    add("id", event.id);
    add("meta", event.meta);
    add("ts", event.ts);
    if (event.schema_version != 1) lines += ", .schema_version = " + std::to_string(event.schema_version);
    lines += "},\n";
  }
  return lines + "          },\n";
}

std::string count(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

std::string as_code(const Shrunk& shrunk) {
  const std::string name = name_of(shrunk);
  return "// Keep it as a test: lantern::testing::replay(scenario, " + name + "()).ok() must hold.\n" +
         "inline lantern::testing::SimulatedCase " + name + "() {\n  return {\n" +
         option_lines(shrunk.smallest.options) + departure_lines(shrunk.report) + event_lines(shrunk.smallest.events) +
         "  };\n}\n";
}

std::ostream& operator<<(std::ostream& out, const Shrunk& shrunk) {
  if (!shrunk.report.violation) return out << shrunk.scenario << ": nothing to shrink\n";
  const SimulatedCase& small = shrunk.smallest;
  out << shrunk.scenario << " violates " << shrunk.report.violation->invariant << ": " << shrunk.report.violation->what
      << "\nseed " << shrunk.as_found.options.seed << " was shrunk to " << count(small.departures.size(), "departure")
      << " of " << shrunk.as_found.departures.size() << " and " << count(small.events.size(), "event") << " of "
      << shrunk.as_found.events.size() << ", in " << count(shrunk.runs, "run") << '\n';
  if (!shrunk.steady) {
    out << "It does not go the same way each time: something in this scenario depends on a clock, an address, the "
           "order\n"
           "of an unordered container, or on what was run before.\n";
  }
  if (!shrunk.complete) out << "It may become smaller still: the limit of runs came first.\n";
  return out << '\n' << as_code(shrunk);
}

}  // namespace lantern::testing
