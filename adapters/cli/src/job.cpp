#include "job.hpp"

#include <exception>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "leader.hpp"

namespace lantern::cli {
namespace {

ProjectionConfig config_of(const RunOptions& options, Job& job) {
  ProjectionConfig config;
  if (options.follow) config.continuous();
  if (options.batch) config.page_limit(*options.batch);
  if (options.rebuild) config.rebuild_when(RebuildPolicy::always);
  if (options.hold) config.hold_the_switch();
  Leadership leadership(this_process());
  leadership.ttl = lease_length;
  if (options.standby) leadership.when_not_leader = WhenNotLeader::stand_by;
  return job.projection.configured(config.with(leadership).tell(job.watch.observer()));
}

ProjectionError internal_error(const Job& job, const std::string& why) {
  ProjectionError error;
  error.kind = ErrorKind::protocol;
  error.projection = ProjectionId(job.projection.name());
  error.what = "internal error (" + why + ")";
  return error;
}

}  // namespace

Finished run_to_the_end(const RunOptions& options, Job& job, SqliteStore& store, std::stop_token stop) {
  try {
    return run_projection_blocking(job.projection, store, config_of(options, job), std::move(stop));
  } catch (const std::exception& error) {
    return tl::unexpected(internal_error(job, error.what()));
  } catch (...) {
    return tl::unexpected(internal_error(job, "an exception that is not a std::exception"));
  }
}

}  // namespace lantern::cli
