// lantern_bench [--rounds=N] [--events=N] [--program=FILE] [--only=PART-OF-A-NAME]: prints a table of ratios. The exit
// status is 1 when a target is missed.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "benches.hpp"
#include "child.hpp"
#include "duel.hpp"
#include "keyed_work.hpp"

namespace {

bool take(std::string_view argument, std::string_view option, std::string& value) {
  if (argument.substr(0, option.size()) != option) return false;
  value = argument.substr(option.size());
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  using namespace bench;
  if (count == 3 && std::string_view(arguments[1]) == "--append-for-latency") {
    return append_for_latency(arguments[2]);
  }
  if (count == 4 && std::string_view(arguments[1]) == "--run-accounts") {
    return run_accounts(arguments[2], arguments[3]);
  }
  if (count == 4 && std::string_view(arguments[1]) == "--rebuild-on-and-on") {
    return rebuild_on_and_on(arguments[2], arguments[3]);
  }
  if (count > 3 && std::string_view(arguments[1]) == "--tell-cost-of") {
    return run_and_tell({arguments + 2, arguments + count});
  }
  Settings settings;
  settings.myself = "/proc/self/exe";
  for (int i = 1; i < count; ++i) {
    std::string value;
    if (take(arguments[i], "--rounds=", value)) settings.rounds = std::atoi(value.c_str());
    else if (take(arguments[i], "--events=", value)) {
      settings.events = settings.keyed_events = std::strtoull(value.c_str(), nullptr, 10);
    } else if (take(arguments[i], "--program=", value)) settings.program = value;
    else if (take(arguments[i], "--only=", value)) settings.only = value;
    else must(false, std::string("no such option: ") + arguments[i]);
  }
  must(settings.rounds >= 1 && settings.events >= 10'000, "at least 1 round, and at least 10000 events");
  must(settings.program.empty() || access(settings.program.c_str(), X_OK) == 0, "no such program: " + settings.program);

  std::printf(
      "%u processors, SQLite %s, %d rounds in turns after one that does not count; medians (lowest .. highest)\n",
      std::thread::hardware_concurrency(), sqlite3_libversion(), settings.rounds);
  std::printf(
      "A spread above 15 %% says that the machine was not quiet; then only the ratios count, and not all of them.\n\n");
  // Memory that is given back stays with the process: the kernel's page faults are not what is measured.
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  const ScratchDirectory scratch;
  print_head();
  int missed = pipeline_bench(settings);
  missed += fold_bench(settings);
  missed += catch_up_bench(settings, scratch);
  missed += sql_projection_bench(settings, scratch);
  missed += keyed_bench(settings, scratch);
  missed += beside_bench(settings, scratch);
  missed += streams_bench(settings, scratch);
  missed += import_bench(settings, scratch);
  latency_bench(settings, scratch);
  missed += simulation_bench(settings);
  if (missed) std::printf("\n%d target%s missed\n", missed, missed == 1 ? "" : "s");
  return missed ? 1 : 0;
}
