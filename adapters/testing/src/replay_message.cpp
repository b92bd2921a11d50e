// A mismatch in words that a person can read.
#include <algorithm>
#include <ostream>

#include "lantern/testing/recording.hpp"

namespace lantern::testing {
namespace {

constexpr std::size_t most_shown = 160;  ///< of a value or a decision
constexpr std::size_t before_it = 40;    ///< of what is the same, before the first difference
constexpr std::size_t most_lines = 10;

/// The part of a text that is worth showing: from a little before `from`.
std::string part_of(std::string_view text, std::size_t from) {
  if (text.size() <= most_shown) return std::string(text);
  const std::size_t begin = from > before_it ? from - before_it : 0;
  const std::string_view part = text.substr(begin, most_shown);
  return (begin > 0 ? "…" : "") + std::string(part) + (begin + part.size() < text.size() ? "…" : "");
}

std::string head_of(std::string_view decision) { return std::string(decision.substr(0, decision.find(" {"))); }

void append_difference(std::string& out, const FieldDifference& one) {
  out += "\n  " + one.field + (one.of.empty() ? "" : " (of " + one.of + ")");
  const std::string_view recorded = one.recorded ? std::string_view(*one.recorded) : "nothing";
  const std::string_view now = one.now ? std::string_view(*one.now) : "nothing";
  const auto from = static_cast<std::size_t>(std::ranges::mismatch(recorded, now).in1 - recorded.begin());
  out += ": recorded " + part_of(recorded, from) + ", now " + part_of(now, from);
}

}  // namespace

std::string ReplayMismatch::message() const {
  std::string out = recording;
  if (kind == Kind::projection) out += ": this is another projector than the one that was recorded";
  else if (kind == Kind::config) out += ": the run was recorded under another configuration";
  else out += ", line " + std::to_string(line) + ": decision " + std::to_string(step) + " is another one";
  if (kind == Kind::decision) {
    out += "\n  after " + after;
    if (differences.empty()) {
      out += "\n  recorded: " + part_of(recorded, 0) + "\n  now:      " + part_of(now, 0);
    } else {
      out += "\n  both: " + head_of(recorded);
    }
  }
  for (std::size_t i = 0; i < std::min(differences.size(), most_lines); ++i) {
    append_difference(out, differences[i]);
  }
  if (differences.size() > most_lines) {
    out += "\n  and " + std::to_string(differences.size() - most_lines) + " more";
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const ReplayMismatch& mismatch) { return out << mismatch.message(); }

}  // namespace lantern::testing
