#include "run_rules.hpp"

namespace lantern::testing {
namespace {

std::string text_of(const std::optional<Position>& position) {
  return position ? std::to_string(position->value) : "nothing";
}

std::string counted(std::uint32_t told, std::uint32_t counted) {
  return "it says that this is try " + std::to_string(told) + ", and " + std::to_string(counted) + " were counted";
}

/// The store was away, and may be asked again. What is wrong for good ends a run at once, and counts for nothing.
template <class Value, class Error>
bool is_away(const tl::expected<Value, Error>& reply) {
  if (reply) return false;
  const Failure* failure = nullptr;
  if constexpr (std::same_as<Error, Failure>) failure = &reply.error();
  else failure = std::get_if<Failure>(&reply.error());
  return failure && is_transient(failure->kind);
}

}  // namespace

// ---- what it may ask ----

RunRules::Verdict RunRules::check(const SimulationOptions& options, const Sleep& asked) {
  using Reason = Sleep::Reason;
  switch (asked.reason) {
    case Reason::store_retry:
      if (const auto failures = release_failures_ != 0 ? release_failures_ : store_failures_;
          asked.attempt != failures) {
        return Violation{"P2", "store: " + counted(asked.attempt, failures)};
      }
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
  const auto is = [&](const auto& known) { return known && summary.position == *known; };
  const bool began_there = is(loaded_) || is(doubtful_);
  if (summary.position != at_ && !began_there && !(doubted_ && summary.commit_in_doubt)) {
    return Violation{"S8",
                     "the run says that it got to " + text_of(summary.position) + ", and it was told " + text_of(at_)};
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
  if (!page) return void(poll_failures_ += is_away(page));
  poll_failures_ = 0;
  set_back_ = false;
  given_ = page->empty() ? asked.after : std::optional(page->events().back().position);
  at_head_ = page->head ? page->scanned_to >= page->head : page->scanned_to == asked.after;
  head_ = page->scanned_to;
}

void RunRules::note(const LoadCheckpoint& asked, const LoadCheckpoint::reply& found, std::size_t changes) {
  if (!found) return void(store_failures_ += is_away(found));
  const auto position = *found ? (*found)->position : std::nullopt;
  if (asked.purpose == LoadCheckpoint::Purpose::resolve && doubted_) {
    const SaveCheckpoint commit = *doubted_;
    const bool there = *found && (*found)->generation == commit.generation;
    // Whoever replaced a leader may have got as far: a leader's commit is known to be stored when its lease is renewed.
    if (there && position == commit.through) return leads_ ? void(confirming_ = true) : stored(commit, changes);
    doubted_.reset();
    set_back_ = true;
    if (position == commit.from) ++store_failures_;  // it was not stored, and is asked for again
    return;
  }
  set_back_ = true;
  store_failures_ = 0;
  if (asked.purpose == LoadCheckpoint::Purpose::start) return begins_at(position);
  if (loaded_) doubtful_ = std::exchange(loaded_, std::nullopt);  // perhaps it could not go on with what it loaded
}

/// Until the run goes on from there, it may yet find that it cannot.
void RunRules::begins_at(std::optional<Position> position) {
  if (loaded_) at_ = *loaded_;
  loaded_ = position;
  filling_.reset();
}

void RunRules::note(const SaveCheckpoint& asked, const SaveCheckpoint::reply& reply, std::size_t changes) {
  if (reply) return stored(asked, changes);
  if (std::holds_alternative<WriteFailed>(reply.error())) return;
  set_back_ = true;
  if (is_away(reply)) ++store_failures_;
  if (std::holds_alternative<LostLeadership>(reply.error())) leads_ = false;
  if (!std::holds_alternative<OutcomeUnknown>(reply.error())) return;
  if (asked.from == asked.through) ++store_failures_;  // nothing to resolve: it is asked for again
  else doubted_ = asked;
}

void RunRules::note(const BeginRebuild&, const BeginRebuild::reply& begun, std::size_t) {
  set_back_ = true;
  if (is_away(begun)) ++store_failures_;
  if (!begun) return;
  store_failures_ = 0;
  begins_at(begun->position);
  filling_ = begun->generation;
}

void RunRules::note(const ActivateGeneration&, const ActivateGeneration::reply& activated, std::size_t) {
  set_back_ = true;
  if (is_away(activated)) ++store_failures_;
  if (!activated) return;
  store_failures_ = 0;
  filling_.reset();
}

void RunRules::note(const AcquireLease&, const AcquireLease::reply& got, std::size_t) {
  set_back_ = true;
  if (is_away(got)) ++store_failures_;
  if (got) store_failures_ = 0;
  leads_ = leads_ || got.has_value();
}

void RunRules::note(const RenewLease&, const RenewLease::reply& got, std::size_t changes) {
  const bool confirmed = std::exchange(confirming_, false);
  if (got && confirmed) return stored(SaveCheckpoint(*doubted_), changes);
  if (got) return;
  set_back_ = true;
  if (confirmed) store_failures_ += is_away(got);
  leads_ = !std::holds_alternative<LostLeadership>(got.error());
}

void RunRules::note(const ReleaseLease&, const ReleaseLease::reply& released, std::size_t) {
  release_failures_ += is_away(released);
  leads_ = false;
}

void RunRules::note(const LoadViews&, const LoadViews::reply& found, std::size_t) {
  if (found) store_failures_ = 0;
  else store_failures_ += is_away(found);
}

}  // namespace lantern::testing
