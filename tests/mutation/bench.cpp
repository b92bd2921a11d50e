#include "mutation/bench.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

namespace lantern::mutation {
namespace {

namespace fs = std::filesystem;

// The tests, cheapest first, up to this part of the time of all. The dearest explore what the others look at one by
// one.
constexpr double cheap_part = 0.03, part = 0.4;

// What a mutant of a source is compiled with: all but the core's private headers, which are small.
constexpr const char* for_core = R"(#pragma once
#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include "lantern/keyed_binding.hpp"
#include "lantern/names.hpp"
#include "lantern/observer.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/refuse.hpp"
#include "lantern/refuse_views.hpp"
#include "lantern/timestamp.hpp"
#include "lantern/traced.hpp"
#include "lantern/view_follower.hpp"
#include "lantern/waiting.hpp"
)";
// What a test is compiled with, when a public header is changed: none of lantern's.
constexpr const char* for_tests = R"(#pragma once
#include <catch2/catch.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <tl/expected.hpp>
#include <unordered_map>
#include <variant>
#include <vector>
)";

std::string flags(const Paths& paths) {
  // Not optimised, and no inlining: where two objects define the same inline function, the first one's is taken.
  return "-std=gnu++20 -O0 -g0 -w -fno-inline -DLANTERN_SOURCE_DIR='\"" + paths.source + "\"' -I" + paths.source +
         "/core/include -I" + paths.source + "/core/src -I" + paths.source + "/tests/support";
}

void replace(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) text.replace(at, what.size(), by);
}

/// How ninja links the program.
std::string link_command(const Paths& paths, const std::string& program) {
  const std::string all = output_of(paths.build, "ninja -t commands " + shell_word(program) + " | tail -n 1");
  const auto begin = all.find(": && ");
  const auto end = all.find(" && ", begin + 5);
  const std::string made = " -o " + program + " ";
  std::string link = begin == all.npos ? "" : all.substr(begin + 5, end - begin - 5);
  const auto out = link.find(made);
  if (out == link.npos) throw std::runtime_error("how " + program + " is linked is not understood: " + all);
  link.replace(out, made.size(), " -Wl,-s -o @OUT@ ");
  const auto compiler_end = link.find(' ');
  return link.insert(compiler_end, " @FIRST@");
}

std::string unescaped(std::string text) {
  replace(text, "&lt;", "<");
  replace(text, "&gt;", ">");
  replace(text, "&quot;", "\"");
  replace(text, "&apos;", "'");
  replace(text, "&amp;", "&");
  return text;
}

struct Timed {
  std::string title;
  double seconds;
};

/// The cases of a run that was reported as XML, cheapest first.
std::vector<Timed> cases_of(const std::string& xml) {
  std::vector<Timed> cases;
  const std::string opening = "<TestCase name=\"", lasted = "<OverallResult success=\"true\" durationInSeconds=\"";
  for (std::size_t at = 0; (at = xml.find(opening, at)) != xml.npos;) {
    at += opening.size();
    const std::string title = unescaped(xml.substr(at, xml.find('"', at) - at));
    const auto next = xml.find(opening, at), result = xml.find(lasted, at);
    if (result == xml.npos || result > next) throw std::runtime_error("a test fails without any change: " + title);
    cases.push_back({title, std::stod(xml.substr(result + lasted.size(), 20))});
  }
  std::ranges::stable_sort(cases, {}, &Timed::seconds);
  return cases;
}

std::string in_list(std::string title) {
  std::string line;
  for (const char c : title) {
    if (c == '"' || c == '\\' || c == ',' || c == '[') line += '\\';
    line += c;
  }
  return line + "\n";
}

}  // namespace

Bench::Bench(Paths paths, const std::vector<std::string>& programs, bool thorough)
    : paths_(std::move(paths)), work_(paths_.build + "/mutation") {
  fs::create_directories(work_);
  for (const auto& [name, text] : {std::pair("core", for_core), std::pair("tests", for_tests)}) {
    const std::string header = work_ + "/" + name + ".hpp";
    write_file(header, text);
    (void)output_of(work_, "c++ " + flags(paths_) + " -x c++-header " + header + " -o " + header + ".gch");
  }
  for (const std::string& name : programs) {
    Program program{name, link_command(paths_, name), {}};
    time_tests(program, thorough);
    // Else every mutant would count as noticed.
    if (run_tests(program, paths_.build + "/" + name) != Fate::survived) {
      throw std::runtime_error(name + ": its tests fail within the limits, without any change");
    }
    programs_.push_back(std::move(program));
  }
  read_killers();
}

void Bench::time_tests(Program& program, bool thorough) {
  const std::string xml = output_of(paths_.build, program.name + " -r xml -d yes");
  const std::vector<Timed> cases = cases_of(xml);
  double all = 0;
  for (const Timed& one : cases) all += one.seconds;
  std::string quick, slow;
  double quick_seconds = 0, seconds_so_far = 0;
  for (const auto& [title, seconds] : cases) {
    seconds_so_far += seconds;
    if (seconds_so_far <= cheap_part * all) {
      quick += in_list(title);
      quick_seconds = seconds_so_far;
    } else if (thorough || seconds_so_far <= part * all) {
      slow += in_list(title);
    } else {
      ++left_out_;
    }
  }
  const double slow_seconds = all - quick_seconds;
  for (const auto& [kind, list, seconds] :
       {std::tuple("quick", quick, quick_seconds), std::tuple("slow", slow, slow_seconds)}) {
    if (list.empty()) continue;
    const std::string file = work_ + "/" + fs::path(program.name).filename().string() + "." + kind;
    write_file(file, list);
    const auto cpu = 2 + static_cast<unsigned>(3 * seconds);
    program.batches.push_back({file, {cpu, 60 + 30 * cpu}});
  }
}

/// `killers.txt`: for each public header, the tests that know it best.
void Bench::read_killers() {
  std::istringstream lines(read_file(paths_.source + "/tests/mutation/killers.txt"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Killers killers;
    if (!(words >> killers.header) || killers.header.starts_with('#')) continue;
    for (std::string test; words >> test;) killers.tests.push_back(test);
    killers_.push_back(std::move(killers));
  }
}

std::string Bench::compile(const std::string& source, const std::string& object, const char* headers,
                           const std::string& first_includes) const {
  return "c++ -include " + work_ + "/" + headers + ".hpp " + first_includes + " " + flags(paths_) + " -c " + source +
         " -o " + object;
}

Fate Bench::run_tests(const Program& program, const std::string& executable) const {
  for (const Batch& batch : program.batches) {
    // Ends itself at the first failure; and what the limits end is told apart by its status.
    const std::string run = executable + " --abort -f " + batch.list + "; s=$?; case $s in 137 | 152) " + "touch " +
                            executable + ".endless ;; esac; [ $s -eq 0 ]";
    if (succeeds(paths_.build, run, batch.limits)) continue;
    return fs::remove(executable + ".endless") ? Fate::endless : Fate::killed;
  }
  return Fate::survived;
}

Fate Bench::try_programs(const std::string& objects, const std::string& folder) const {
  for (const Program& program : programs_) {
    const std::string executable = folder + "/tests";
    std::string link = program.link;
    replace(link, "@FIRST@", objects);
    replace(link, "@OUT@", executable);
    if (!succeeds(paths_.build, link)) return Fate::not_compiled;
    if (const Fate fate = run_tests(program, executable); fate != Fate::survived) return fate;
  }
  return Fate::survived;
}

Fate Bench::try_source(const Mutant& mutant, const std::string& folder) const {
  const std::string source = folder + "/" + fs::path(mutant.file).filename().string();
  write_file(source, mutated(read_file(paths_.source + "/" + mutant.file), mutant));
  const std::string object = source + ".o";
  if (!succeeds(folder, compile(source, object, "core"))) return Fate::not_compiled;
  return try_programs(object, folder);
}

/// All sources that see the header, compiled with a copy of their folder.
Fate Bench::try_private_header(const Mutant& mutant, const std::string& folder) const {
  const fs::path copy = fs::path(folder) / "src";
  fs::remove_all(copy);
  fs::copy(paths_.source + "/core/src", copy);
  const std::string changed = fs::path(mutant.file).filename().string();
  write_file(copy / changed, mutated(read_file(paths_.source + "/" + mutant.file), mutant));

  std::set<std::string> seeing{changed};
  for (std::size_t before = 0; before != seeing.size();) {
    before = seeing.size();
    for (const auto& file : fs::directory_iterator(copy)) {
      const std::string text = read_file(file.path());
      const auto sees = [&](const std::string& header) {
        return text.find("#include \"" + header + "\"") != text.npos;
      };
      if (std::ranges::any_of(seeing, sees)) seeing.insert(file.path().filename());
    }
  }
  std::string objects;
  for (const std::string& name : seeing) {
    if (!name.ends_with(".cpp")) continue;
    const std::string source = copy / name;
    if (!succeeds(folder, compile(source, source + ".o", "core"))) return Fate::not_compiled;
    objects += " " + source + ".o";
  }
  // Tests of the header itself.
  for (const Killers& known : killers_) {
    if (known.header != mutant.file) continue;
    for (const std::string& test : known.tests) {
      const std::string source = paths_.source + "/tests/core/" + test + ".cpp", object = folder + "/" + test + ".o";
      if (!succeeds(folder, compile(source, object, "tests", "-I" + copy.string()))) return Fate::not_compiled;
      std::string link = programs_.front().link;
      replace(link, "@FIRST@", object + objects);
      replace(link, "@OUT@", folder + "/tests");
      // In place of the program's own object of this test.
      const auto own = link.find("/" + test + ".cpp.o");
      const auto begin = link.rfind(' ', own) + 1;
      if (own != link.npos) link.erase(begin, link.find(' ', own) - begin);
      if (!succeeds(paths_.build, link)) return Fate::not_compiled;
      if (const Fate fate = run_tests(programs_.front(), folder + "/tests"); fate != Fate::survived) return fate;
    }
  }
  return try_programs(objects, folder);
}

/// One test after the other is compiled with the header and linked before the core, whose inline functions then give
/// way to those of the test.
Fate Bench::try_public_header(const Mutant& mutant, const std::string& folder) const {
  const fs::path include = fs::path(folder) / "include";
  fs::remove_all(include);
  const std::string name = fs::path(mutant.file).filename().string();
  write_file(include / "lantern" / name, mutated(read_file(paths_.source + "/" + mutant.file), mutant));
  const auto known = std::ranges::find(killers_, mutant.file, &Killers::header);
  if (known == killers_.end()) return Fate::not_compiled;

  for (const std::string& test : known->tests) {
    const std::string source = paths_.source + "/tests/core/" + test + ".cpp", object = folder + "/" + test + ".o";
    if (!succeeds(folder, compile(source, object, "tests", "-I" + include.string()))) return Fate::not_compiled;
    // That test alone: the program's other objects stay out.
    std::istringstream words(programs_.front().link);
    std::string link;
    for (std::string word; words >> word;) {
      if (!word.ends_with(".cpp.o")) link += word + " ";
    }
    replace(link, "@FIRST@", object);
    replace(link, "@OUT@", folder + "/tests");
    if (!succeeds(paths_.build, link)) return Fate::not_compiled;
    Program alone = programs_.front();
    if (const Fate fate = run_tests(alone, folder + "/tests"); fate != Fate::survived) return fate;
  }
  return Fate::survived;
}

Fate Bench::try_mutant(const Mutant& mutant, const std::string& folder) const {
  fs::create_directories(folder);
  if (mutant.file.ends_with(".cpp")) return try_source(mutant, folder);
  return mutant.file.starts_with("core/src/") ? try_private_header(mutant, folder) : try_public_header(mutant, folder);
}

}  // namespace lantern::mutation
