// The bench on which mutants are tried: how to compile one, what to link it with, and which tests to run.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mutation/mutants.hpp"
#include "mutation/shell.hpp"

namespace lantern::mutation {

enum class Fate {
  killed,   ///< a test failed, or crashed
  endless,  ///< a test did not end within its limits, or asked for memory without end
  survived,
  not_compiled,  ///< no change that a programmer could make; not counted
};

struct Paths {
  std::string source{};  ///< the repository
  std::string build{};   ///< where its tests are built
};

/// A test program, and how it is linked.
struct Program {
  std::string name{};  ///< of its file, from the build folder
  std::string link{};  ///< the command, with `@FIRST@` where a mutant's objects go and `@OUT@` for what it makes
};

/// Tests that are run together: a part of a program, or all of it.
struct Batch {
  std::size_t program{};    ///< its index
  std::string arguments{};  ///< that make the program run these tests, and end at the first one that fails
  double seconds{};         ///< that it takes without any change
  Limits limits{};
};

/// Prepared once; `try_mutant` may then be called from several threads, each with a folder of its own.
class Bench {
 public:
  /// Precompiles headers, times the tests, and sees that all of them pass. Throws std::runtime_error if not. The few
  /// dearest tests are left out, unless it is to be thorough.
  /// `programs`: of Catch, by their files from the build folder; the first one is the core's own. One that is followed
  /// by arguments is no program of Catch, and is run with these as a whole (`@SOURCE@`: the repository).
  Bench(Paths paths, const std::vector<std::string>& programs, bool thorough);

  [[nodiscard]] std::size_t tests_left_out() const noexcept { return left_out_; }
  /// In the order in which they are tried.
  [[nodiscard]] const std::vector<Batch>& batches() const noexcept { return batches_; }

  [[nodiscard]] Fate try_mutant(const Mutant& mutant, const std::string& folder) const;

 private:
  [[nodiscard]] Fate try_source(const Mutant& mutant, const std::string& folder) const;
  [[nodiscard]] Fate try_private_header(const Mutant& mutant, const std::string& folder) const;
  [[nodiscard]] Fate try_public_header(const Mutant& mutant, const std::string& folder) const;
  /// Links programs with these objects in place of their own, and runs their tests, cheapest first.
  [[nodiscard]] Fate try_programs(const std::string& objects, const std::string& folder) const;
  /// Those of the core's own program.
  [[nodiscard]] Fate run_core_tests(const std::string& executable) const;
  [[nodiscard]] Fate run(const Batch& batch, const std::string& executable) const;
  [[nodiscard]] std::string compile(const std::string& source, const std::string& object, const char* headers,
                                    const std::string& first_includes = {}) const;
  [[nodiscard]] std::optional<std::string> compile_all(const std::filesystem::path& folder,
                                                       const std::set<std::string>& names) const;
  void read_killers();
  void time_tests(std::size_t program, bool thorough);
  void time_whole(std::size_t program, const std::string& arguments);
  void add_batch(std::size_t program, std::string arguments, double seconds);

  Paths paths_;
  std::string work_;  ///< for what is prepared
  std::vector<Program> programs_{};
  std::vector<Batch> batches_{};
  struct Killers {
    std::string header{};
    std::vector<std::string> tests{};
  };
  std::vector<Killers> killers_{};
  std::size_t left_out_{};
};

}  // namespace lantern::mutation
