// One projection of `run` or `rebuild`: what it is, how it goes, how it ended.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

#include "lantern/sqlite/sqlite_store.hpp"
#include "run.hpp"
#include "watch.hpp"

namespace lantern::cli {

struct Job {
  SqlProjection projection;
  Watch watch;
  std::optional<Finished> finished{};
  std::chrono::nanoseconds took{};
  std::jthread thread{};  ///< the last member: whatever happens, it ends before what it uses

  Job(SqlProjection from_file, bool follows, WatchSink sink)
      : projection(std::move(from_file)), watch(projection.name(), follows, std::move(sink)) {}
};

/// Runs the projection to its end, on this thread. An exception can only be a defect or a lack of memory; it ends this
/// run, not the others.
[[nodiscard]] Finished run_to_the_end(const RunOptions& options, Job& job, SqliteStore& store, std::stop_token stop);

}  // namespace lantern::cli
