#include "lantern/testing/simulation_main.hpp"

#include <charconv>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string_view>

#include "lantern/testing/simulate_seeds.hpp"

namespace lantern::testing {
namespace {

constexpr std::string_view help = R"(
Runs a projection in a simulated world of crashes, lost replies and late writers, and looks whether it always does what
it must. The same seed gives the same run.

  --seed S               one run: its options, its trace, and how it ended
  --options FILE         the same with the options in this file, as they were printed
  --seeds FIRST..LAST    these runs, up to the first that goes wrong
  --count N              that many runs, from seed 0 or that of --seeds FIRST (default 10000)
  --failing-seeds FILE   first those that once went wrong: in each line a seed, or the path of an options file that
                         begins at this file's folder; what follows a # is ignored
  --shrink               of a single run that goes wrong, print the smallest that still does; many runs always do so
  --all-marks            it is an error if a rare branch was never come by
  --quiet                of a single run, print the last line only; of many, only what went wrong

Exit code: 0 all went well, 1 a run went wrong, 2 the arguments make no sense, 3 a rare branch was never come by.
)";

struct Arguments {
  std::optional<std::uint64_t> seed{};
  std::string options{};
  std::optional<std::uint64_t> first{}, last{}, count{};
  std::string failing_seeds{};
  bool shrink{}, all_marks{}, quiet{}, help{};
};

using Wrong = tl::unexpected<std::string>;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

tl::expected<void, std::string> parse_seeds(Arguments& parsed, std::string_view text) {
  const auto dots = text.find("..");
  parsed.first = number(text.substr(0, dots));
  if (dots != text.npos) parsed.last = number(text.substr(dots + 2));
  if (parsed.first && (dots == text.npos || (parsed.last && *parsed.first <= *parsed.last))) return {};
  return Wrong("--seeds takes FIRST..LAST, two numbers in ascending order, not " + std::string(text));
}

tl::expected<Arguments, std::string> parse(int argc, char** argv) {
  Arguments parsed;
  for (int n = 1; n < argc; ++n) {
    std::string_view name = argv[n];
    std::optional<std::string_view> value;
    if (const auto equals = name.find('='); equals != name.npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const auto is_flag = [&](std::string_view flag, bool& set) {
      if (name != flag || value) return false;
      return set = true;
    };
    if (is_flag("--shrink", parsed.shrink) || is_flag("--all-marks", parsed.all_marks) ||
        is_flag("--quiet", parsed.quiet) || is_flag("--help", parsed.help)) {
      continue;
    }
    const bool takes_number = name == "--seed" || name == "--count";
    if (!takes_number && name != "--options" && name != "--seeds" && name != "--failing-seeds") {
      return Wrong("there is no option " + std::string(argv[n]));
    }
    if (!value && n + 1 < argc) value = argv[++n];
    if (!value || value->empty()) return Wrong(std::string(name) + " needs a value");
    if (takes_number) {
      const auto parsed_number = number(*value);
      if (!parsed_number) return Wrong(std::string(name) + " takes a number, not " + std::string(*value));
      (name == "--seed" ? parsed.seed : parsed.count) = parsed_number;
    } else if (name == "--options") parsed.options = *value;
    else if (name == "--failing-seeds") parsed.failing_seeds = *value;
    else if (auto fits = parse_seeds(parsed, *value); !fits) return Wrong(fits.error());
  }
  if (parsed.seed && !parsed.options.empty())
    return Wrong("--seed and --options exclude each other: the file has a seed");
  if (parsed.last && parsed.count) return Wrong("--seeds FIRST..LAST and --count exclude each other");
  return parsed;
}

tl::expected<std::string, std::string> text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in) return Wrong(file + " cannot be read");
  return std::move(text).str();
}

tl::expected<SimulationOptions, std::string> options_in(const std::string& file) {
  const auto text = text_of(file);
  if (!text) return Wrong(text.error());
  auto options = parse_options(*text);
  if (!options) return Wrong(file + ", " + options.error());
  return *options;
}

/// The runs that once went wrong.
tl::expected<std::vector<SimulationOptions>, std::string> failed_before(const std::string& file) {
  const auto text = text_of(file);
  if (!text) return Wrong(text.error());
  const std::string folder = file.substr(0, file.find_last_of('/') + 1);
  std::vector<SimulationOptions> runs;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    line.erase(std::min(line.find('#'), line.size()));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.pop_back();
    line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty()) continue;
    if (const auto seed = number(line)) {
      runs.push_back(options_of_seed(*seed));
      continue;
    }
    const auto options = options_in(line.front() == '/' ? line : folder + line);
    if (!options) return Wrong(file + " names " + options.error());
    runs.push_back(*options);
  }
  return runs;
}

int exit_with(SimulationExit code) { return static_cast<int>(code); }

int run_one(const Scenario& scenario, const SimulationOptions& options, const Arguments& arguments) {
  const SimulationReport report = simulate(scenario, options, SimulationView{.trace = !arguments.quiet});
  if (!arguments.quiet) std::cout << report;
  else if (report.ok()) std::cout << "ok\n";
  else std::cout << "VIOLATED " << report.violation->invariant << ": " << report.violation->what << '\n';
  if (report.ok()) return exit_with(SimulationExit::ok);
  if (arguments.shrink) std::cout << '\n' << shrink(scenario, report);
  return exit_with(SimulationExit::violated);
}

int run_many(const Scenario& scenario, const std::vector<SimulationOptions>& before, const Arguments& arguments) {
  Marks marks;
  for (const SimulationOptions& options : before) {
    const SimulationReport report = simulate(scenario, options);
    marks |= report.marks;
    if (report.ok()) continue;
    std::cout << "a run that once went wrong does so again\n" << shrink(scenario, report);
    return exit_with(SimulationExit::violated);
  }
  Seeds seeds{.first = arguments.first.value_or(0)};
  if (arguments.count) seeds.count = *arguments.count;
  if (arguments.last) seeds.count = *arguments.last - seeds.first + 1;
  const SeedsReport report = simulate_seeds(scenario, seeds);
  marks |= report.marks;
  if (!arguments.quiet || !report.ok()) std::cout << report;
  if (!report.ok()) return exit_with(SimulationExit::violated);
  const auto missing = marks.missing();
  if (!arguments.all_marks || missing.empty()) return exit_with(SimulationExit::ok);
  for (const Mark mark : missing) std::cout << "never come by: " << to_string(mark) << '\n';
  return exit_with(SimulationExit::never_marked);
}

}  // namespace

int simulation_main(int argc, char** argv, const Scenario& scenario) {
  const std::string program = argc > 0 ? argv[0] : "lantern-sim";
  const auto refuse = [&](const std::string& why) {
    std::cerr << program.substr(program.find_last_of('/') + 1) << ": " << why << " (--help says what there is)\n";
    return exit_with(SimulationExit::usage);
  };
  const auto arguments = parse(argc, argv);
  if (!arguments) return refuse(arguments.error());
  if (arguments->help) {
    std::cout << "Usage: " << program.substr(program.find_last_of('/') + 1) << " [OPTION…]\n" << help;
    return exit_with(SimulationExit::ok);
  }
  if (arguments->seed) return run_one(scenario, options_of_seed(*arguments->seed), *arguments);
  if (!arguments->options.empty()) {
    const auto options = options_in(arguments->options);
    return options ? run_one(scenario, *options, *arguments) : refuse(options.error());
  }
  std::vector<SimulationOptions> before;
  if (!arguments->failing_seeds.empty()) {
    auto known = failed_before(arguments->failing_seeds);
    if (!known) return refuse(known.error());
    before = *std::move(known);
  }
  return run_many(scenario, before, *arguments);
}

}  // namespace lantern::testing
