#include "mutation/bench.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

namespace lantern::mutation {
namespace {

namespace fs = std::filesystem;

// A program's tests, cheapest first, are run up to each of these parts of the time of all, and then looked at. The
// dearest are left out: they explore what the others look at one by one. But not of a program that is cheap itself.
constexpr double parts[] = {0.01, 0.03, 0.1, 0.4};
constexpr double cheap_program = 10;  // seconds

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

/// True when `made` was written after all files of a folder, or after one file.
bool is_newer(const fs::path& made, const fs::path& of) {
  if (!fs::exists(made)) return false;
  const auto time = fs::last_write_time(made);
  if (!fs::is_directory(of)) return fs::last_write_time(of) < time;
  return std::ranges::all_of(fs::directory_iterator(of), [&](const auto& file) { return is_newer(made, file.path()); });
}

struct Timed {
  std::string title;
  double seconds;
};

/// The cases of a run that was reported as XML.
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
  return cases;
}

/// What all commands so far have worked.
double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/// The tests of a program, and the processor time of each. Measured once for each time that it is built.
std::vector<Timed> times_of(const std::string& program, const std::string& build, const std::string& file) {
  std::vector<Timed> cases;
  if (is_newer(file, build + "/" + program)) {
    std::istringstream lines(read_file(file));
    Timed one;
    while (lines >> one.seconds && lines.get() && std::getline(lines, one.title)) cases.push_back(one);
  } else {
    const double before = processor_seconds();
    cases = cases_of(output_of(build, program + " -r xml -d yes"));
    const double worked = processor_seconds() - before;
    double all = 0;
    for (const Timed& one : cases) all += one.seconds;
    std::string lines;
    for (Timed& one : cases) {
      one.seconds *= worked / all;  // it may have had a part of a processor only
      lines += std::to_string(one.seconds) + " " + one.title + "\n";
    }
    write_file(file, lines);
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
    const std::string header = work_ + "/" + name + ".hpp", made = header + ".gch";
    if (fs::exists(header) && read_file(header) == text && is_newer(made, paths_.source + "/core/include/lantern")) {
      continue;
    }
    write_file(header, text);
    (void)output_of(work_, "c++ " + flags(paths_) + " -x c++-header " + header + " -o " + made);
  }
  for (const std::string& words : programs) {
    const auto name_end = std::min(words.find(' '), words.size());
    const std::string name = words.substr(0, name_end);
    programs_.push_back({name, link_command(paths_, name)});
    if (name_end == words.size()) time_tests(programs_.size() - 1, thorough);
    else time_whole(programs_.size() - 1, words.substr(name_end));
  }
  std::ranges::stable_sort(batches_, {}, &Batch::seconds);
  std::set<std::size_t> seen;
  for (const Batch& batch : batches_) {  // within the limits, too: else every mutant would count as noticed
    const std::string& name = programs_[batch.program].name;
    if (!seen.insert(batch.program).second || run(batch, paths_.build + "/" + name) == Fate::survived) continue;
    throw std::runtime_error(name + batch.arguments + ": it fails within the limits, without any change");
  }
  read_killers();
}

void Bench::add_batch(std::size_t program, std::string arguments, double seconds) {
  const auto cpu = 2 + static_cast<unsigned>(3 * seconds);
  batches_.push_back({program, std::move(arguments), seconds, {cpu, 60 + 30 * cpu}});
}

void Bench::time_tests(std::size_t program, bool thorough) {
  const std::string& name = programs_[program].name;
  const std::vector<Timed> cases =
      times_of(name, paths_.build, work_ + "/" + fs::path(name).filename().string() + ".times");
  double all = 0;
  for (const Timed& one : cases) all += one.seconds;
  double so_far = 0;
  auto next = cases.begin();
  const auto batch_up_to = [&](double end) {
    std::string list;
    const double began = so_far;
    for (; next != cases.end() && so_far + next->seconds <= end; ++next) {
      list += in_list(next->title);
      so_far += next->seconds;
    }
    if (list.empty()) return;
    const std::string file = work_ + "/" + fs::path(name).filename().string() + "." + std::to_string(batches_.size());
    write_file(file, list);
    add_batch(program, " --abort -f " + file, so_far - began);
  };
  for (const double part : parts) batch_up_to(part * all);
  if (thorough || all <= cheap_program) batch_up_to(2 * all);
  left_out_ += static_cast<std::size_t>(cases.end() - next);
}

void Bench::time_whole(std::size_t program, const std::string& arguments) {
  std::string words = arguments;
  replace(words, "@SOURCE@", paths_.source);
  const double before = processor_seconds();
  (void)output_of(paths_.build, programs_[program].name + words);
  add_batch(program, words, processor_seconds() - before);
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

Fate Bench::run(const Batch& batch, const std::string& executable) const {
  // What the limits end is told apart by its status.
  const std::string line = executable + batch.arguments + "; s=$?; case $s in 137 | 152) touch " + executable +
                           ".endless ;; esac; [ $s -eq 0 ]";
  if (succeeds(paths_.build, line, batch.limits)) return Fate::survived;
  return fs::remove(executable + ".endless") ? Fate::endless : Fate::killed;
}

Fate Bench::run_core_tests(const std::string& executable) const {
  for (const Batch& batch : batches_) {
    if (batch.program != 0) continue;
    if (const Fate fate = run(batch, executable); fate != Fate::survived) return fate;
  }
  return Fate::survived;
}

Fate Bench::try_programs(const std::string& objects, const std::string& folder) const {
  std::set<std::size_t> linked;
  for (const Batch& batch : batches_) {
    const std::string executable = folder + "/tests" + std::to_string(batch.program);
    if (linked.insert(batch.program).second) {
      std::string link = programs_[batch.program].link;
      replace(link, "@FIRST@", objects);
      replace(link, "@OUT@", executable);
      if (!succeeds(paths_.build, link)) return Fate::not_compiled;
    }
    if (const Fate fate = run(batch, executable); fate != Fate::survived) return fate;
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

/// The objects of these sources of a folder, or nothing when one does not compile.
std::optional<std::string> Bench::compile_all(const fs::path& folder, const std::set<std::string>& names) const {
  // What they include is read once, when they can be compiled as one.
  std::string all;
  for (const std::string& name : names) {
    if (name.ends_with(".cpp")) all += "#include \"" + name + "\"\n";
  }
  const std::string together = folder / "together.cpp";
  write_file(together, all);
  if (succeeds(folder, compile(together, together + ".o", "core"))) return " " + together + ".o";
  std::string objects;
  for (const std::string& name : names) {
    if (!name.ends_with(".cpp")) continue;
    const std::string source = folder / name;
    if (!succeeds(folder, compile(source, source + ".o", "core"))) return std::nullopt;
    objects += " " + source + ".o";
  }
  return objects;
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
  const std::optional<std::string> objects = compile_all(copy, seeing);
  if (!objects) return Fate::not_compiled;
  // Tests of the header itself.
  for (const Killers& known : killers_) {
    if (known.header != mutant.file) continue;
    for (const std::string& test : known.tests) {
      const std::string source = paths_.source + "/tests/core/" + test + ".cpp", object = folder + "/" + test + ".o";
      if (!succeeds(folder, compile(source, object, "tests", "-I" + copy.string()))) return Fate::not_compiled;
      std::string link = programs_.front().link;
      replace(link, "@FIRST@", object + *objects);
      replace(link, "@OUT@", folder + "/tests");
      // In place of the program's own object of this test.
      const auto own = link.find("/" + test + ".cpp.o");
      const auto begin = link.rfind(' ', own) + 1;
      if (own != link.npos) link.erase(begin, link.find(' ', own) - begin);
      if (!succeeds(paths_.build, link)) return Fate::not_compiled;
      if (const Fate fate = run_core_tests(folder + "/tests"); fate != Fate::survived) return fate;
    }
  }
  return try_programs(*objects, folder);
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
    if (const Fate fate = run_core_tests(folder + "/tests"); fate != Fate::survived) return fate;
  }
  return Fate::survived;
}

Fate Bench::try_mutant(const Mutant& mutant, const std::string& folder) const {
  fs::create_directories(folder);
  if (mutant.file.ends_with(".cpp")) return try_source(mutant, folder);
  return mutant.file.starts_with("core/src/") ? try_private_header(mutant, folder) : try_public_header(mutant, folder);
}

}  // namespace lantern::mutation
