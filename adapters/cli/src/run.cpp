#include "run.hpp"

#include <list>
#include <stop_token>
#include <thread>

#include "display.hpp"
#include "job.hpp"
#include "lines.hpp"
#include "open_store.hpp"
#include "prepare.hpp"
#include "projection_files.hpp"
#include "rebuildable.hpp"
#include "report.hpp"
#include "signals.hpp"

namespace lantern::cli {
namespace {

constexpr InItsProgram rebuilt_in_cpp{
    "rebuilt", "run it with ProjectionConfig().rebuild_when(RebuildPolicy::always), or call lantern::rebuild"};

// All projections of a run, each on its own thread, from the first to the last.
Outcome run_all(const RunOptions& options, std::vector<SqlProjection> projections, SqliteStore& store,
                std::stop_source& stop, StopNotice& notice) {
  Lines out(stop);
  std::list<Job> jobs;
  for (SqlProjection& projection : projections) {
    WatchSink sink;
    if (options.json) sink.line = [&out](const std::string& line) { out.print(line); };
    sink.note = [&store, id = ProjectionId(projection.name())](Generation generation, const RunNote& note) {
      static_cast<void>(store.record_run(id, generation, note));
    };
    jobs.emplace_back(std::move(projection), options.follow, std::move(sink));
  }
  Display display(!options.quiet && !options.json, [&jobs](RateMeter::Clock::time_point now) {
    std::vector<Progress> all;
    for (Job& job : jobs) all.push_back(job.watch.progress(now));
    return all;
  });
  if (display.on()) {
    notice.set([&] { display.tell("stopping after the commit that is under way; once more to stop at once"); });
  }
  try {
    for (Job& job : jobs) {
      display.begun();
      job.thread = std::jthread([&] {
        job.finished = run_to_the_end(options, job, store, stop.get_token());
        job.took = job.watch.elapsed();
        job.watch.finished(*job.finished);
        display.done();
      });
    }
  } catch (...) {  // no more threads to be had: those that run are to stop, and are waited for
    stop.request_stop();
    throw;
  }
  display.wait([&] {
    if (options.json) out.look_for_reader();
  });
  for (Job& job : jobs) job.thread.join();
  notice.set(nullptr);
  return report(options, jobs, out);
}

}  // namespace

Outcome run(const RunOptions& options) {
  if (options.rebuild) {
    if (auto wrong = object_to_names(options.store, options.files, rebuilt_in_cpp))
      return tl::unexpected(*std::move(wrong));
  }
  auto projections = load_projections(options.files);
  if (!projections) return tl::unexpected(std::move(projections).error());

  // Before the first thread, also of the store: all inherit the signal mask.
  std::stop_source stop;
  StopNotice notice;
  const StopSignals signals([&](int) {
    stop.request_stop();
    notice.give();
  });

  auto store = open_store(options.store, Access::write);
  if (!store) return tl::unexpected(std::move(store).error());
  std::vector<ProjectionId> ids;
  for (const SqlProjection& projection : *projections) ids.emplace_back(projection.name());
  break_leases_of_the_dead(*store, ids);
  if (options.rebuild) {
    if (auto wrong = object_to_rebuild(*store, *projections)) return tl::unexpected(*std::move(wrong));
  }
  if (auto wrong = install_all(*store, *projections)) return tl::unexpected(*std::move(wrong));
  return run_all(options, *std::move(projections), *store, stop, notice);
}

}  // namespace lantern::cli
