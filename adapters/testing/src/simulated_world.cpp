#include "simulated_world.hpp"

#include <algorithm>
#include <limits>

namespace lantern::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t beside = std::numeric_limits<std::size_t>::max();  // the neighbour, among those who act

std::string described(const WorldLog& log) {
  const std::string end = log.head() ? "ends at " + std::to_string(log.head()->value) : "is empty";
  return log.lowest_open() ? end + ", and number " + std::to_string(log.lowest_open()->value) + " is open" : end;
}

/// Of options that exclude each other, one goes.
SimulationOptions possible(SimulationOptions options) {
  if (options.upgrade != 0) options.broker = 0;
  if (options.broker != 0) options.log_chaos = 0;
  return options;
}

}  // namespace

World::World(const Scenario& scenario, const SimulationOptions& options, Choices& choices, const SimulationView& view)
    : options_(possible(scenario.narrow ? scenario.narrow(options) : options)),
      choices_(choices),
      traced_(view.trace),
      events_(view.events ? *view.events : scenario.events(options_)),
      event_count_(events_.size()),
      projection_(scenario.projection(options_)),
      config_(config_of(options_, {})),
      store_(options_.by_store != 0
                 ? SimulatedStore::Write([this](const RecordedEvent& event) { return projection_->write(event); })
                 : SimulatedStore::Write{}),
      log_(traced_ ? events_ : std::move(events_),
           {.open_at_once = options_.log_chaos != 0 ? 3U : 0U, .unusual = Chance::percent(options_.log_chaos)},
           {.tells_head = options_.headless == 0, .cut = Chance::percent(options_.page_cuts)}, options_.deaf != 0),
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
  if (options_.broker != 0) broker_.emplace(log_).publish();
  if (options_.neighbour != 0) neighbour_ = std::make_unique<Neighbour>(scenario, options_, log_);
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
  healed_ = catching_up_ = true;
  healed_at_ = now_;
  log_.write_rest();
  if (broker_) broker_->publish(), broker_->heal();
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

/// The longest that one event can take.
Time World::for_each_event() const {
  const Time rest = milliseconds(options_.backoff_cap);
  return (call * 10 + rest) * (options_.event_retries + 1 + options_.store_retries);
}

/// Longer than it can take to catch up once all is healed.
Time World::patience() const {
  const auto events = static_cast<std::int64_t>(event_count_) + 10;
  return 3 * Time(milliseconds(options_.lease_ttl)) + 4 * standby_interval +
         events * for_each_event() * (options_.upgrade != 0 ? 2 : 1) +
         (options_.upgrade != 0 ? events * standby_interval : Time{}) + (broker_ ? events * ack_wait : Time{});
}

void World::liveness() {
  heal();
  const std::int64_t program = options_.upgrade != 0 ? 2 : 1;
  const Time deadline = now_ + patience();
  const std::uint32_t most_steps = report_.steps + 200'000;
  while (!oracle_.violation() && !(oracle_.caught_up(program) && (!neighbour_ || neighbour_->caught_up()))) {
    if (now_ > deadline || report_.steps > most_steps) {
      return oracle_.violated("P1", "not caught up " + to_string(patience()) + " after all was healed" +
                                        (last_failure_.empty() ? "" : "; the last run failed: " + last_failure_));
    }
    tick();
  }
  catching_up_ = false;
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
  if (log_.holds_one_back()) write_unheard();
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

/// Somebody rests at the head of the log, and leads if that is needed.
bool World::is_followed() const {
  return std::ranges::any_of(processes_, [this](const Process& process) {
    return process.asleep && (options_.leases == 0 || store_.held(Role::live).owner == process.name);
  });
}

/// An event that comes while all are at rest, and of which nobody is told.
void World::write_unheard() {
  const Time by = now_ + patience();
  while (!oracle_.violation() && !is_followed() && now_ < by) tick();  // a lease whose owner is gone must end first
  if (oracle_.violation()) return;
  log_.write_held();
  if (broker_) broker_->publish();
  const Time from = now_;
  const Time rest = milliseconds(options_.poll_interval) + longest_empty_poll;
  const Time between_renewals = Time(milliseconds(std::max<std::uint32_t>(options_.lease_ttl, 1))) / 3;
  const std::int64_t renewals =
      options_.leases != 0 ? rest / between_renewals + 1 : 0;  // they cut the rest, and take time
  // A broker first sends again what it takes for lost: one message a poll, where pages are of one event.
  const Time resent = broker_ ? ack_wait + static_cast<std::int64_t>(WorldBroker::most_pending) * rest : Time{};
  const std::int64_t tries = processes_.size() > 1 ? 2 : 1;  // who has it may be replaced, by a clock that was set
  const Time most = rest + renewals * 2 * call + resent + tries * for_each_event();
  while (!oracle_.violation() && !oracle_.caught_up(1)) {
    tick();
    if (now_ - from <= most) continue;
    return oracle_.violated("P11", "an event of which nobody was told was not stored after " + to_string(most));
  }
  oracle_.marks().hit(Mark::found_unheard);
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
  if (neighbour_ && !ending_) each(Actor{neighbour_->due, beside});
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
  return in_turn(chosen);
}

/// The one at this place, from 0, among all who can act by when they are due; of those that are due at the same time,
/// in the order of `for_each_actor`.
World::Actor World::in_turn(std::uint32_t place) const {
  Actor found{};
  std::size_t number = 0;
  for_each_actor([&](const Actor& actor) {
    std::uint32_t before = 0;
    std::size_t other_number = 0;
    for_each_actor([&](const Actor& other) {
      before += other.due < actor.due || (other.due == actor.due && other_number < number);
      ++other_number;
    });
    if (before == place) found = actor;
    ++number;
  });
  return found;
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
  if (actor.number == beside) return act_beside();
  const auto at = late_.begin() + static_cast<std::ptrdiff_t>(actor.number - processes_.size() - 1);
  Late late = std::move(*at);
  late_.erase(at);
  arrive(std::move(late));
}

void World::produce() {
  log_.step(choices_);
  if (broker_) {
    broker_->publish();
    broker_->trouble(choices_, oracle_.marks());
  }
  if (traced_) report_.trace.push_back(to_string(now_) + " the log " + described(log_));
  producers_due_ = now_ + between_events;
  for (Process& process : processes_) {
    if (process.asleep && options_.deaf == 0 && choices_.choose(About::delay, 2) != 0) {  // a hint; most are lost
      process.slept = Slept::woken;
      process.asleep = false;
      process.due = now_;
    }
  }
}

// ---- the neighbour ----

void World::act_beside() {
  const auto note = [this](const std::string& what) { report_.trace.push_back(to_string(now_) + ' ' + what); };
  neighbour_->due = now_;
  if (neighbour_->act(now_, traced_ ? Neighbour::Note(note) : Neighbour::Note{})) {
    neighbour_->due = answered();
    count_turn(nullptr);
  }
  if (const auto& wrong = neighbour_->violation()) oracle_.violated(wrong->invariant, "the neighbour: " + wrong->what);
  digest_.add(neighbour_->position());
}

/// When the store answers a call that is made now.
Time World::answered() {
  if (!neighbour_) return now_ + call;
  return store_free_ = std::max(store_free_, now_) + call;
}

/// It has something to call for, and is not kept from it. A rest at the head of the log keeps nobody from anything: who
/// begins one while there are events is at work, and does nothing.
bool World::is_at_work(Process& process) const {
  if (!process.step || process.gone || process.reply) return false;
  const auto* nap = process.step->asks<Sleep>();
  if (!nap) return true;
  const Sleep& rest = nap->effect();
  return !broker_ && rest.reason == Sleep::Reason::idle && process.slept && process.due - rest.duration >= healed_at_;
}

/// P9: while a process of the one projection and that of the other are at work, neither makes more than twice as many
/// calls as the other one. Null: the neighbour makes one.
void World::count_turn(Process* caller) {
  if (!catching_up_ || oracle_.caught_up(1) || neighbour_->caught_up()) return;
  constexpr std::uint32_t at_first = 5;
  for (Process& process : processes_) {
    if (caller && caller != &process) continue;
    if (caller ? !neighbour_->is_at_work() : !is_at_work(process)) continue;
    ++(caller ? process.turns : process.others);
    const auto [fewer, more] = std::minmax(process.turns, process.others);
    if (fewer >= at_first) oracle_.marks().hit(Mark::worked_side_by_side);
    if (more > 2 * fewer + at_first) {
      oracle_.violated("P9", process.name + " made " + std::to_string(process.turns) + " calls, and the neighbour " +
                                 std::to_string(process.others) + ", while both had work");
    }
  }
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
