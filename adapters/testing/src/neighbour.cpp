#include "neighbour.hpp"

#include <algorithm>
#include <variant>

#include "lantern/traced.hpp"

namespace lantern::testing {
namespace {

SimulationOptions undisturbed(SimulationOptions options) {
  options.processes = 1;
  options.leases = options.upgrade = options.subscribers = options.broker = options.neighbour = options.observed = 0;
  options.fault_percent = options.faults = options.clock_jumps = 0;
  return options;
}

}  // namespace

Neighbour::Neighbour(const Scenario& scenario, const SimulationOptions& options, WorldLog& log)
    : options_(undisturbed(options)),
      projection_(scenario.projection(options_)),
      store_(options_.by_store != 0
                 ? SimulatedStore::Write([this](const RecordedEvent& event) { return projection_->write(event); })
                 : SimulatedStore::Write{}),
      log_(log),
      oracle_(options_, *projection_, store_, log_) {
  oracle_.also_check(scenario.check);
}

bool Neighbour::act(Time now, const Note& note) {
  if (!step_) return start(now), false;
  if (std::exchange(resting_, false)) {
    step_.become([&] { return std::move(*step_->asks<Sleep>()).answer(Slept::through, Instant(now)); });
    return false;
  }
  bool called = false;
  std::visit(
      [&]<class Pending>(Pending& pending) {
        if constexpr (std::same_as<Pending, Finished>) {
          const std::string why = pending ? "" : ": " + pending.error().message();
          if (note) note("the neighbour ends" + why);
          step_.reset();
          due = now + restart;
        } else {
          called = !std::same_as<Pending, Request<Sleep>>;
          ask(pending, now, note);
        }
      },
      static_cast<Step::Base&>(*step_));
  return called;
}

void Neighbour::start(Time now) {
  watched_ = {};
  step_.become([&] { return ProjectionPipeline(projection_->start(1), config_of(options_, {})).start(Instant(now)); });
}

template <Effect E>
void Neighbour::ask(Request<E>& request, Time now, const Note& note) {
  const E& effect = request.effect();
  oracle_.asks(watched_, effect);
  oracle_.follows_rules(watched_, effect);
  if (note) {
    std::ostringstream line;
    line << "the neighbour " << effect;
    note(std::move(line).str());
  }
  typename E::reply reply = perform(effect);
  oracle_.told(watched_, effect, reply);
  oracle_.note(watched_, effect, reply);
  if constexpr (std::same_as<E, Sleep>) {
    due = now + effect.duration;
    resting_ = true;
  } else {
    step_.become([&] { return std::move(request).answer(std::move(reply), Instant(now)); });
  }
}

template <Effect E>
typename E::reply Neighbour::perform(const E& effect) {
  if constexpr (std::same_as<E, ReadEvents>) return log_.read(effect);
  else if constexpr (std::same_as<E, Publish>) return Publish::Published{};
  else if constexpr (std::same_as<E, Sleep>) return Slept::through;
  else {
    typename E::reply reply = lantern::perform(store_, effect);
    if constexpr (std::same_as<E, SaveCheckpoint>) oracle_.saved(effect, reply);
    return reply;
  }
}

std::optional<Position> Neighbour::position() const {
  const SimulatedStore::Stock* stock = store_.find(Generation{store_.active()});
  return stock ? stock->position : std::nullopt;
}

ProjectionConfig config_of(const SimulationOptions& options, const std::string& owner) {
  using std::chrono::milliseconds;
  const auto positive = [](std::uint32_t n) { return std::max<std::uint32_t>(n, 1); };
  const Delay cap = *Delay::of(milliseconds(positive(options.backoff_cap)));
  const Backoff backoff{.base = options.backoff == 0 ? cap : *Delay::of(milliseconds(options.backoff)), .cap = cap};
  ProjectionConfig config;
  config.continuous().poll_every(*Delay::of(milliseconds(positive(options.poll_interval))));
  config.poll.failure_backoff = backoff;
  config.poll.max_consecutive_failures = *MaxConsecutiveFailures::of(positive(options.poll_failures));
  config.event_retry.max_attempts = *MaxRetryAttempts::of(options.event_retries);
  config.event_retry.backoff = backoff;
  config.event_retry.when_exhausted = Escalation::quarantine_key;
  config.store_retry = {.max_attempts = *MaxRetryAttempts::of(options.store_retries), .backoff = backoff};
  if (options.commit_events != 0) config.commit.max_events = *EventCount::of(options.commit_events);
  if (options.leases != 0) {
    config.leadership.emplace(owner);
    config.leadership->ttl = *Delay::of(milliseconds(positive(options.lease_ttl)));
    config.leadership->when_not_leader = WhenNotLeader::stand_by;
    config.leadership->standby_interval = *Delay::of(standby_interval);
  }
  config.page_events = *BatchSize::of(positive(options.page_events));
  config.seed = options.seed;
  config.view_cache = *ViewCacheSize::of(positive(options.view_cache));
  return config;
}

}  // namespace lantern::testing
