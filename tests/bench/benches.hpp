// What is measured. Each makes its duels and lets them fight, or measures something that has no other side; it prints
// lines of the table, and gives the number of targets missed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "workload.hpp"

namespace bench {

struct Settings {
  int rounds = 5;
  std::uint64_t events = 500'000;        ///< of the log that the big duels read
  std::uint64_t keyed_events = 200'000;  ///< of the log that keyed views are made of
  std::string program{};                 ///< the `lantern` program; empty: what needs it is left out
  std::string myself{};                  ///< this program's own file, to be run as another process
  std::string only{};                    ///< run only what has this in its name
  /// Of the lines that show growth, which are long.
  [[nodiscard]] int few_rounds() const { return std::min(rounds, 3); }
  [[nodiscard]] bool wants(const std::string& name) const { return name.find(only) != std::string::npos; }
};

int pipeline_bench(const Settings&);
int fold_bench(const Settings&);
int catch_up_bench(const Settings&, const ScratchDirectory&);
int sql_projection_bench(const Settings&, const ScratchDirectory&);
int keyed_bench(const Settings&, const ScratchDirectory&);
int beside_bench(const Settings&, const ScratchDirectory&);
int import_bench(const Settings&, const ScratchDirectory&);
int streams_bench(const Settings&, const ScratchDirectory&);
int simulation_bench(const Settings&);
void latency_bench(const Settings&, const ScratchDirectory&);

}  // namespace bench
