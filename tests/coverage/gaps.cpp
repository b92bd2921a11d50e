#include "coverage/gaps.hpp"

#include <algorithm>
#include <stdexcept>

namespace lantern::coverage {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

class Source {
 public:
  Source(std::string_view file, std::string_view text) : file_(file), lines_(lines_of(text)) {}

  [[nodiscard]] std::string_view line(std::uint64_t number) const {
    if (number < 1 || number > lines_.size()) {
      throw std::runtime_error(file_ + ":" + std::to_string(number) + ": no such line; was the file changed since?");
    }
    return lines_[number - 1];
  }

  /// In one line, whatever it was.
  [[nodiscard]] std::string text(const Stretch& of) const {
    std::string all;
    for (std::uint64_t number = of.line; number <= of.end_line; ++number) {
      std::string_view part = line(number);
      if (number == of.end_line) part = part.substr(0, of.end_column - 1);
      if (number == of.line) part = part.substr(of.column - 1);
      if (!all.empty()) all += ' ';
      all += trimmed(part);
    }
    return all;
  }

  [[nodiscard]] GapAt gap(std::string what, std::uint64_t number) const {
    return {{file_, std::move(what), std::string(trimmed(line(number)))}, number};
  }

 private:
  std::string file_;
  std::vector<std::string_view> lines_;
};

bool has(std::string_view text, std::string_view word) { return text.find(word) != text.npos; }

/// The conditions of a decision, in their order, as far as they are known.
std::vector<Stretch> conditions_of(const Seen& seen, const Stretch& decision) {
  std::vector<Stretch> within;
  for (const auto& [at, ways] : seen.branches) {
    const bool begins = std::pair(at.line, at.column) >= std::pair(decision.line, decision.column);
    const bool ends = std::pair(at.end_line, at.end_column) <= std::pair(decision.end_line, decision.end_column);
    if (begins && ends) within.push_back(at);
  }
  return within;
}

}  // namespace

Findings look_for_gaps(std::string_view file, const Seen& seen, std::string_view text) {
  const Source source(file, text);
  Findings found;
  for (const auto& [line, count] : seen.lines) {
    if (has(source.line(line), "= default") || trimmed(source.line(line)) == "}") continue;
    ++found.lines.all;
    if (count > 0) ++found.lines.done;
    else found.gaps.push_back(source.gap("never run", line));
  }
  for (const auto& [at, ways] : seen.branches) {
    const std::string_view line = source.line(at.line);
    if (has(line, "= default")) {
      found.defaulted += 2;
      continue;
    }
    if (has(line, "constexpr") && ways.yes + ways.no == 0) continue;
    // The way past all cases, which warnings forbid where the cases are the values of an enumeration.
    if (has(line.substr(0, at.column - 1), "switch (")) continue;
    found.branches.all += 2;
    found.branches.done += (ways.yes > 0 ? 1u : 0u) + (ways.no > 0 ? 1u : 0u);
    const auto never = [&](std::string_view what) {
      found.gaps.push_back(source.gap("never " + std::string(what) + ": `" + source.text(at) + "`", at.line));
    };
    if (ways.yes + ways.no == 0) never("asked");
    else if (ways.yes == 0) never("true");
    else if (ways.no == 0) never("false");
  }
  for (const auto& [at, shown] : seen.decisions) {
    if (has(source.line(at.line), "= default") || has(source.line(at.line), "constexpr")) continue;
    const std::vector<Stretch> conditions = conditions_of(seen, at);
    for (std::size_t i = 0; i < shown.size(); ++i) {
      ++found.conditions.all;
      if (shown[i]) {
        ++found.conditions.done;
        continue;
      }
      const bool known = conditions.size() == shown.size();
      const std::string which =
          known ? source.text(conditions[i]) : "condition " + std::to_string(i + 1) + " of " + source.text(at);
      found.gaps.push_back(source.gap("never decides alone: `" + which + "`", known ? conditions[i].line : at.line));
    }
  }
  return found;
}

std::vector<Exception> parse_exceptions(std::string_view text) {
  std::vector<Exception> exceptions;
  std::uint64_t number = 0;
  std::string* last = nullptr;  // what a further indented line goes on with
  for (const std::string_view raw : lines_of(text)) {
    ++number;
    const std::string_view line = trimmed(raw);
    if (line.empty() || line.starts_with('#')) continue;
    const auto refuse = [&](const char* why) {
      throw std::runtime_error("line " + std::to_string(number) + ": " + why);
    };
    if (raw.front() != ' ') {
      const auto colon = line.find(": ");
      if (colon == line.npos) refuse("begin an exception with its file and what is not done: `FILE: never run`");
      exceptions.push_back({{std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)), {}}, {}});
      last = nullptr;
    } else if (exceptions.empty()) {
      refuse("there is nothing before it that this line could belong to");
    } else if (line.starts_with("in: ")) {
      exceptions.back().gap.in = line.substr(4);
      last = nullptr;
    } else if (line.starts_with("why: ")) {
      exceptions.back().why = line.substr(5);
      last = &exceptions.back().why;
    } else if (last) {
      *last += " " + std::string(line);
    } else {
      refuse("this is neither `in: TEXT` nor `why: REASON`");
    }
  }
  for (const Exception& exception : exceptions) {
    if (exception.gap.in.empty() || exception.why.empty()) {
      throw std::runtime_error(exception.gap.file + ": " + exception.gap.what +
                               ": an exception needs both `in: TEXT` and `why: REASON`");
    }
  }
  return exceptions;
}

}  // namespace lantern::coverage
