#include "run_rules.hpp"

namespace lantern::testing {
namespace {

std::string text_of(const std::optional<Position>& position) {
  return position ? std::to_string(position->value) : "nothing";
}

std::string counted(std::uint32_t told, std::uint32_t counted) {
  return "it says that this is try " + std::to_string(told) + ", and " + std::to_string(counted) + " were counted";
}

template <class Value, class Error>
const Failure* failure_in(const tl::expected<Value, Error>& reply) {
  if (reply) return nullptr;
  if constexpr (std::same_as<Error, Failure>) return &reply.error();
  else return std::get_if<Failure>(&reply.error());
}

}  // namespace

// ---- what it may ask ----

RunRules::Verdict RunRules::check(const SimulationOptions& options, const Sleep& asked) {
  using Reason = Sleep::Reason;
  switch (asked.reason) {
    case Reason::store_retry:
      if (asked.attempt != store_failures_) return Violation{"P2", "store: " + counted(asked.attempt, store_failures_)};
      if (asked.attempt > options.store_retries) return Violation{"P2", "the store is asked once too often"};
      break;
    case Reason::poll_retry:
      if (asked.attempt != poll_failures_) return Violation{"P2", "log: " + counted(asked.attempt, poll_failures_)};
      if (asked.attempt >= options.poll_failures) return Violation{"P2", "the log is read once too often"};
      break;
    case Reason::event_retry:
      // A rest may be yielded in slices, so a try may be told twice.
      if (asked.attempt > options.event_retries) return Violation{"P2", "an event is tried once too often"};
      if (asked.attempt != 1 && asked.attempt != event_tries_ && asked.attempt != event_tries_ + 1) {
        return Violation{"P2", "event: " + counted(asked.attempt, event_tries_ + 1)};
      }
      event_tries_ = asked.attempt;
      break;
    default: break;
  }
  return std::nullopt;
}

RunRules::Verdict RunRules::check(const SimulationOptions&, const ReadEvents& asked) const {
  if (set_back_ || asked.after >= given_) return std::nullopt;
  return Violation{"P5", "event " + text_of(given_) + " was given, and events after " + text_of(asked.after) +
                             " are read again, though nothing happened to the run"};
}

RunRules::Verdict RunRules::check(const SimulationOptions&, const Publish& asked) {
  if (asked.frames.size() == frames_due_) {
    frames_due_ = 0;
    return std::nullopt;
  }
  return Violation{"S9", std::to_string(asked.frames.size()) + " changes are published where " +
                             std::to_string(frames_due_) + " were stored"};
}

RunRules::Verdict RunRules::check(const SimulationOptions& options, const SaveCheckpoint& asked) const {
  for (const QuarantineRecord& record : asked.quarantined) {
    if (record.reason != QuarantineReason::exhausted || record.attempts == options.event_retries + 1) continue;
    return Violation{"P2", "event " + std::to_string(record.position.value) + " was passed after " +
                               std::to_string(record.attempts) + " tries, of " +
                               std::to_string(options.event_retries + 1)};
  }
  return std::nullopt;
}

RunRules::Verdict RunRules::check(const SimulationOptions&, const ActivateGeneration& asked) const {
  if (at_head_ && at_ >= head_ && asked.generation == filling_) return std::nullopt;
  return Violation{"S11", "a switch to generation " + std::to_string(asked.generation.value) + " is asked for at " +
                              text_of(at_) + ", before the head of the log"};
}

RunRules::Verdict RunRules::ends(const RunSummary& summary) const {
  if (summary.position != at_ && !(doubted_ && summary.commit_in_doubt)) {
    return Violation{"S8", "the run says that it got to " + text_of(summary.position) + ", and it was told " +
                               text_of(at_)};
  }
  return std::nullopt;
}

// ---- what it was told ----

void RunRules::stored(const SaveCheckpoint& asked, std::size_t changes) {
  store_failures_ = 0;
  at_ = asked.through;
  doubted_.reset();
  if (asked.generation != filling_) frames_due_ = changes;
}

void RunRules::note(const ReadEvents& asked, const ReadEvents::reply& page, std::size_t) {
  if (!page) return void(++poll_failures_);
  poll_failures_ = 0;
  set_back_ = false;
  given_ = page->empty() ? asked.after : std::optional(page->events().back().position);
  at_head_ = page->head ? page->scanned_to >= page->head : page->scanned_to == asked.after;
  head_ = page->scanned_to;
}

void RunRules::note(const LoadCheckpoint& asked, const LoadCheckpoint::reply& found, std::size_t changes) {
  if (!found) return void(++store_failures_);
  const auto position = *found ? (*found)->position : std::nullopt;
  if (asked.purpose == LoadCheckpoint::Purpose::resolve && doubted_) {
    const SaveCheckpoint commit = *std::exchange(doubted_, std::nullopt);
    const bool there = *found && (*found)->generation == commit.generation;
    if (there && position == commit.through) return stored(commit, changes);
    set_back_ = true;
    if (position == commit.from) ++store_failures_;  // it was not stored, and is asked for again
    return;
  }
  set_back_ = true;
  if (asked.purpose != LoadCheckpoint::Purpose::start) return void(store_failures_ = 0);
  store_failures_ = 0;
  at_ = position;
}

void RunRules::note(const SaveCheckpoint& asked, const SaveCheckpoint::reply& reply, std::size_t changes) {
  if (reply) return stored(asked, changes);
  if (const auto* refused = std::get_if<WriteFailed>(&reply.error())) return void(refused);
  set_back_ = true;
  if (failure_in(reply)) ++store_failures_;
  if (!std::holds_alternative<OutcomeUnknown>(reply.error())) return;
  if (asked.from == asked.through) ++store_failures_;  // nothing to resolve: it is asked for again
  else doubted_ = asked;
}

void RunRules::note(const BeginRebuild&, const BeginRebuild::reply& begun, std::size_t) {
  set_back_ = true;
  if (failure_in(begun)) ++store_failures_;
  if (!begun) return;
  store_failures_ = 0;
  filling_ = begun->generation;
  at_ = begun->position;
}

void RunRules::note(const ActivateGeneration&, const ActivateGeneration::reply& activated, std::size_t) {
  set_back_ = true;
  if (failure_in(activated)) ++store_failures_;
  if (!activated) return;
  store_failures_ = 0;
  filling_.reset();
}

void RunRules::note(const AcquireLease&, const AcquireLease::reply& got, std::size_t) {
  set_back_ = true;
  if (failure_in(got)) ++store_failures_;
  if (got) store_failures_ = 0;
}

void RunRules::note(const RenewLease&, const RenewLease::reply& got, std::size_t) {
  if (!got) set_back_ = true;
}

void RunRules::note(const ReleaseLease&, const ReleaseLease::reply& released, std::size_t) {
  if (!released) ++store_failures_;
}

void RunRules::note(const LoadViews&, const LoadViews::reply& found, std::size_t) {
  if (found) store_failures_ = 0;
  else ++store_failures_;
}

}  // namespace lantern::testing
