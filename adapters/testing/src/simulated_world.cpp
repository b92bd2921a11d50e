#include "simulated_world.hpp"

#include <algorithm>
#include <bit>
#include <sstream>

#include "lantern/traced.hpp"

namespace lantern::testing {
namespace {

using std::chrono::milliseconds;

constexpr Time call{milliseconds(1)};             // how long an effect usually takes
constexpr Time restart{milliseconds(10)};         // after a crash
constexpr Time between_events{milliseconds(20)};  // of the producers
constexpr Time upgrade_at{milliseconds(120)};
constexpr Time standby_interval{std::chrono::seconds(1)};

const Failure for_now{FailureKind::unavailable, "away for now"};
const Failure for_good{FailureKind::corrupt, "broken for good"};

constexpr std::uint32_t bit(Fault fault) { return 1U << static_cast<unsigned>(fault); }

/// What can happen to such an effect.
template <Effect E>
constexpr std::uint32_t faults_of() {
  constexpr std::uint32_t always = bit(Fault::crash_before) | bit(Fault::wrong_reply) | bit(Fault::clock_back) |
                                   bit(Fault::stop) | bit(Fault::stop_now);
  constexpr std::uint32_t by_store =
      bit(Fault::crash_after) | bit(Fault::refused) | bit(Fault::broken) | bit(Fault::slow);
  if constexpr (std::same_as<E, Sleep>) return always & ~bit(Fault::clock_back);
  else if constexpr (std::same_as<E, SaveCheckpoint>) {
    return always | by_store | bit(Fault::reply_lost) | bit(Fault::not_done) | bit(Fault::power_lost) |
           bit(Fault::late_done);
  } else if constexpr (std::same_as<E, ReadEvents> || std::same_as<E, LoadCheckpoint> || std::same_as<E, LoadViews>) {
    return always | by_store;
  } else {
    return always | by_store | bit(Fault::reply_lost);
  }
}

template <Effect E>
typename E::reply failed(const Failure& failure) {
  if constexpr (std::same_as<E, Sleep>) return Slept::through;
  else return tl::make_unexpected(failure);
}

template <Effect E>
std::string described(const typename E::reply& reply) {
  if constexpr (std::same_as<E, Sleep>) return reply == Slept::woken ? "woken" : "through";
  else return describe(reply);
}

std::string to_string(Time at) { return std::to_string(at.count() / 1'000'000) + " ms"; }

std::string described(const WorldLog& log) {
  const std::string end = log.head() ? "ends at " + std::to_string(log.head()->value) : "is empty";
  return log.lowest_open() ? end + ", and number " + std::to_string(log.lowest_open()->value) + " is open" : end;
}

template <class T>
std::string line_of(const T& value) {
  std::ostringstream out;
  out << value;
  return std::move(out).str();
}

}  // namespace

World::World(const Scenario& scenario, const SimulationOptions& options, Choices& choices, const SimulationView& view)
    : options_(scenario.narrow ? scenario.narrow(options) : options),
      choices_(choices),
      traced_(view.trace),
      events_(view.events ? *view.events : scenario.events(options_)),
      event_count_(events_.size()),
      projection_(scenario.projection(options_)),
      store_(options_.by_store != 0
                 ? SimulatedStore::Write([this](const RecordedEvent& event) { return projection_->write(event); })
                 : SimulatedStore::Write{}),
      log_(traced_ ? events_ : std::move(events_),
           {.open_at_once = options_.log_chaos != 0 ? 3U : 0U, .unusual = Chance::percent(options_.log_chaos)},
           {.tells_head = options_.headless == 0, .cut = Chance::percent(options_.page_cuts)}),
      oracle_(options_, *projection_, store_, log_) {
  processes_.resize(std::max<std::uint32_t>(options_.processes, 1));
  for (std::size_t n = 0; n < processes_.size(); ++n) {
    processes_[n].name = std::string("p").append(1, static_cast<char>('1' + n % 9));
    processes_[n].due = call * static_cast<std::int64_t>(n);
  }
  oracle_.also_check(scenario.check);
  if (options_.upgrade != 0 && processes_.size() > 1) {  // one that joins later has the newer code
    processes_.back().program = 2;
    processes_.back().due = upgrade_at;
  }
  for (std::uint32_t n = 0; scenario.patch && options_.by_store == 0 && n < options_.subscribers; ++n) {
    const ChannelHabits bad{.lose = true, .double_up = true, .delay = true, .slow_reads = true};
    const ProjectionId id(projection_->start(1)->name());
    subscribers_.emplace_back(id, AllKeys{}, history_, bad, FollowerLimits{}, scenario.patch);
    subscribers_.back().begin();
  }
  for (std::uint32_t n = 0; n < options_.early_events && !log_.done(); ++n) log_.step(choices_);
  if (traced_) explain(0, {.number = processes_.size()});
}

// ---- phases ----

SimulationReport World::run() {
  safety();
  if (!oracle_.violation()) liveness();
  report_.options = options_;
  report_.hash = digest_.value();
  report_.marks = oracle_.marks();
  report_.departures = choices_.departures();
  report_.violation = oracle_.violation();
  if (traced_) report_.events = std::move(events_);
  return std::move(report_);
}

void World::safety() {
  while (report_.steps < options_.safety_steps && !oracle_.violation()) {
    if (log_.done() && report_.faults >= options_.most_faults) break;
    if (log_.done() && oracle_.caught_up(options_.upgrade != 0 ? 2 : 1)) break;
    tick();
  }
}

/// All that was broken works again; one process of several never comes back.
void World::heal() {
  healed_ = true;
  log_.write_rest();
  if (log_.has_gaps()) oracle_.marks().hit(Mark::gap_in_the_log);
  const auto lose = [this](Process& process) {
    crash(process);
    process.gone = true;
  };
  // A lease that ends before a commit can be made protects what is stored, but promises no progress to two at once.
  const bool too_short = options_.leases != 0 && Time(milliseconds(options_.lease_ttl)) < 20 * call;
  const std::size_t survivor = options_.seed / 2 % processes_.size();
  for (std::size_t n = 0; n < processes_.size(); ++n) {
    if (n != survivor && (too_short || (n == (survivor + 1) % processes_.size() && options_.seed % 2 == 1))) {
      lose(processes_[n]);
    }
  }
  for (Process& process : processes_) {
    if (options_.upgrade != 0 && process.program == 1) {  // the upgrade is finished
      crash(process);
      process.program = 2;
    }
  }
}

/// Longer than it can take to catch up once all is healed.
Time World::patience() const {
  const Time rest = milliseconds(options_.backoff_cap);
  const auto events = static_cast<std::int64_t>(event_count_) + 10;
  const Time for_each = (call * 10 + rest) * (options_.event_retries + 1 + options_.store_retries);
  return 3 * Time(milliseconds(options_.lease_ttl)) + 4 * standby_interval +
         events * for_each * (options_.upgrade != 0 ? 2 : 1) +
         (options_.upgrade != 0 ? events * standby_interval : Time{});
}

void World::liveness() {
  heal();
  const std::int64_t program = options_.upgrade != 0 ? 2 : 1;
  const Time deadline = now_ + patience();
  const std::uint32_t most_steps = report_.steps + 200'000;
  while (!oracle_.violation() && !oracle_.caught_up(program)) {
    if (now_ > deadline || report_.steps > most_steps) {
      return oracle_.violated("P1", "not caught up " + to_string(patience()) + " after all was healed" +
                                        (last_failure_.empty() ? "" : "; the last run failed: " + last_failure_));
    }
    tick();
  }
  // At the head there is nothing to do but to look now and then.
  const std::uint64_t reads_before = reads_;
  const Time interval = milliseconds(std::max<std::uint32_t>(options_.poll_interval, 1));
  const Time until = now_ + 4 * interval;
  const std::uint32_t idle_from = report_.steps;
  while (!oracle_.violation() && now_ < until && report_.steps < idle_from + 1000) tick();
  // One that was replaced, and has not noticed yet, looks as often as the one that leads.
  if (reads_ - reads_before > 6 * processes_.size()) {
    oracle_.violated("P10", std::to_string(reads_ - reads_before) + " reads in four poll intervals at the head");
  }
  ending_ = true;
  const std::uint32_t last_step = report_.steps + 1000;
  const auto runs = [](const Process& process) { return process.step.has_value(); };
  while (!oracle_.violation() && std::ranges::any_of(processes_, runs)) {
    if (report_.steps > last_step) return oracle_.violated("S13", "a run that was asked to stop goes on");
    tick();
  }
  oracle_.look_at_all();
  settle_followers();
  if (!oracle_.violation()) oracle_.marks().hit(Mark::healed_and_caught_up);
}

// ---- who is next ----

/// Calls `each` for all who can act.
template <class Each>
void World::for_each_actor(const Each& each) const {
  for (std::size_t n = 0; n < processes_.size(); ++n) {
    const Process& process = processes_[n];
    if (!process.gone && (process.step || !ending_)) each(Actor{process.due, n});
  }
  if (!log_.done()) each(Actor{producers_due_, processes_.size()});
  for (std::size_t n = 0; n < late_.size(); ++n) each(Actor{late_[n].due, processes_.size() + 1 + n});
}

World::Actor World::next_actor() {
  std::uint32_t ways = 0;
  Actor first{Time::max(), 0};
  for_each_actor([&](const Actor& actor) {
    ++ways;
    if (actor.due < first.due) first = actor;  // of those that are due at the same time, the first
  });
  const std::uint32_t chosen =
      healed_ ? 0 : choices_.choose(About::schedule, ways, Chance::percent(options_.schedule_percent));
  if (chosen == 0) return first;
  std::vector<Actor> actors;
  for_each_actor([&](const Actor& actor) { actors.push_back(actor); });
  std::ranges::stable_sort(actors, {}, &Actor::due);
  return actors[chosen];
}

void World::tick() {
  const Actor next = next_actor();
  now_ = std::max(now_, next.due);  // whoever was due before, and was not chosen, is late now
  const std::size_t line = report_.trace.size();
  act(next);
  if (!subscribers_.empty()) follow();
  if (traced_) explain(line, next);
}

/// What was chosen since the last time led to this line.
void World::explain(std::size_t line, const Actor& actor) {
  const auto& departures = choices_.departures();
  while (report_.explained.size() < departures.size()) {
    const Departure& one = departures[report_.explained.size()];
    std::string what = one.about == About::schedule ? "out of turn: " : "";
    if (line < report_.trace.size()) what += report_.trace[line];
    else if (actor.number < processes_.size())
      what += to_string(now_) + ' ' + processes_[actor.number].name + " is told";
    else what += "the log, before anybody starts";
    report_.explained.push_back({std::move(what), one.about == About::fault ? fault_among_all_ : one.chosen});
  }
}

void World::act(const Actor& actor) {
  if (actor.number < processes_.size()) return act(processes_[actor.number]);
  if (actor.number == processes_.size()) return produce();
  const auto at = late_.begin() + static_cast<std::ptrdiff_t>(actor.number - processes_.size() - 1);
  Late late = std::move(*at);
  late_.erase(at);
  arrive(std::move(late));
}

void World::produce() {
  log_.step(choices_);
  if (traced_) report_.trace.push_back(to_string(now_) + " the log " + described(log_));
  producers_due_ = now_ + between_events;
  for (Process& process : processes_) {
    if (process.asleep && choices_.choose(About::delay, 2) != 0) {  // a hint; most are lost
      process.slept = Slept::woken;
      process.asleep = false;
      process.due = now_;
    }
  }
}

void World::arrive(Late late) {
  const auto reply = perform(late.commit);
  if (!reply) oracle_.marks().hit(Mark::late_commit_refused);
  digest_.add(std::uint64_t{77});
  if (traced_) report_.trace.push_back("  (late) " + line_of(late.commit) + " -> " + describe(reply));
}

// ---- followers ----

/// What was committed, one change after the other: a commit stores only the last state of each key.
void World::note_changes(Generation generation) {
  if (subscribers_.empty()) return;
  const auto changes = oracle_.changes(generation);
  for (std::size_t& noted = noted_[generation.value]; noted < changes.size(); ++noted) {
    const ReferenceFold::Change& change = changes[noted];
    history_.note(change.key, Moment{generation, Revision{}, change.version}, change.state);
  }
}

void World::follow() {
  for (SimulatedSubscriber& subscriber : subscribers_) {
    subscriber.step(store_, choices_);
    if (subscriber.broken()) oracle_.violated("S11", "a follower: " + *subscriber.broken());
  }
}

void World::settle_followers() {
  const auto is_trouble = [](const Departure& one) { return one.about == About::subscriber; };
  for (SimulatedSubscriber& subscriber : subscribers_) {
    if (const auto wrong = subscriber.settle(store_)) oracle_.violated("S11", "a follower, in the end: " + *wrong);
    else oracle_.marks().hit(Mark::followers_settled);
  }
  if (!subscribers_.empty() && std::ranges::any_of(choices_.departures(), is_trouble)) {
    oracle_.marks().hit(Mark::channel_troubled);
  }
}

void World::jump_clock() {
  const std::uint32_t jump = choices_.choose(About::clock, 4, Chance::percent(options_.clock_jumps));
  if (jump == 0) return;
  constexpr std::chrono::hours day{24};
  clock_skew_ += jump == 1 ? Time(day) : jump == 2 ? -Time(day) : Time(milliseconds(options_.lease_ttl));
  oracle_.marks().hit(Mark::lease_expired_by_clock);
}

// ---- processes ----

ProjectionConfig World::config_of(const Process& process) const {
  const auto positive = [](std::uint32_t n) { return std::max<std::uint32_t>(n, 1); };
  const Backoff backoff{.base = *Delay::of(milliseconds(options_.backoff)),
                        .cap = *Delay::of(milliseconds(options_.backoff_cap))};
  ProjectionConfig config;
  config.continuous().poll_every(*Delay::of(milliseconds(positive(options_.poll_interval))));
  config.poll.failure_backoff = backoff;
  config.poll.max_consecutive_failures = *MaxConsecutiveFailures::of(positive(options_.poll_failures));
  config.event_retry.max_attempts = *MaxRetryAttempts::of(options_.event_retries);
  config.event_retry.backoff = backoff;
  config.event_retry.when_exhausted = Escalation::quarantine_key;
  config.store_retry = {.max_attempts = *MaxRetryAttempts::of(options_.store_retries), .backoff = backoff};
  if (options_.commit_events != 0) config.commit.max_events = *EventCount::of(options_.commit_events);
  if (options_.leases != 0) {
    config.leadership.emplace(process.name);
    config.leadership->ttl = *Delay::of(milliseconds(positive(options_.lease_ttl)));
    config.leadership->when_not_leader = WhenNotLeader::stand_by;
    config.leadership->standby_interval = *Delay::of(standby_interval);
  }
  config.page_events = *BatchSize::of(positive(options_.page_events));
  config.seed = options_.seed;
  config.view_cache = *ViewCacheSize::of(positive(options_.view_cache));
  return config;
}

void World::note(const Process& process, const std::string& what) {
  if (!traced_) return;
  report_.trace.push_back(to_string(now_) + ' ' + process.name + ' ' + what);
}

void World::start(Process& process) {
  if (options_.upgrade != 0 && process.told > Time{}) process.program = 2;  // restarted with the newer code
  process.watched = {};
  process.told = now_;
  if (traced_) note(process, "starts, program " + std::to_string(process.program));
  ProjectionPipeline pipeline(projection_->start(process.program), config_of(process));
  process.step.emplace(pipeline.start(Instant(now_)));
}

void World::crash(Process& process) {
  note(process, "dies");
  process.step.reset();
  process.reply.reset();
  process.slept.reset();
  process.asleep = false;
  process.due = now_ + restart;
}

void World::finish(Process& process, const Finished& end) {
  if (traced_) note(process, end ? line_of(*end) : "failed: " + end.error().message());
  oracle_.ended(process.watched, end);
  oracle_.marks().hit(end ? Mark::run_stopped : Mark::run_failed);
  digest_.add(static_cast<std::uint64_t>(end ? 1 : 2 + static_cast<int>(end.error().kind)));
  if (!end && healed_) last_failure_ = end.error().message();
  process.step.reset();
  process.due = now_ + restart;
}

void World::act(Process& process) {
  if (!process.step) return start(process);
  if (process.slept) return wake(process);
  if (process.reply) return deliver(process);
  std::visit(
      [&]<class Pending>(Pending& pending) {
        if constexpr (std::same_as<Pending, Finished>) finish(process, Finished(pending));
        else ask(process, pending);
      },
      static_cast<Step::Base&>(*process.step));
}

void World::wake(Process& process) {
  Request<Sleep>& nap = *process.step->asks<Sleep>();
  const Slept slept = *std::exchange(process.slept, std::nullopt);
  process.asleep = false;
  process.due = now_;
  process.told = std::max(process.told, now_);
  if (ending_) nap.ask_to_stop(Stop::at_checkpoint);
  Step next = std::move(nap).answer(slept, Instant(now_));
  *process.step = std::move(next);
}

void World::deliver(Process& process) {
  if (ending_) process.step->ask_to_stop(Stop::at_checkpoint);
  process.told = std::max(process.told, now_);
  AnyReply reply = *std::exchange(process.reply, std::nullopt);
  if (const auto taken = answer(*process.step, std::move(reply), Instant(now_)); !taken) {
    oracle_.violated("S12", "the right reply was refused: " + taken.error().message);
  }
  process.due = now_;
}

template <Effect E>
Fault World::fault_for() {
  if (healed_ || report_.faults >= options_.most_faults) return Fault::none;
  std::uint32_t possible = faults_of<E>() & options_.faults;
  const auto ways = static_cast<std::uint32_t>(std::popcount(possible)) + 1;
  std::uint32_t chosen = choices_.choose(About::fault, ways, Chance::percent(options_.fault_percent));
  if (chosen == 0) return Fault::none;
  while (--chosen != 0) possible &= possible - 1;
  const auto fault = static_cast<Fault>(std::countr_zero(possible));
  ++report_.faults;
  report_.happened.count(fault, FaultCounts::index_of<E>());
  fault_among_all_ =
      static_cast<std::uint32_t>(std::popcount(faults_of<E>() & ((2U << static_cast<unsigned>(fault)) - 1)));
  return fault;
}

void World::send_wrong_replies(Process& process) {
  const std::uint64_t pending = pending_request(*process.step);
  const auto refused = [&](AnyReply reply) {
    if (answer(*process.step, std::move(reply), Instant(now_)) || pending_request(*process.step) != pending) {
      oracle_.violated("S12", "a reply that does not fit was taken");
    }
  };
  refused(any_reply<Sleep>(pending + 1, Slept::through));
  if (!process.step->asks<ReadEvents>()) refused(any_reply<ReadEvents>(pending, EventPage{}));
  else refused(any_reply<Sleep>(pending, Slept::through));
  oracle_.marks().hit(Mark::wrong_reply_refused);
}

template <Effect E>
typename E::reply World::perform(const E& effect) {
  store_.now = now_ + clock_skew_;
  if constexpr (std::same_as<E, ReadEvents>) {
    ++reads_;
    return healed_ ? log_.read(effect) : log_.read(effect, choices_);
  } else if constexpr (std::same_as<E, Publish>) {
    for (SimulatedSubscriber& subscriber : subscribers_) {
      for (const Frame& frame : effect.frames) subscriber.send(frame, choices_);
    }
    return Publish::Published{};
  } else if constexpr (std::same_as<E, Sleep>) {
    return Slept::through;
  } else {
    typename E::reply reply = store_.perform(effect);
    if constexpr (std::same_as<E, AcquireLease>) oracle_.granted(effect, reply);
    if constexpr (std::same_as<E, ReleaseLease>) oracle_.given_back(effect);
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      oracle_.saved(effect, reply);
      note_changes(effect.generation);
    }
    if constexpr (std::same_as<E, ActivateGeneration> || std::same_as<E, BeginRebuild>) oracle_.look_at_all();
    return reply;
  }
}

/// What comes of the effect; nothing when the process died of it.
template <Effect E>
std::optional<typename E::reply> World::happen(Process& process, const E& effect, Fault fault) {
  if (fault == Fault::crash_before) return std::nullopt;
  if (fault == Fault::refused) return failed<E>(for_now);
  if (fault == Fault::broken) return failed<E>(for_good);
  if constexpr (std::same_as<E, SaveCheckpoint>) {
    const auto unknown = tl::make_unexpected(OutcomeUnknown{for_now});
    switch (fault) {
      case Fault::not_done: return unknown;
      case Fault::late_done:
        if (effect.writes.size() == 0) {  // else its events may be gone
          const bool much_later = choices_.choose(About::delay, 2, Chance::percent(50)) != 0;
          late_.push_back({now_ + call * (much_later ? 30 : 3), effect});
        }
        return unknown;
      case Fault::power_lost: {
        const auto rows = static_cast<std::uint32_t>(SimulatedStore::rows_of(effect));
        const bool stored =
            store_.lose_power_during(effect, choices_.choose(About::delay, rows + 1, Chance::percent(90)));
        if (stored) oracle_.saved(effect, Saved{});
        else oracle_.look_at_all();
        note_changes(effect.generation);
        oracle_.marks().hit(stored ? Mark::power_lost_done : Mark::power_lost_undone);
        return unknown;
      }
      default: break;
    }
  }
  typename E::reply reply = perform(effect);
  if (fault == Fault::crash_after) {
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      if (reply) oracle_.marks().hit(Mark::crashed_in_commit);
    }
    return std::nullopt;
  }
  if (fault == Fault::reply_lost) {
    if constexpr (std::same_as<E, SaveCheckpoint>) return tl::make_unexpected(OutcomeUnknown{for_now});
    else return failed<E>(for_now);
  }
  (void)process;
  return reply;
}

Time World::told_to(Process& process, Fault fault) {
  if (fault == Fault::clock_back) return process.told - std::chrono::hours(1);
  process.told = std::max(process.told, now_);
  return process.told;
}

template <Effect E>
void World::ask(Process& process, Request<E>& request) {
  const E& effect = request.effect();
  ++report_.steps;
  if (options_.clock_jumps != 0 && !healed_) jump_clock();
  const Fault fault = fault_for<E>();
  oracle_.asks(process.watched, effect);
  oracle_.follows_rules(process.watched, effect);
  digest_.add(static_cast<std::uint64_t>(process.name[1]) << 8 | static_cast<std::uint64_t>(fault));
  digest_.add(now_);
  add_effect(digest_, effect);
  if (traced_) {
    note(process, line_of(effect) + (fault == Fault::none ? "" : "  ! " + std::string(to_string(fault))));
  }
  if (fault == Fault::wrong_reply) send_wrong_replies(process);
  if (fault == Fault::stop) request.ask_to_stop(Stop::at_checkpoint);
  if (fault == Fault::stop_now) request.ask_to_stop(Stop::now);

  auto reply = happen(process, effect, fault);
  if (!reply) return crash(process);
  oracle_.told(process.watched, effect, *reply);
  oracle_.note(process.watched, effect, *reply);
  oracle_.mark(process.watched, effect, *reply);
  add_reply(digest_, *reply);
  if (traced_) report_.trace.push_back("  -> " + described<E>(*reply));

  if constexpr (std::same_as<E, Sleep>) {
    process.slept = *reply;
    process.asleep = effect.reason == Sleep::Reason::idle;
    process.due = now_ + effect.duration;
  } else if (fault == Fault::slow) {
    process.reply = any_reply<E>(request.number(), *std::move(reply));
    process.due = now_ + Time(milliseconds(options_.lease_ttl)) + call;
  } else {
    process.due = now_ + call;
    if (ending_) request.ask_to_stop(Stop::at_checkpoint);
    Step next = std::move(request).answer(*std::move(reply), Instant(told_to(process, fault)));
    *process.step = std::move(next);
  }
}

SimulationReport simulate(const Scenario& scenario, const SimulationOptions& options, Choices& choices,
                          const SimulationView& view) {
  return World(scenario, options, choices, view).run();
}

SimulationReport simulate(const Scenario& scenario, const SimulationOptions& options, const SimulationView& view) {
  Choices choices = options.exhaustive != 0 ? Choices::by_script({}) : Choices::by_seed(options.seed);
  return simulate(scenario, options, choices, view);
}

std::ostream& operator<<(std::ostream& out, const SimulationReport& report) {
  out << print_options(report.options);
  for (const std::string& line : report.trace) out << line << '\n';
  out << report.steps << " steps, " << report.faults << " faults, trace hash " << std::hex << report.hash << std::dec
      << '\n';
  if (report.violation)
    return out << "VIOLATED " << report.violation->invariant << ": " << report.violation->what << '\n';
  return out << "ok\n";
}

}  // namespace lantern::testing
