#include "run.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <span>
#include <stop_token>
#include <thread>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "leader.hpp"
#include "messages.hpp"
#include "open_store.hpp"
#include "output.hpp"
#include "projection_files.hpp"
#include "signals.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "watch.hpp"

namespace lantern::cli {
namespace {

constexpr Delay lease_length = std::chrono::seconds(10);

// Standard output, shared by the runs: a line at a time. Once it takes no more, there is nobody to run for.
class Lines {
 public:
  explicit Lines(std::stop_source& stop) : stop_(stop) {}
  void print(const std::string& line) {
    const std::lock_guard lock(mutex_);
    out_ << line << '\n';
    out_.flush();
    if (!out_.good()) stop_.request_stop();
  }
  // Also while there is nothing to print.
  void look_for_reader() {
    pollfd polled{STDOUT_FILENO, 0, 0};
    if (::poll(&polled, 1, 0) == 1 && (polled.revents & POLLERR) != 0) stop_.request_stop();
  }
  [[nodiscard]] Outcome finish(ExitCode code) { return out_.finish(code); }

 private:
  std::stop_source& stop_;
  std::mutex mutex_{};
  Output out_{STDOUT_FILENO};
};

// One projection of this run.
struct Job {
  SqlProjection projection;
  Installed installed;
  Watch watch;
  std::optional<Finished> finished{};
  std::chrono::nanoseconds took{};
  std::jthread thread{};  // the last member: whatever happens, it ends before what it uses

  Job(SqlProjection from_file, Installed done, bool follows, WatchSink sink)
      : projection(std::move(from_file)),
        installed(std::move(done)),
        watch(projection.name(), follows, std::move(sink)) {}
};

// Whoever led and died without giving the lease back is not waited for. Taking a lease under the dead owner's name is
// how one breaks it: the fence grows, so if that owner lived after all, its commits would be refused.
void break_leases_of_the_dead(SqliteStore& store, const std::vector<SqlProjection>& ours) {
  const auto projections = store.projections();
  if (!projections) return;  // the run itself will say what is wrong
  for (const ProjectionStatus& status : *projections) {
    const bool is_ours =
        std::any_of(ours.begin(), ours.end(), [&](const auto& each) { return ProjectionId(each.name()) == status.id; });
    if (!is_ours || !status.leader || !has_ended(status.leader->owner)) continue;
    if (const auto lease = store.perform(AcquireLease{status.id, status.leader->owner, lease_length.value()})) {
      static_cast<void>(store.perform(ReleaseLease{status.id, *lease}));
    }
  }
}

// What the program ends with when a projection cannot be installed: is it the file's fault, or the store's?
ExitCode install_code(FailureKind kind) {
  switch (kind) {
    case FailureKind::invalid:
    case FailureKind::incompatible:
    case FailureKind::rejected:
    case FailureKind::unsupported: return ExitCode::usage;
    default: return ExitCode::store;
  }
}

// Prepares the store for each projection. All that is wrong with the files is told, and then nothing is changed or run.
tl::expected<std::vector<Installed>, Trouble> install_all(SqliteStore& store,
                                                          const std::vector<SqlProjection>& projections) {
  auto installed = store.install_all(projections);
  if (installed) return *std::move(installed);
  std::vector<Failure>& failures = installed.error();
  ExitCode lowest = ExitCode::defect;
  for (const Failure& failure : failures) lowest = std::min(lowest, install_code(failure.kind));
  for (std::size_t at = 0; at + 1 < failures.size(); ++at) say("lantern: " + to_string(failures[at]));
  return trouble(lowest, to_string(failures.back()));
}

ProjectionError error_of(const Job& job, ErrorKind kind, std::string what) {
  ProjectionError error;
  error.kind = kind;
  error.projection = ProjectionId(job.projection.name());
  error.what = std::move(what);
  return error;
}

ProjectionConfig config_of(const RunOptions& options, Job& job) {
  ProjectionConfig config;
  if (options.follow) config.continuous();
  if (options.batch) config.page_limit(*options.batch);
  Leadership leadership(this_process());
  leadership.ttl = lease_length;
  if (options.standby) leadership.when_not_leader = WhenNotLeader::stand_by;
  return job.projection.configured(config.with(leadership).tell(job.watch.observer()));
}

// What a run's end means for the whole program.
ExitCode exit_code_of(const Finished& finished) {
  if (finished) return ExitCode::done;
  switch (finished.error().kind) {
    case ErrorKind::event_failed:
    case ErrorKind::retries_exhausted:
    case ErrorKind::projector: return ExitCode::projection_failed;
    case ErrorKind::leadership:
    case ErrorKind::superseded:
    case ErrorKind::version_too_old:
    case ErrorKind::checkpoint_conflict: return ExitCode::leadership;
    case ErrorKind::checkpoint_save_failed:
      // Another process rebuilt it as another version.
      if (finished.error().cause && finished.error().cause->kind == FailureKind::incompatible) {
        return ExitCode::leadership;
      }
      return ExitCode::store;
    case ErrorKind::poll_failed:
    case ErrorKind::checkpoint_load_failed:
    case ErrorKind::views_load_failed:
    case ErrorKind::rebuild_failed:
    case ErrorKind::store_contract: return ExitCode::store;
    case ErrorKind::protocol: break;
  }
  return ExitCode::defect;
}

std::string summary_of(const Job& job, const RunSummary& summary) {
  return one_line(job.projection.name()) + ": " + (summary.ending == Ending::stopped ? "stopped at" : "caught up at") +
         (summary.position ? " position " + grouped(static_cast<std::uint64_t>(summary.position->value))
                           : std::string(" the beginning")) +
         ", " + grouped(summary.applied) + " applied, " + grouped(summary.quarantined) + " quarantined, " +
         brief(job.took);
}

// Draws until all jobs are done.
class Display {
 public:
  Display(bool wanted, std::list<Job>& jobs) : live_(wanted), jobs_(jobs) {}

  // `between` is called every now and then.
  void wait(const std::function<void()>& between) {
    std::unique_lock lock(mutex_);
    while (running_ > 0) {
      if (!live_.on()) {
        changed_.wait_for(lock, std::chrono::milliseconds(200));
        between();
      } else {
        draw();
        changed_.wait_for(lock, std::chrono::milliseconds(100));
      }
    }
    live_.clear();
  }
  void started() {
    const std::lock_guard lock(mutex_);
    ++running_;
  }
  void job_is_done() {
    const std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_all();
  }
  // A line above the block.
  void tell(const std::string& text) {
    const std::lock_guard lock(mutex_);
    live_.clear();
    say(text);
  }
  [[nodiscard]] bool on() const noexcept { return live_.on(); }

 private:
  void draw() {
    const auto now = RateMeter::Clock::now();
    const auto [columns, rows] = live_.size();
    std::vector<std::string> lines;
    std::size_t widest = 0;
    std::vector<Progress> all;
    for (Job& job : jobs_) {
      all.push_back(job.watch.progress(now));
      all.back().label = cut_to(all.back().label, 24);
      widest = std::max(widest, display_width(all.back().label));
    }
    for (Progress& one : all) {
      if (lines.size() + 2 > rows) break;  // what does not fit is not shown; its summary comes at the end
      one.label.append(widest - display_width(one.label), ' ');
      lines.push_back(progress_line(one, columns - 1));
    }
    live_.draw(lines);
  }

  LiveLines live_;
  std::list<Job>& jobs_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::size_t running_{};
};

// What the thread that takes signals says, while there is somebody to say it to.
class StopNotice {
 public:
  void set(std::function<void()> say_so) {
    const std::lock_guard lock(mutex_);
    say_so_ = std::move(say_so);
  }
  void give() {
    const std::lock_guard lock(mutex_);
    if (say_so_) say_so_();
  }

 private:
  std::mutex mutex_{};
  std::function<void()> say_so_{};
};

// Says how each run ended; the code is that of the first kind of trouble in the order of their numbers.
Outcome report(const RunOptions& options, const std::list<Job>& jobs, Lines& out) {
  ExitCode worst = ExitCode::done;
  for (const Job& job : jobs) {
    const Finished& finished = *job.finished;
    const ExitCode code = exit_code_of(finished);
    if (code != ExitCode::done && (worst == ExitCode::done || code < worst)) worst = code;
    if (!options.quiet && !options.json) {
      if (finished) out.print(summary_of(job, *finished));
    }
    if (!finished) {
      say("lantern: " + message_of(finished.error()) +
          (finished.error().kind == ErrorKind::leadership && !options.standby ? " (--standby waits for it)" : ""));
    }
  }
  return out.finish(worst);
}

// Runs the projection to its end. An exception can only be a defect or a lack of memory; it ends this run, not the
// others.
Finished run_to_the_end(const RunOptions& options, Job& job, SqliteStore& store, std::stop_token stop) {
  const auto failed = [&](std::string why) {
    return tl::unexpected(error_of(job, ErrorKind::protocol, "internal error (" + std::move(why) + ")"));
  };
  try {
    return run_projection_blocking(job.projection, store, config_of(options, job), std::move(stop));
  } catch (const std::exception& error) {
    return failed(error.what());
  } catch (...) {
    return failed("an exception that is not a std::exception");
  }
}

// All projections of a run, each on its own thread, from the first to the last.
Outcome run_all(const RunOptions& options, std::vector<SqlProjection> projections, std::vector<Installed> installed,
                SqliteStore& store, std::stop_source& stop, StopNotice& notice) {
  Lines out(stop);
  std::list<Job*> all;  // for the sinks, which are made before the jobs
  std::list<Job> jobs;
  for (std::size_t at = 0; at < projections.size(); ++at) {
    Job*& job = all.emplace_back();
    WatchSink sink;
    if (options.json) sink.line = [&out](const std::string& line) { out.print(line); };
    sink.note = [&store, &job](const RunNote& note) {
      static_cast<void>(store.record_run(job->installed.projection, job->installed.generation, note));
    };
    job = &jobs.emplace_back(std::move(projections[at]), std::move(installed[at]), options.follow, std::move(sink));
  }
  Display display(!options.quiet && !options.json, jobs);
  if (display.on()) {
    notice.set([&] { display.tell("stopping after the commit that is under way; once more to stop at once"); });
  }
  try {
    for (Job& job : jobs) {
      display.started();
      job.thread = std::jthread([&] {
        job.finished = run_to_the_end(options, job, store, stop.get_token());
        job.took = job.watch.elapsed();
        job.watch.finished(*job.finished);
        display.job_is_done();
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
  break_leases_of_the_dead(*store, *projections);
  auto installed = install_all(*store, *projections);
  if (!installed) return tl::unexpected(std::move(installed).error());
  return run_all(options, *std::move(projections), *std::move(installed), *store, stop, notice);
}

}  // namespace lantern::cli
