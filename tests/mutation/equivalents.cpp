#include "mutation/equivalents.hpp"

#include <sstream>
#include <stdexcept>

namespace lantern::mutation {

std::set<Change> parse_equivalents(std::string_view text) {
  std::set<Change> changes;
  std::istringstream lines{std::string(text)};
  std::string file, in, to;
  bool told = true;  // a reason ends an entry
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find_first_not_of(' ');
    if (first == line.npos || line[first] == '#') continue;
    const std::string rest = line.substr(first);
    if (first == 0) {
      if (!told) throw std::runtime_error(file + ": a mutant without a reason");
      file = rest;
      in = to = "";
      told = false;
    } else if (rest.starts_with("in: ")) {
      in = rest.substr(4);
    } else if (rest.starts_with("to: ")) {
      to = rest.substr(4);
    } else if (rest.starts_with("why: ")) {
      if (file.empty() || in.empty() || to.empty()) {
        throw std::runtime_error(file + ": a mutant needs its file, `in: LINES` and `to: LINES` before its reason");
      }
      changes.emplace(file, in, to);
      told = true;
    } else if (!told) {
      throw std::runtime_error(file + ": this is none of in, to and why: " + rest);
    }  // else a reason goes on
  }
  if (!told) throw std::runtime_error(file + ": a mutant without a reason");
  return changes;
}

}  // namespace lantern::mutation
