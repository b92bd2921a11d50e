// lantern_gaps SOURCE_DIR EXCEPTIONS EXPORT…: how much of the core its tests have done, what they have not, and whether
// that is what the list of exceptions says.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <stdexcept>

#include "coverage/gaps.hpp"

namespace {

using namespace lantern::coverage;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": it cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

void add(Share& to, const Share& share) {
  to.done += share.done;
  to.all += share.all;
}

double percent(const Share& share) {
  return share.all == 0 ? 100 : 100 * static_cast<double>(share.done) / static_cast<double>(share.all);
}

void print_row(const std::string& name, const Findings& of) {
  std::printf("%-40s", name.c_str());
  for (const Share& share : {of.lines, of.branches, of.conditions}) {
    std::printf(" %5llu/%5llu %6.2f %%", static_cast<unsigned long long>(share.done),
                static_cast<unsigned long long>(share.all), percent(share));
  }
  std::printf("\n");
}

int run(const std::string& source_dir, const std::string& list, const std::vector<std::string>& exports) {
  SeenFiles files;
  for (const std::string& path : exports) add_export(files, contents(path));

  Findings all;
  std::printf("%-40s %20s %20s %20s\n", "", "lines", "branches", "MC/DC");
  for (const auto& [path, seen] : files) {
    if (!path.starts_with(source_dir + "/")) continue;
    const std::string name = path.substr(source_dir.size() + 1);
    const Findings found = look_for_gaps(name, seen, contents(path));
    if (!found.gaps.empty()) print_row(name, found);
    add(all.lines, found.lines);
    add(all.branches, found.branches);
    add(all.conditions, found.conditions);
    all.defaulted += found.defaulted;
    all.gaps.insert(all.gaps.end(), found.gaps.begin(), found.gaps.end());
  }
  print_row("all of it", all);
  std::printf("not counted: %llu branches of comparisons that are `= default`\n",
              static_cast<unsigned long long>(all.defaulted));

  std::set<Gap> excepted;
  for (const Exception& exception : parse_exceptions(contents(list))) excepted.insert(exception.gap);
  std::set<Gap> met;
  std::size_t open = 0;
  for (const auto& [gap, line] : all.gaps) {
    if (excepted.contains(gap)) {
      met.insert(gap);
      continue;
    }
    if (open++ == 0) std::printf("\nnot done by any test, and not in %s:\n", list.c_str());
    std::printf("%s:%llu: %s\n    in: %s\n", gap.file.c_str(), static_cast<unsigned long long>(line), gap.what.c_str(),
                gap.in.c_str());
  }
  std::vector<Gap> stale;
  std::set_difference(excepted.begin(), excepted.end(), met.begin(), met.end(), std::back_inserter(stale));
  for (const Gap& gap : stale) {
    std::printf("\nin %s, but done by a test, or gone; take it out:\n%s: %s\n    in: %s\n", list.c_str(),
                gap.file.c_str(), gap.what.c_str(), gap.in.c_str());
  }
  std::printf("\n%zu gaps are open, %zu are excepted, %zu exceptions are not needed\n", open, met.size(), stale.size());
  return open == 0 && stale.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: lantern_gaps SOURCE_DIR EXCEPTIONS EXPORT…\n";
    return 2;
  }
  try {
    return run(argv[1], argv[2], {argv + 3, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "lantern_gaps: " << error.what() << "\n";
    return 2;
  }
}
