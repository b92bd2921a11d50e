#include "watch.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "json_text.hpp"
#include "leader.hpp"
#include "text.hpp"

namespace lantern::cli {
namespace {

std::optional<std::int64_t> number(const std::optional<Position>& position) {
  return position ? std::optional(position->value) : std::nullopt;
}

std::optional<std::string> text(const std::string& value) {
  return value.empty() ? std::nullopt : std::optional(value);
}

JsonObject event(const char* what, const std::string& projection) {
  JsonObject object;
  object.field("event", what).field("projection", projection);
  return object;
}

// The words of docs/cli.md; stable.
const char* word(Ending ending) {
  switch (ending) {
    case Ending::caught_up: return "caught_up";
    case Ending::stopped: return "stopped";
    case Ending::rebuilt: return "rebuilt";
    case Ending::failed: break;
  }
  return "failed";
}

// And those of `lantern status`.
const char* state_after(Ending ending) {
  switch (ending) {
    case Ending::caught_up: return "caught up";
    case Ending::stopped: return "stopped";
    case Ending::rebuilt: return "rebuilt";
    case Ending::failed: break;
  }
  return "failed";
}

}  // namespace

Watch::Watch(std::string name, bool follows, WatchSink sink)
    : name_(std::move(name)),
      follows_(follows),
      sink_(std::move(sink)),
      observer_([this](const ProjectionId&, const Happening& what) { see(what); }) {}

void Watch::see(const Happening& what) {
  std::visit([this](const auto& happened) { see(happened); }, what);
  if (note_is_old_) write_note();
}

void Watch::see(const happening::Started& started) {
  {
    const std::lock_guard lock(mutex_);
    start_ = position_ = started.position ? started.position->value : 0;
    head_ = std::max(head_, position_);
  }
  note_.last_error.clear();
  rebuilding_ = false;
  if (std::exchange(generation_, started.generation) != started.generation) {
    note_is_old_ = true;  // nothing is noted of this one yet
    noted_ = {};
  }
  state("running");
  if (sink_.line) {
    sink_.line(event("started", name_)
                   .field("generation", started.generation.value)
                   .field("position", number(started.position))
                   .text());
  }
}

void Watch::see(const happening::PageRead& page) {
  const std::lock_guard lock(mutex_);
  if (page.head) head_ = std::max(head_, page.head->value);
}

void Watch::see(const happening::Committed& commit) {
  std::int64_t head{};
  std::uint64_t applied{}, quarantined{};
  {
    const std::lock_guard lock(mutex_);
    applied = applied_ += commit.applied;
    quarantined = quarantined_ += commit.quarantined;
    if (commit.through) position_ = commit.through->value;
    head = head_ = std::max(head_, position_);
  }
  if (note_.state == "retrying") state(rebuilding_ ? "rebuilding" : "running");
  if (!sink_.line) return;
  // The first, and then one a second: enough to follow, too few to slow anything down.
  const auto now = Clock::now();
  if (told_ != Clock::time_point{} && now - told_ < std::chrono::seconds(1)) return;
  told_ = now;
  sink_.line(event("progress", name_)
                 .field("position", number(commit.through))
                 .field("head", head)
                 .field("applied", applied)
                 .field("quarantined", quarantined)
                 .text());
}

void Watch::see(const happening::CaughtUp& there) {
  if (follows_) {
    state("following");
    noted_ = {};  // there may be nothing more to come for a long time
  }
  if (caught_up_ && caught_up_ == there.position) return;  // nothing new since
  caught_up_ = there.position;
  if (sink_.line) sink_.line(event("caught_up", name_).field("position", number(there.position)).text());
}

void Watch::see(const happening::EventFailed& failed) {
  note_.last_error = to_string(failed.cause);
  if (!sink_.line) return;
  sink_.line(event("event_failed", name_)
                 .field("position", failed.position.value)
                 .field("attempt", failed.attempt)
                 .field("error", to_string(failed.cause))
                 .text());
}

void Watch::see(const happening::RetryScheduled& retry) {
  if (retry.reason == Sleep::Reason::event_retry) ++note_.retries;
  state("retrying");
  if (!sink_.line) return;
  sink_.line(event("retry", name_)
                 .field("reason", to_string(retry.reason))
                 .field("attempt", retry.attempt)
                 .field("delay_seconds", std::chrono::duration<double>(retry.delay).count())
                 .text());
}

void Watch::see(const happening::Quarantined& passed) {
  if (!sink_.line) return;
  const QuarantineRecord& record = passed.record;
  sink_.line(event("quarantined", name_)
                 .field("position", record.position.value)
                 .field("stream", record.stream)
                 .field("type", record.type)
                 .field("reason", to_string(record.reason))
                 .field("attempts", record.attempts)
                 .field("error", record.error)
                 .text());
}

void Watch::see(const happening::StoreFailed& failed) {
  note_.last_error = to_string(failed.cause);
  if (sink_.line) sink_.line(event("store_failed", name_).field("error", to_string(failed.cause)).text());
}

void Watch::see(const happening::LeaseGained&) {}

void Watch::see(const happening::LeaseLost& lost) {
  if (sink_.line) sink_.line(event("leadership_lost", name_).field("leader", text(lost.holder)).text());
}

void Watch::see(const happening::StandingBy& waiting) {
  const bool first = note_.state != "standing by";
  // Not noted in the store: there, the one who leads has the word.
  note_.state = "standing by";
  {
    const std::lock_guard lock(mutex_);
    doing_ = note_.state;
  }
  if (first && sink_.line) sink_.line(event("standing_by", name_).field("leader", text(waiting.holder)).text());
}

void Watch::see(const happening::RebuildBegun& begun) {
  {
    const std::lock_guard lock(mutex_);
    start_ = position_ = begun.position ? begun.position->value : 0;
    head_ = std::max(head_, position_);
  }
  rebuilding_ = true;
  generation_ = begun.generation;
  state("rebuilding");
  if (sink_.line) {
    sink_.line(event("rebuild_begun", name_)
                   .field("generation", begun.generation.value)
                   .field("position", number(begun.position))
                   .text());
  }
}

void Watch::see(const happening::Activated& active) {
  rebuilding_ = false;
  switched_ = true;
  note_is_old_ = false;  // what is noted of this generation is up to the live run, be it this one or another
  if (sink_.line) sink_.line(event("switched", name_).field("generation", active.generation.value).text());
}

// What only keyed projections tell; the program runs none.
void Watch::see(const happening::PublishFailed&) {}
void Watch::see(const happening::ViewsReloaded&) {}

// What only runs over streams tell; the program runs over the whole log.
void Watch::see(const happening::StreamsListed&) {}
void Watch::see(const happening::StreamRead&) {}
void Watch::see(const happening::StreamSetAside&) {}

void Watch::state(std::string word) {
  if (word == note_.state) return;
  {
    const std::lock_guard lock(mutex_);
    doing_ = word;
  }
  note_.state = std::move(word);
  note_is_old_ = true;
}

// Costs a commit, so a run that fails and recovers over and over is noted once a second only.
void Watch::write_note() {
  if (rebuilding_) return;  // the note of the active generation is the live run's to write
  const auto now = Clock::now();
  if (noted_ != Clock::time_point{} && now - noted_ < std::chrono::seconds(1)) return;
  noted_ = now;
  note_is_old_ = false;
  if (sink_.note) sink_.note(generation_, note_);
}

void Watch::finished(const Finished& how) {
  const RunSummary& summary = how ? *how : how.error().progress;
  const Ending ending = how ? summary.ending : Ending::failed;
  // A rebuild that is not, or not yet, the live run leaves the word to the one that is.
  const bool led = note_.state != "standing by" && (how || how.error().kind != ErrorKind::leadership) &&
                   ending != Ending::rebuilt && !rebuilding_;
  note_.retries = summary.retries;
  note_.state = state_after(ending);
  if (!how) note_.last_error = message_of(how.error());
  {
    const std::lock_guard lock(mutex_);
    doing_ = note_.state;
  }
  // Who did not lead leaves the word to the one who does.
  if (led && sink_.note) sink_.note(generation_, note_);
  if (!sink_.line) return;
  JsonObject object = event("finished", name_);
  object.field("outcome", word(ending))
      .field("generation", summary.generation.value)
      .field("position", number(summary.position))
      .field("applied", summary.applied)
      .field("quarantined", summary.quarantined)
      .field("retries", summary.retries)
      .field("commits", summary.commits)
      .field("seconds", std::chrono::duration<double>(elapsed()).count());
  if (how) {
    object.raw("error", "null");
  } else {
    JsonObject error;
    error.field("kind", to_string(how.error().kind))
        .field("message", message_of(how.error()))
        .field("position", number(how.error().position))
        .field("stream", text(how.error().stream))
        .field("type", text(how.error().event_type));
    object.raw("error", error.text());
  }
  sink_.line(object.text());
}

Progress Watch::progress(RateMeter::Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto done = static_cast<std::uint64_t>(position_ - start_);
  const auto total = static_cast<std::uint64_t>(head_ - start_);
  rate_.sample(now, done);
  Progress shown{.label = one_line(name_), .done = done, .total = total, .per_second = rate_.per_second()};
  shown.count =
      grouped(static_cast<std::uint64_t>(position_)) + " of " + counted(static_cast<std::uint64_t>(head_), "event");
  if (head_ == 0) {  // not known yet, or there is nothing
    shown.total.reset();
    shown.count = doing_;
  } else if (done == total) {
    shown.count += ", " + doing_;
    shown.per_second.reset();
  } else if (shown.per_second && *shown.per_second > 0) {
    const std::chrono::duration<double> left(static_cast<double>(total - done) / *shown.per_second);
    shown.left = std::chrono::duration_cast<std::chrono::nanoseconds>(left);
  }
  return shown;
}

}  // namespace lantern::cli
