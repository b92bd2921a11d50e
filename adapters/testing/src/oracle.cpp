#include "oracle.hpp"

#include <algorithm>

namespace lantern::testing {
namespace {

std::string text_of(const std::optional<Position>& position) {
  return position ? std::to_string(position->value) : "nothing";
}
std::string text_of(Generation generation) { return "generation " + std::to_string(generation.value); }

std::string text_of(const StoredView& view) {
  return view.key + " = " + view.state.value_or("(erased)") + " v" + std::to_string(view.version) + " @" +
         text_of(view.position);
}

bool same(const StoredView& stored, const StoredView& expected) {
  return stored.version == expected.version && stored.position == expected.position && stored.state == expected.state &&
         stored.key == expected.key;
}

}  // namespace

// ---- what processes do ----

void Oracle::asks(Watched& process, const SaveCheckpoint& asked) {
  if (process.in_doubt && asked.from != asked.through) {
    violated("S8", "a commit is asked for while the outcome of the one before is unknown");
  }
  if (process.deposed) violated("S7", "a process that was told that somebody else leads asks for a commit");
  if (asked.through < asked.from) {
    violated("S3", "a commit from " + text_of(asked.from) + " to " + text_of(asked.through));
  }
  if (!asked.through && (asked.writes.size() != 0 || !asked.views.empty())) {
    violated("S2", "views or writes are saved without a checkpoint");
  }
}

void Oracle::asks(Watched& process, const Publish& asked) {
  if (process.in_doubt) violated("S9", "changes are published while it is not known whether they are stored");
  for (const Frame& frame : asked.frames) {
    const auto found = known_.find(frame.moment.generation.value);
    const auto* change = found == known_.end() || !found->second.fold
                             ? nullptr
                             : found->second.fold->find(frame.key, frame.moment.version);
    if (change && change->position == frame.position) continue;
    if (found != known_.end() && !store_.find(frame.moment.generation)) continue;  // dropped since
    violated("S9", "published, and not stored: " + frame.key + " v" + std::to_string(frame.moment.version) + " @" +
                       std::to_string(frame.position.value) + " of " + text_of(frame.moment.generation));
  }
}

void Oracle::asks(Watched&, const Sleep& asked) {
  using Reason = Sleep::Reason;
  const auto ms = [](std::uint32_t n) { return std::chrono::nanoseconds(std::chrono::milliseconds(n)); };
  std::chrono::nanoseconds most = ms(1000);  // standby, yielding
  if (asked.reason == Reason::idle) most = ms(options_.poll_interval) + ms(50);
  else if (asked.attempt > 0) most = ms(options_.backoff_cap);
  if (asked.duration < asked.duration.zero() || asked.duration > most) {
    violated("P3", "a sleep of " + std::to_string(asked.duration.count()) + " ns; at most " +
                       std::to_string(most.count()) + " are allowed");
  }
}

void Oracle::heard(Watched& process, const Happening& what) {
  process.waits.heard(options_, what);
  const auto* told = std::get_if<happening::CaughtUp>(&what);
  if (!told || std::ranges::any_of(known_, [&](const auto& one) { return one.second.position >= told->position; })) {
    return;
  }
  if (told->position)
    violated("P6", "a run says that it has caught up at " + text_of(told->position) + ", and that is not stored");
}

void Oracle::ended(Watched& process, const Finished& end) {
  if (process.misled) {
    // A head before the checkpoint is what a log that was truncated looks like.
    if (end || (end.error().kind != ErrorKind::store_contract && end.error().kind != ErrorKind::source_changed)) {
      violated("S6", "a run that was given a malformed page does not end with an error that says so");
    }
    marks_.hit(Mark::malformed_page_refused);
  }
  if (auto broken = process.rules.ends(end ? *end : end.error().progress)) violated(*std::move(broken));
}

std::size_t Oracle::changes_of(const SaveCheckpoint& commit) const {
  const auto all = changes(commit.generation);
  const auto up_to = [&](const std::optional<Position>& position) {
    return position ? std::ranges::upper_bound(all, *position, {}, &ReferenceFold::Change::position) : all.begin();
  };
  return static_cast<std::size_t>(up_to(commit.through) - up_to(commit.from));
}

void Oracle::told(Watched& process, const LoadCheckpoint&, const LoadCheckpoint::reply& reply) {
  if (reply) process.in_doubt = false;
}
void Oracle::told(Watched& process, const SaveCheckpoint& asked, const SaveCheckpoint::reply& reply) {
  if (reply) return;
  if (std::holds_alternative<OutcomeUnknown>(reply.error())) process.in_doubt = asked.from != asked.through;
  if (std::holds_alternative<LostLeadership>(reply.error())) process.deposed = true;
}
void Oracle::told(Watched& process, const AcquireLease&, const AcquireLease::reply& reply) {
  if (!reply) return;
  process.deposed = false;
  process.in_doubt = false;  // it begins anew, from what is stored
}
void Oracle::told(Watched& process, const RenewLease&, const RenewLease::reply& reply) {
  if (!reply && std::holds_alternative<LostLeadership>(reply.error())) process.deposed = true;
}

// ---- rare branches ----

void Oracle::mark(Watched& process, const LoadCheckpoint& asked, const LoadCheckpoint::reply& reply) {
  if (asked.purpose != LoadCheckpoint::Purpose::resolve || !reply || !*reply) return;
  marks_.hit((*reply)->position == process.doubted ? Mark::unknown_was_done : Mark::unknown_was_not_done);
}
void Oracle::mark(Watched&, const ReadEvents& asked, const ReadEvents::reply& reply) {
  if (reply && reply->empty() && reply->scanned_to > asked.after) marks_.hit(Mark::empty_page_moved_on);
  if (reply && log_.lowest_open()) marks_.hit(Mark::waited_for_writer);
}
void Oracle::mark(Watched& process, const SaveCheckpoint& asked, const SaveCheckpoint::reply& reply) {
  if (reply) {
    for (const QuarantineRecord& record : asked.quarantined) {
      marks_.hit(record.key ? Mark::quarantined_key : Mark::quarantined_event);
    }
  } else if (std::holds_alternative<OutcomeUnknown>(reply.error())) {
    process.doubted = asked.through;
  } else if (std::holds_alternative<LostLeadership>(reply.error())) {
    marks_.hit(Mark::stale_commit_refused);
  } else if (std::holds_alternative<CheckpointMoved>(reply.error())) {
    marks_.hit(Mark::moved_checkpoint);
  }
}
void Oracle::mark(Watched&, const AcquireLease&, const AcquireLease::reply& reply) {
  if (!reply && std::holds_alternative<LeaseHeld>(reply.error())) marks_.hit(Mark::stood_by);
}
void Oracle::mark(Watched&, const ActivateGeneration&, const ActivateGeneration::reply& reply) {
  if (reply) marks_.hit(Mark::rebuilt);
  else if (std::holds_alternative<BehindActive>(reply.error())) marks_.hit(Mark::refused_behind_active);
}
void Oracle::mark(Watched&, const Sleep& asked, Slept) {
  if (asked.reason == Sleep::Reason::event_retry) marks_.hit(Mark::retried_event);
}

// ---- what the store does ----

void Oracle::granted(const AcquireLease& asked, const AcquireLease::reply& reply) {
  if (!reply) return;
  if (reply->fence <= std::max(granted_[0], granted_[1])) violated("S7", "a fence did not grow");
  const bool rebuild = asked.role == Role::rebuild;
  if (!leads_[rebuild].empty() && leads_[rebuild] != asked.owner) {
    marks_.hit(rebuild ? Mark::rebuild_taken_over : Mark::took_over);
  }
  granted_[rebuild] = reply->fence;
  leads_[rebuild] = asked.owner;
}

void Oracle::given_back(const ReleaseLease& asked) {
  std::string& leader = leads_[asked.role == Role::rebuild];
  if (leader == asked.lease.owner) leader.clear();
}

void Oracle::saved(const SaveCheckpoint& asked, const SaveCheckpoint::reply& reply) {
  if (!reply) return;
  const bool rebuild = asked.generation.value == store_.building();
  if (options_.leases != 0 && (!asked.fence || *asked.fence != granted_[rebuild])) {
    violated("S7", "a commit with an old fence was stored in " + text_of(asked.generation));
  }
  look_at(asked.generation);
}

void Oracle::fold_up_to(Known& known, const SimulatedStore::Stock& stock) {
  const auto& events = log_.events();
  for (; known.events < events.size(); ++known.events) {
    const RecordedEvent& event = events[known.events];
    if (!stock.position || event.position > *stock.position) return;
    if (!projection_.reads(event)) continue;
    bool whole = false;
    std::vector<std::string> left_out;
    for (auto at = stock.records.empty() ? stock.records.end()
                                         : stock.records.lower_bound({event.position.value, std::nullopt});
         at != stock.records.end() && at->first.first == event.position.value; ++at) {
      if (at->first.second) left_out.push_back(*at->first.second);
      else whole = true;
    }
    if (options_.by_store != 0) {
      if (!whole) known.ledger.push_back(event.position.value);
    } else if (whole) known.fold->pass(event);
    else known.fold->add(event, left_out);
    for (auto change = known.fold->changes().begin() + static_cast<std::ptrdiff_t>(known.changes);
         change != known.fold->changes().end(); ++change) {
      if (!known.parked.contains(change->key)) continue;
      violated("S10", "event " + std::to_string(event.position.value) + " was applied for " + change->key +
                          ", an earlier event of which waits");
    }
    known.changes = known.fold->changes().size();
    known.parked.insert(left_out.begin(), left_out.end());
  }
}

void Oracle::compare_rows(Generation generation, const Known& known, const SimulatedStore::Stock& stock) {
  const auto at = [&] { return " in " + text_of(generation) + " at checkpoint " + text_of(stock.position); };
  if (options_.by_store != 0) {
    if (stock.ledger != known.ledger) violated("S5", "the ledger is not the log" + at());
    return;
  }
  auto expected = known.fold->rows().begin();
  const auto end = known.fold->rows().end();
  for (const auto& [key, view] : stock.views) {
    const int order = expected == end ? -1 : key.compare(expected->first);
    if (order < 0) return violated("S1", "is stored, and must not be" + at() + ": " + text_of(view));
    if (order > 0) break;
    if (!same(view, expected->second)) {
      return violated("S1", "stored" + at() + ": " + text_of(view) + ", expected: " + text_of(expected->second));
    }
    ++expected;
  }
  if (expected != end) violated("S1", "is missing" + at() + ": " + text_of(expected->second));
}

void Oracle::check_records(Generation generation, const SimulatedStore::Stock& stock) {
  for (const auto& [id, record] : stock.records) {
    if (!stock.position || id.first > stock.position->value) {
      violated("S10", "a record of event " + std::to_string(id.first) +
                          " is stored before the checkpoint passed it in " + text_of(generation));
    }
    const RecordedEvent* event = log_.find(Position{id.first});
    if (!event) {
      violated("S10", "a record of event " + std::to_string(id.first) + ", which is not in the log");
      continue;
    }
    if (projection_.may_fail(*event, id.second ? &*id.second : nullptr)) continue;
    const bool waits = id.second && std::ranges::any_of(stock.records, [&, &record = id](const auto& other) {
                         return other.first.first < record.first && other.first.second == record.second;
                       });
    if (!waits) {
      violated("S10", "event " + std::to_string(id.first) + " was passed although it does not fail" +
                          (id.second ? " for " + *id.second : std::string()));
    }
    if (waits) marks_.hit(Mark::waited_behind_parked);
  }
}

void Oracle::look_at(Generation generation) {
  const SimulatedStore::Stock* stock = store_.find(generation);
  if (!stock || violation_) return;
  Known& known = known_[generation.value];
  if (!known.fold) known.fold = projection_.reference(stock->version);
  if (stock->position < known.position) {
    return violated("S3", "the checkpoint of " + text_of(generation) + " went back from " + text_of(known.position) +
                              " to " + text_of(stock->position));
  }
  if (const auto open = log_.lowest_open(); stock->position && open && *open <= *stock->position) {
    return violated("S4",
                    "the checkpoint passed event " + std::to_string(open->value) + ", which a writer still holds");
  }
  known.position = stock->position;
  fold_up_to(known, *stock);
  compare_rows(generation, known, *stock);
  if (stock->records.size() != known.records) {
    known.records = stock->records.size();
    check_records(generation, *stock);
  }
  if (generation.value == store_.active()) {
    if (stock->position < readers_saw_) {
      violated("S11", "readers were sent back from " + text_of(readers_saw_) + " to " + text_of(stock->position));
    }
    readers_saw_ = stock->position;
    if (!check_) return;
    if (const auto wrong = check_(stock->views))
      violated("user", *wrong + " (at checkpoint " + text_of(stock->position) + ")");
  }
}

void Oracle::look_at_all() {
  for (const auto& [number, stock] : store_.generations()) look_at(Generation{number});
}

std::span<const ReferenceFold::Change> Oracle::changes(Generation generation) const {
  const auto known = known_.find(generation.value);
  if (known == known_.end() || !known->second.fold) return {};
  return known->second.fold->changes();
}

bool Oracle::caught_up(std::int64_t program) const {
  const SimulatedStore::Stock* active = store_.find(Generation{store_.active()});
  if (!active) return log_.events().empty();
  return active->position == log_.head() && active->version.program >= program;
}

}  // namespace lantern::testing
