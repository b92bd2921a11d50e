// From the return of an append to the moment when a projection that waits at the head has applied the event.
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "benches.hpp"
#include "child.hpp"
#include "duel.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace bench {
namespace {

/// Notes when it applied the latest event.
class Stopwatch {
 public:
  static const char* name() { return "stopwatch"; }

  void apply(const lantern::RecordedEvent&, lantern::Position) {
    const double now = seconds();
    {
      const std::lock_guard lock(mutex_);
      ++applied_;
      when_ = now;
    }
    changed_.notify_all();
  }

  /// Waits for the event with this number; gives when it was applied.
  double when(std::uint64_t number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return applied_ >= number; });
    return when_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t applied_ = 0;
  double when_ = 0;
};

template <class Append>
void measure(const char* name, const std::string& file, int samples, Append append) {
  remove_store(file);
  auto store = lantern::SqliteStore::open(file);
  must(store.has_value(), "the store could not be opened");
  Stopwatch stopwatch;
  std::jthread runner([&](const std::stop_token& stop) {
    const auto finished = lantern::run_projection_blocking(
        stopwatch, *store, lantern::ProjectionConfig().continuous().poll_every(std::chrono::seconds(60)), stop);
    must(finished.has_value(), "the projection failed");
  });
  std::vector<double> micros;
  for (int number = 1; number <= samples; ++number) {
    const double appended = append(*store, static_cast<std::uint64_t>(number));
    // It may be applied before the append has returned to whom asked for it.
    micros.push_back(std::max(0.0, stopwatch.when(static_cast<std::uint64_t>(number)) - appended) * 1e6);
  }
  std::sort(micros.begin(), micros.end());
  const auto at = [&](double part) { return micros[static_cast<std::size_t>(part * (samples - 1))]; };
  std::printf("%-44s %9.0f %9.0f %9.0f\n", name, at(0.5), at(0.99), micros.back());
}

}  // namespace

void latency_bench(const Settings& settings, const ScratchDirectory& scratch) {
  if (!settings.wants("latency")) return;
  const std::string file = scratch.file("latency.db");
  constexpr int samples = 1000;
  std::printf("\n%-44s %9s %9s %9s\n", "append returned -> applied, microseconds", "p50", "p99", "most");
  measure("latency in one process", file, samples, [](lantern::SqliteStore& store, std::uint64_t number) {
    must(store.append({bank_event(number, 10'000)}).has_value(), "an append failed");
    return seconds();
  });
  std::unique_ptr<Appender> other;
  measure("latency from another process", file, samples, [&](lantern::SqliteStore& store, std::uint64_t) {
    if (!other) other = std::make_unique<Appender>(settings.myself, store.file().string());
    return other->append();
  });
}

}  // namespace bench
