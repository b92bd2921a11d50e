// Processes: what they ask, what happens to it, and what they are told.
#include <algorithm>
#include <bit>

#include "lantern/testing/malformed_pages.hpp"
#include "lantern/traced.hpp"
#include "simulated_world.hpp"

namespace lantern::testing {
namespace {

using std::chrono::milliseconds;

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
  } else if constexpr (std::same_as<E, ReadEvents>) {
    return always | by_store | bit(Fault::malformed);
  } else if constexpr (std::same_as<E, LoadCheckpoint> || std::same_as<E, LoadViews>) {
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

}  // namespace

void World::note(const Process& process, const std::string& what) {
  if (!traced_) return;
  report_.trace.push_back(to_string(now_) + ' ' + process.name + ' ' + what);
}

void World::start(Process& process) {
  // Who runs without a lease promises to be alone: nothing of its predecessor may be on its way any more.
  while (options_.leases == 0 && !late_.empty()) {
    Late late = std::move(late_.front());
    late_.erase(late_.begin());
    arrive(std::move(late));
  }
  if (options_.upgrade != 0 && process.told > Time{}) process.program = 2;  // restarted with the newer code
  process.watched = {};
  process.told = now_;
  if (traced_) note(process, "starts, program " + std::to_string(process.program));
  ProjectionConfig config = config_;
  if (config.leadership) config.leadership->owner = process.name;
  if (options_.observed != 0) {
    process.observer.emplace(
        [this, &process](const ProjectionId&, const Happening& what) { oracle_.heard(process.watched, what); });
    config.tell(*process.observer);
  }
  if (broker_) process.reader.emplace(broker_->reader());
  ProjectionPipeline pipeline(projection_->start(process.program), std::move(config));
  process.step.become([&] { return pipeline.start(Instant(now_)); });
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
  process.step.become([&] { return std::move(nap).answer(slept, Instant(now_)); });
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
  std::uint32_t& ways = fault_ways_[FaultCounts::index_of<E>()];
  if (ways == 0) ways = static_cast<std::uint32_t>(std::popcount(possible)) + 1;
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

ReadEvents::reply World::read(Process& process, const ReadEvents& asked) {
  ++reads_;
  if (broker_) return broker_->read(*process.reader, asked, Instant(now_), choices_, oracle_.marks());
  return healed_ ? log_.read(asked) : log_.read(asked, choices_);
}

template <Effect E>
typename E::reply World::perform(Process& process, const E& effect) {
  store_.now = now_ + clock_skew_;
  if constexpr (std::same_as<E, ReadEvents>) {
    return read(process, effect);
  } else if constexpr (std::same_as<E, Publish>) {
    for (SimulatedSubscriber& subscriber : subscribers_) {
      for (const Frame& frame : effect.frames) subscriber.send(frame, choices_);
    }
    return Publish::Published{};
  } else if constexpr (std::same_as<E, Sleep>) {
    return Slept::through;
  } else {
    typename E::reply reply = lantern::perform(store_, effect);
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

/// What comes of the effect; nothing when the process died of it. One object, so that it is made where it is returned.
template <Effect E>
std::optional<typename E::reply> World::happen(Process& process, const E& effect, Fault fault) {
  std::optional<typename E::reply> reply;
  switch (fault) {
    case Fault::crash_before: return reply;
    case Fault::refused: reply.emplace(failed<E>(for_now)); return reply;
    case Fault::broken: reply.emplace(failed<E>(for_good)); return reply;
    default: break;
  }
  if constexpr (std::same_as<E, SaveCheckpoint>) {
    if (is_in_doubt(effect, fault)) {
      reply.emplace(tl::make_unexpected(OutcomeUnknown{for_now}));
      return reply;
    }
  }
  reply.emplace(MadeInPlace{[&] { return perform(process, effect); }});
  if (fault == Fault::crash_after) {
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      if (*reply) oracle_.marks().hit(Mark::crashed_in_commit);
    }
    reply.reset();
  } else if (fault == Fault::reply_lost) {
    if constexpr (std::same_as<E, SaveCheckpoint>) reply.emplace(tl::make_unexpected(OutcomeUnknown{for_now}));
    else reply.emplace(failed<E>(for_now));
  }
  if constexpr (std::same_as<E, ReadEvents>) {
    if (fault == Fault::malformed && *reply) spoil_page(process, **reply, effect);
  }
  return reply;
}

/// True: the process is to be told that nobody knows, and whatever is to come of the commit has come, or will.
bool World::is_in_doubt(const SaveCheckpoint& effect, Fault fault) {
  switch (fault) {
    case Fault::not_done: return true;
    case Fault::late_done:
      if (effect.writes.size() == 0) {  // else its events may be gone
        const bool much_later = choices_.choose(About::delay, 2, Chance::percent(50)) != 0;
        late_.push_back({now_ + call * (much_later ? 30 : 3), effect});
      }
      return true;
    case Fault::power_lost: {
      const auto rows = static_cast<std::uint32_t>(SimulatedStore::rows_of(effect));
      const bool stored =
          store_.lose_power_during(effect, choices_.choose(About::delay, rows + 1, Chance::percent(90)));
      if (stored) oracle_.saved(effect, Saved{});
      else oracle_.look_at_all();
      note_changes(effect.generation);
      oracle_.marks().hit(stored ? Mark::power_lost_done : Mark::power_lost_undone);
      return true;
    }
    default: return false;
  }
}

/// A broker's messages are acknowledged when they are known to be committed.
template <Effect E>
void World::tell_broker(Process& process, const E& effect, const typename E::reply& reply) {
  if constexpr (std::same_as<E, LoadCheckpoint>) {
    if (reply && *reply) broker_->committed(*process.reader, (*reply)->position, choices_);
  } else if constexpr (std::same_as<E, SaveCheckpoint>) {
    if (reply) broker_->committed(*process.reader, effect.through, choices_);
  }
}

/// In one of the ways in which this page can be spoilt so that it shows.
void World::spoil_page(Process& process, EventPage& page, const ReadEvents& asked) {
  std::vector<SpoiltPage> ways;
  for (std::size_t n = 1; n < malformations; ++n) {
    const auto how = static_cast<Malformation>(n);
    // At the beginning of a log, positions may be anything that ascends.
    if (!asked.after && (how == Malformation::position_zero || how == Malformation::position_minus_one)) continue;
    if (auto spoilt = spoil(page, asked, how)) ways.push_back({how, *std::move(spoilt)});
  }
  if (ways.empty()) return;
  const auto count = static_cast<std::uint32_t>(ways.size());
  SpoiltPage& one = ways[choices_.choose(About::log, count, Chance::percent(90))];
  if (traced_) report_.trace.push_back("  (the page is spoilt: " + std::string(to_string(one.by)) + ")");
  page = std::move(one.page);
  process.watched.misled = true;
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
  if (broker_) tell_broker(process, effect, *reply);
  // To keep a lease is no work.
  if (neighbour_ && !std::same_as<E, Sleep> && !std::same_as<E, RenewLease>) count_turn(&process);
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
    process.due = answered();
    if (ending_) request.ask_to_stop(Stop::at_checkpoint);
    const Instant told(told_to(process, fault));
    process.step.become([&] { return std::move(request).answer(*std::move(reply), told); });
  }
}

void World::arrive(Late late) {
  const auto reply = perform(processes_.front(), late.commit);
  if (!reply) oracle_.marks().hit(Mark::late_commit_refused);
  digest_.add(std::uint64_t{77});
  if (traced_) report_.trace.push_back("  (late) " + line_of(late.commit) + " -> " + describe(reply));
}

}  // namespace lantern::testing
