#include "report.hpp"

#include "leader.hpp"
#include "messages.hpp"
#include "text.hpp"

namespace lantern::cli {
namespace {

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
    case ErrorKind::poll_failed:
    case ErrorKind::checkpoint_load_failed:
    case ErrorKind::views_load_failed:
    case ErrorKind::rebuild_failed:
    case ErrorKind::store_contract:
    case ErrorKind::source_changed: return ExitCode::store;
    case ErrorKind::protocol: break;
  }
  return ExitCode::defect;
}

// Where the run ended, in which generation, and whether readers see it.
std::string where(const RunOptions& options, const Job& job, const RunSummary& summary) {
  const std::string generation = "generation " + std::to_string(summary.generation.value);
  const std::string place =
      summary.position ? "position " + grouped(static_cast<std::uint64_t>(summary.position->value)) : "the beginning";
  const std::string before = job.watch.switched() ? "rebuilt as " + generation + ", " : "";
  switch (summary.ending) {
    case Ending::rebuilt:
      if (!job.watch.switched()) return "built " + generation + " up to " + place + ", to be activated or cancelled";
      return before + "caught up at " + place + (options.follow ? ", where another process goes on" : "");
    case Ending::stopped:
      if (job.watch.rebuilding()) return "stopped at " + place + " of the rebuild, as " + generation;
      return before + "stopped at " + place;
    case Ending::caught_up:
    case Ending::failed: break;
  }
  return before + "caught up at " + place;
}

std::string summary_of(const RunOptions& options, const Job& job, const RunSummary& summary) {
  return one_line(job.projection.name()) + ": " + where(options, job, summary) + ", " + grouped(summary.applied) +
         " applied, " + grouped(summary.quarantined) + " quarantined, " + brief(job.took);
}

}  // namespace

Outcome report(const RunOptions& options, const std::list<Job>& jobs, Lines& out) {
  ExitCode worst = ExitCode::done;
  for (const Job& job : jobs) {
    const Finished& finished = *job.finished;
    const ExitCode code = exit_code_of(finished);
    if (code != ExitCode::done && (worst == ExitCode::done || code < worst)) worst = code;
    if (finished) {
      if (!options.quiet && !options.json) out.print(summary_of(options, job, *finished));
    } else {
      const bool could_wait = finished.error().kind == ErrorKind::leadership && !options.standby && !options.rebuild;
      say("lantern: " + message_of(finished.error()) + (could_wait ? " (--standby waits for it)" : ""));
    }
  }
  return out.finish(worst);
}

}  // namespace lantern::cli
