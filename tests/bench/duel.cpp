#include "duel.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>

namespace bench {
namespace {

/// Keeps the time of each run instead of printing it.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) seconds = run.real_accumulated_time / static_cast<double>(run.iterations);
  }
  double seconds = 0;
};

/// One round of one side.
double measure(const Work& work, int repeats) {
  benchmark::ClearRegisteredBenchmarks();
  benchmark::RegisterBenchmark("side",
                               [&work](benchmark::State& state) {
                                 for ([[maybe_unused]] auto turn : state) state.SetIterationTime(work());
                               })
      ->UseManualTime()
      ->Iterations(repeats);
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  return collector.seconds;
}

const char* verdict(const Target& target, double ratio, double extra_ns) {
  switch (target.kind) {
    case Target::Kind::none: return "";
    case Target::Kind::speed: return ratio >= target.limit ? "met" : "MISSED";
    case Target::Kind::extra_time: return extra_ns <= target.limit ? "met" : "MISSED";
  }
  return "";
}

std::string shown(const Target& target) {
  char text[32] = "";
  if (target.kind == Target::Kind::speed) std::snprintf(text, sizeof text, ">= %.2f", target.limit);
  if (target.kind == Target::Kind::extra_time) std::snprintf(text, sizeof text, "<= +%.1f ns", target.limit);
  return text;
}

}  // namespace

Spread spread_of(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const std::size_t middle = samples.size() / 2;
  const double median = samples.size() % 2 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
  return {samples.front(), median, samples.back()};
}

void print_head() {
  std::printf("%-44s %6s  %-13s %11s %-7s %28s %28s\n", "speed, lantern / by hand", "ratio", "(min .. max)", "target",
              "", "by hand, ns/event", "lantern, ns/event");
}

bool fight(const Duel& duel, int rounds) {
  std::vector<double> hand, lantern, ratio, extra;
  const double events = static_cast<double>(duel.events);
  for (int round = 0; round <= rounds; ++round) {
    const double a = measure(duel.by_hand, duel.repeats) * 1e9 / events,
                 b = measure(duel.by_lantern, duel.repeats) * 1e9 / events;
    if (round == 0) continue;  // files, caches and the processor's clock are warm now
    hand.push_back(a);
    lantern.push_back(b);
    ratio.push_back(a / b);  // of neighbours in time, so that a slow minute of the machine slows both
    extra.push_back(b - a);
  }
  const Spread h = spread_of(hand), l = spread_of(lantern), r = spread_of(ratio);
  const char* judged = verdict(duel.target, r.median, spread_of(extra).median);
  std::printf("%-44s %6.2f  (%.2f .. %.2f) %11s %-7s %8.1f (%7.1f .. %7.1f) %8.1f (%7.1f .. %7.1f)\n",
              duel.name.c_str(), r.median, r.low, r.high, shown(duel.target).c_str(), judged, h.median, h.low, h.high,
              l.median, l.low, l.high);
  std::fflush(stdout);
  return std::string(judged) != "MISSED";
}

}  // namespace bench
