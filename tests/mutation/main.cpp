// lantern_mutate SOURCE_DIR BUILD_DIR [--sample=N] [--seed=S] [--jobs=N] [--programs=A,B]
// [--thorough] [--at-least=PERCENT] [FILE…]: changes the core in
// one small way at a time, and counts the changes that no test notices.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "mutation/bench.hpp"
#include "mutation/equivalents.hpp"

namespace {

using namespace lantern::mutation;

struct Options {
  Paths paths{};
  std::size_t sample{};  ///< 0: all
  std::uint64_t seed{1};
  unsigned jobs{std::max(1u, std::thread::hardware_concurrency())};
  std::vector<std::string> programs{
      "tests/core/test_core",
      "tests/core/test_follower",
      "tests/core/test_folds",
      "tests/core/test_upcasting",
      "tests/streams/test_streams",
      "tests/simulation/test_fault_matrix",
      "tests/simulation/simulation_seeds @SOURCE@/tests/simulation/failing_seeds.txt 10000"};
  bool thorough{};
  std::uint64_t at_least{};  ///< percent that must be noticed
  std::vector<std::string> files{};
};

std::uint64_t number(std::string_view option, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error(std::string(option) + " needs a whole number, not '" + std::string(text) + "'");
  }
  return value;
}

Options parse(const std::vector<std::string>& words) {
  if (words.size() < 2) throw std::runtime_error("usage: lantern_mutate SOURCE_DIR BUILD_DIR [OPTION…] [FILE…]");
  Options options;
  options.paths = {words[0], words[1]};
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(0, equals), value = word.substr(std::min(equals + 1, word.size()));
    if (!word.starts_with("--")) options.files.push_back(word);
    else if (name == "--sample") options.sample = number(name, value);
    else if (word == "--thorough") options.thorough = true;
    else if (name == "--at-least") options.at_least = number(name, value);
    else if (name == "--seed") options.seed = number(name, value);
    else if (name == "--jobs") options.jobs = static_cast<unsigned>(std::max<std::uint64_t>(1, number(name, value)));
    else if (name == "--programs") {
      options.programs.clear();
      std::istringstream list(value);
      for (std::string program; std::getline(list, program, ',');) options.programs.push_back(program);
    } else throw std::runtime_error("there is no option " + word);
  }
  return options;
}

std::vector<std::string> files_of_core(const std::string& source) {
  std::vector<std::string> files;
  for (const char* folder : {"core/src", "core/include/lantern"}) {
    for (const auto& file : std::filesystem::directory_iterator(source + "/" + folder)) {
      files.push_back(std::string(folder) + "/" + file.path().filename().string());
    }
  }
  std::ranges::sort(files);
  return files;
}

/// A choice that is the same for the same seed, on every machine (SplitMix64).
std::vector<Mutant> sample(std::vector<Mutant> all, std::size_t count, std::uint64_t seed) {
  if (count == 0 || count >= all.size()) return all;
  const auto next = [&seed] {
    std::uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  };
  for (std::size_t i = 0; i < count; ++i) std::swap(all[i], all[i + next() % (all.size() - i)]);
  all.resize(count);
  return all;
}

struct Score {
  std::size_t killed{}, endless{}, survived{}, equivalent{}, not_compiled{};
};

double percent(const Score& score) {
  const std::size_t dead = score.killed + score.endless, counted = dead + score.survived;
  return counted == 0 ? 100 : 100 * static_cast<double>(dead) / static_cast<double>(counted);
}

void print(const std::string& name, const Score& score) {
  std::printf("%-40s %7zu %7zu %8zu %8zu %10zu %12zu %8.1f %%\n", name.c_str(),
              score.killed + score.endless + score.survived, score.killed, score.endless, score.survived,
              score.equivalent, score.not_compiled, percent(score));
}

class Trial {
 public:
  Trial(const Options& options, const Bench& bench, std::vector<Mutant> mutants)
      : options_(options),
        bench_(bench),
        mutants_(std::move(mutants)),
        equivalents_(parse_equivalents(read_file(options.paths.source + "/tests/mutation/equivalent.txt"))) {}

  void run() {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < options_.jobs; ++i) {
      workers.emplace_back([this, folder = options_.paths.build + "/mutation/worker" + std::to_string(i)] {
        for (std::size_t at = 0; (at = next_++) < mutants_.size();) one(mutants_[at], folder);
      });
    }
  }

  /// Prints the scores; gives that of all files.
  Score report() const {
    std::printf("\n%-40s %7s %7s %8s %8s %10s %12s %10s\n", "", "counted", "killed", "endless", "survived",
                "equivalent", "no program", "score");
    Score all;
    for (const auto& [file, score] : scores_) {
      print(file, score);
      all.killed += score.killed;
      all.endless += score.endless;
      all.survived += score.survived;
      all.equivalent += score.equivalent;
      all.not_compiled += score.not_compiled;
    }
    print("all of it", all);
    return all;
  }

 private:
  void one(const Mutant& mutant, const std::string& folder) {
    const std::string source = read_file(options_.paths.source + "/" + mutant.file);
    const std::string before = lines_before(source, mutant), after = lines_after(source, mutant);
    const bool equivalent = equivalents_.contains({mutant.file, before, after});
    const Fate fate = equivalent ? Fate::survived : bench_.try_mutant(mutant, folder);
    const std::lock_guard lock(mutex_);
    Score& score = scores_[mutant.file];
    if (equivalent) ++score.equivalent;
    else if (fate == Fate::killed) ++score.killed;
    else if (fate == Fate::endless) ++score.endless;
    else if (fate == Fate::not_compiled) ++score.not_compiled;
    else {
      ++score.survived;
      std::printf("%s:%llu: survived (%s)\n  in: %s\n  to: %s\n", mutant.file.c_str(),
                  static_cast<unsigned long long>(mutant.line), mutant.operation.c_str(), before.c_str(),
                  after.c_str());
    }
    noticed_ += fate == Fate::killed || fate == Fate::endless;
    if (++done_ % 10 == 0) std::printf("... %zu of %zu, %zu noticed\n", done_, mutants_.size(), noticed_);
    std::fflush(stdout);
  }

  const Options& options_;
  const Bench& bench_;
  std::vector<Mutant> mutants_;
  std::set<Change> equivalents_;
  std::atomic<std::size_t> next_{};
  std::mutex mutex_{};
  std::size_t done_{}, noticed_{};
  std::map<std::string, Score> scores_{};
};

int run(const std::vector<std::string>& words) {
  Options options = parse(words);
  if (options.files.empty()) options.files = files_of_core(options.paths.source);
  std::vector<Mutant> mutants;
  for (const std::string& file : options.files) {
    for (Mutant& mutant : mutants_of(file, read_file(options.paths.source + "/" + file))) mutants.push_back(mutant);
  }
  const std::size_t all = mutants.size();
  mutants = sample(std::move(mutants), options.sample, options.seed);
  std::printf("%zu of %zu mutants\n", mutants.size(), all);
  std::fflush(stdout);

  const Bench bench(options.paths, options.programs, options.thorough);
  for (const Batch& batch : bench.batches()) std::printf("%6.1f s %s\n", batch.seconds, batch.arguments.c_str());
  std::printf("%zu dear tests are left out\n", bench.tests_left_out());
  std::fflush(stdout);
  const auto began = std::chrono::steady_clock::now();
  Trial trial(options, bench, std::move(mutants));
  trial.run();
  const Score all_scores = trial.report();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("in %.0f s, %u at a time\n", took.count(), options.jobs);
  return percent(all_scores) >= static_cast<double>(options.at_least) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "lantern_mutate: " << error.what() << "\n";
    return 2;
  }
}
