// The machine. `proceed` is the whole of its will: the first line that holds decides what is asked next. Each `handle`
// (replies.cpp) takes one reply into account and goes back to `proceed`. docs/state-machine.md shows the same as a
// table.
#include "lantern/pipeline.hpp"

#include <algorithm>

#include "applying.hpp"
#include "batch.hpp"
#include "lantern/names.hpp"
#include "lantern/recorder.hpp"
#include "lantern/refuse.hpp"
#include "leading.hpp"
#include "reading_streams.hpp"
#include "rebuilding.hpp"
#include "replies.hpp"
#include "requests.hpp"
#include "trouble.hpp"

namespace lantern {
namespace detail {

Step proceed(RunPtr run) {
  using Purpose = LoadCheckpoint::Purpose;
  Run& r = *run;
  for (;;) {
    if (r.wait && waits_in_vain(r)) r.wait.reset();

    // clang-format off
    if (!r.publishing.empty())                         return publish(std::move(run));
    if (r.releasing && r.wait)                         return sleep(std::move(run));
    if (r.releasing)                                   return wind_up(std::move(run));
    if (r.stopping == Stop::now)                       return wind_up(std::move(run));
    if (r.over() && !r.dirty())                        return wind_up(std::move(run));
    if (leads_another_role(r))                         return hand_over(std::move(run));
    if (renewal_is_due(r))                             return renew(std::move(run));
    if (r.wait)                                        return sleep(std::move(run));
    if (r.ends_early() && must_lead(r))              { abandon_batch(r);         continue; }
    if (!r.inspected && (!r.rebuilding || !must_lead(r))) return load(std::move(run), Purpose::inspect);
    if (must_lead(r))                                  return acquire(std::move(run));
    if (r.rebuilding && !r.begun)                      return begin_rebuild(std::move(run));
    if (!r.loaded)                                     return load(std::move(run), Purpose::start);
    if (r.resolving)                                   return load(std::move(run), Purpose::resolve);
    if (must_commit(r))                                return save(std::move(run));
    if (r.filled())                                    return activate(std::move(run));
    if (r.failing)                                   { apply_failure_policy(r); continue; }
    if (auto keys = missing_views(r); !keys.empty())   return load_views(std::move(run), std::move(keys));
    if (!r.exhausted())                              { apply_events(r);         continue; }
    if (r.rest_due)                                  { rest_at_head(r);         continue; }
    if (r.streams)                                     return read_streams(std::move(run));
    return read(std::move(run));
    // clang-format on
  }
}

void RunDeleter::operator()(Run* run) const noexcept { delete run; }

void ask_to_stop(Run& run, Stop how) noexcept {
  if (how <= run.stopping) return;
  run.stopping = how;
  if (run.config.recorder) run.config.recorder->asked_to_stop(how);
}

std::uint64_t request_number(const Run& run) noexcept { return run.requests; }

// ---- the same, with somebody who writes it down ----

namespace {

RunFacts facts_of(const Run& r) {
  return {.projection = r.id,
          .filter = r.filter,
          .keyed = r.keyed != nullptr,
          .applied_by_store = r.applied_by_store,
          .keeps_checkpoint = r.keeps_checkpoint,
          .starts_after = r.reached,
          .version = r.has_generations ? std::optional(r.code) : std::nullopt};
}

Step proceed_recorded(Recorder& recorder, RunPtr run) {
  recorder.began(facts_of(*run), run->config, run->now);
  Step next = proceed(std::move(run));
  recorder.decided(next);
  return next;
}

template <Effect E>
Step handle_recorded(Recorder& recorder, RunPtr run, const E& effect, typename E::reply reply, Instant now) {
  recorder.answered(ReplySeen{ReplySeen::To<E>{reply}}, now);  // before: should it be what kills the process
  Step next = handle(std::move(run), effect, std::move(reply));
  recorder.decided(next);
  return next;
}

}  // namespace
}  // namespace detail

Recorder::~Recorder() = default;

// What the dynamic door in protocol.cpp needs to know of a run.
bool detail::accepts_wrong_replies(const Run& run) noexcept { return run.config.quirks.wrong_replies_are_accepted; }

namespace {
Finished answered_twice() {
  ProjectionError error;
  error.what = "a request that was answered or dropped before has no run to move on";
  error.progress.ending = Ending::failed;
  return Finished(tl::unexpect, std::move(error));
}
}  // namespace

template <Effect E>
Step Request<E>::answer(typename E::reply reply, Instant now) && {
  if (!run_) return answered_twice();
  run_->now = std::max(run_->now, now);
  if (Recorder* recorder = run_->config.recorder) [[unlikely]] {
    return detail::handle_recorded(*recorder, std::move(run_), effect_, std::move(reply), now);
  }
  return detail::handle(std::move(run_), effect_, std::move(reply));
}

template class Request<LoadCheckpoint>;
template class Request<ReadEvents>;
template class Request<SaveCheckpoint>;
template class Request<Sleep>;
template class Request<AcquireLease>;
template class Request<RenewLease>;
template class Request<ReleaseLease>;
template class Request<LoadViews>;
template class Request<Publish>;
template class Request<BeginRebuild>;
template class Request<ActivateGeneration>;
template class Request<ListStreams>;
template class Request<ReadStream>;

void Step::ask_to_stop(Stop how) noexcept {
  std::visit(
      [how](auto& pending) {
        if constexpr (requires { pending.ask_to_stop(how); }) pending.ask_to_stop(how);
      },
      static_cast<Base&>(*this));
}

namespace {
// A store would refuse these too, but later, and as if it were the store's trouble.
std::optional<Failure> refuse_names(const ProjectionId& id, const ProjectionConfig& config) {
  if (auto refused = refuse(id)) return refused;
  return config.leadership ? refuse_name("owner", config.leadership->owner) : std::nullopt;
}

std::optional<Failure> refuse_version(ProjectorPort& projector) {
  const CodeVersion version =
      projector.keyed() ? projector.keyed()->version() : projector.code_version().value_or(CodeVersion{});
  if (version.program >= 1 && version.schema >= 1) return std::nullopt;
  return Failure(FailureKind::invalid,
                 "its version is " + std::to_string(version.program) + ", its schema " + std::to_string(version.schema),
                 "use numbers from 1 up");
}

// It would be told again, on top of its snapshot, what the snapshot holds: of one stream, no position says how far it
// is.
std::optional<Failure> refuse_snapshot(ProjectorPort& projector, const ProjectionConfig& config) {
  if (!config.streams || !projector.starts_after()) return std::nullopt;
  return Failure(FailureKind::invalid, "its state begins with a snapshot of the whole log",
                 "run it over the whole log, or without its snapshot");
}
}  // namespace

ProjectionPipeline::ProjectionPipeline(std::unique_ptr<ProjectorPort> projector, ProjectionConfig config) {
  ProjectionId id;
  const auto refused = [&](std::string what, Failure cause) {
    ProjectionError& error = refused_.emplace();
    error.kind = ErrorKind::projector;
    error.projection = std::move(id);
    error.what = std::move(what);
    error.cause = std::move(cause);
    error.progress.ending = Ending::failed;
  };
  try {
    id = ProjectionId(projector->name(), config.tenant);
    if (auto names = refuse_names(id, config)) {
      refused("it cannot run under these names", *std::move(names));
    } else if (auto version = refuse_version(*projector)) {
      refused("it cannot run as this version", *std::move(version));
    } else if (auto snapshot = refuse_snapshot(*projector, config)) {
      refused("it cannot run over streams", *std::move(snapshot));
    } else {
      if (auto* keyed = projector->keyed()) keyed->keep_at_most(config.view_cache.value());
      run_.reset(new detail::Run(std::move(projector), std::move(config), id));
    }
  } catch (...) {  // user code: the projector's name, filter or snapshot
    refused("the projector could not say what it is", detail::failure_of(std::current_exception()));
  }
}

Step ProjectionPipeline::start(Instant now) {
  if (refused_) return Finished(tl::unexpect, *refused_);
  if (!run_) return answered_twice();
  run_->now = now;
  if (Recorder* recorder = run_->config.recorder) return detail::proceed_recorded(*recorder, std::move(run_));
  return detail::proceed(std::move(run_));
}

}  // namespace lantern
