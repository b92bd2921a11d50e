// What the machine promises whatever it is told, checked at each request.
#pragma once

#include <algorithm>
#include <sstream>

#include "input.hpp"
#include "lantern/pipeline.hpp"

namespace lantern::fuzz {

inline std::string printed(const Step& step) {
  std::ostringstream out;
  out << step;
  return std::move(out).str();
}

/// Keeps what the run was told of what is stored, and compares with it what the run asks.
class Promises {
 public:
  Promises(ProjectionConfig config, bool keeps_checkpoint) : config_(std::move(config)), keeps_(keeps_checkpoint) {}

  /// It was asked to stop; takes effect with the next answer.
  void stop(Stop how) { asked_ = std::max(asked_, how); }

  void check(const Step& step) {
    shown_ = printed(step);
    if (const auto* end = step.finished()) return check_end(*end);
    std::visit(
        [&](const auto& pending) {
          if constexpr (requires { pending.effect(); }) check_effect(pending.effect());
        },
        static_cast<const Step::Base&>(step));
    if (stopping_ != Stop::none) {
      ++after_stop_;
      promise(after_stop_ < 64, "a run that is asked to stop ends soon", shown_);
    }
  }

  template <Effect E>
  void answered(const E& asked, const typename E::reply& reply) {
    stopping_ = asked_;
    was_commit_ = false;
    learn(asked, reply);
  }

 private:
  // ---- what is asked ----

  void is_allowed(bool at_checkpoint, bool now = false) const {
    promise(stopping_ != Stop::at_checkpoint || at_checkpoint, "nothing is begun after a stop", shown_);
    promise(stopping_ != Stop::now || now, "nothing but the lease comes after a stop now", shown_);
  }
  void check_effect(const LoadCheckpoint& asked) const {
    is_allowed(asked.purpose == LoadCheckpoint::Purpose::resolve);
  }
  void check_effect(const ReadEvents& asked) const {
    is_allowed(false);
    promise(asked.limit == config_.page_events.value() && asked.byte_limit == config_.page_bytes.value(),
            "a page is as large as is configured", shown_);
    promise(!keeps_ || asked.after >= told_, "no event is read that is stored already", shown_);
  }
  void check_effect(const ListStreams& asked) const {
    is_allowed(false);
    promise(config_.streams && asked.limit == config_.page_events.value(), "streams are listed in pages", shown_);
  }
  void check_effect(const ReadStream& asked) const {
    is_allowed(false);
    promise(config_.streams && config_.streams->contains(asked.stream), "a stream is read that is to be read", shown_);
    promise(!keeps_ || asked.after >= cursors_.of(asked.stream), "no event is read that is stored already", shown_);
  }
  void check_effect(const LoadViews& asked) const {
    is_allowed(false);
    promise(!asked.keys.empty(), "views are loaded when some are missing", shown_);
    auto keys = asked.keys;
    std::ranges::sort(keys);
    promise(std::ranges::adjacent_find(keys) == keys.end(), "the keys are distinct", shown_);
  }
  void check_effect(const SaveCheckpoint& asked) const {
    is_allowed(true);
    promise(asked.fence.has_value() == config_.leadership.has_value(), "a leader's commit has a fence", shown_);
    promise(!asked.fence || asked.fence == fence_, "that of the lease", shown_);
    if (!keeps_) {
      promise(!asked.from && !asked.through && asked.writes.size() == 0 && asked.views.empty(),
              "a state in memory stores records only", shown_);
      return;
    }
    promise(asked.generation == generation_ && asked.revision == revision_, "in the generation that it knows", shown_);
    if (config_.streams) return check_cursors(asked);
    promise(asked.from == told_, "a commit builds on what is stored", shown_);
    promise(asked.through >= asked.from, "a checkpoint never goes back", shown_);
    std::optional<Position> last = asked.from;
    for (const auto& run : asked.writes.runs) {
      for (const RecordedEvent& event : run) {
        promise(!last || event.position > *last, "each event once, in order", shown_);
        last = event.position;
      }
    }
    promise(last <= asked.through, "no event behind the checkpoint", shown_);
    for (const QuarantineRecord& record : asked.quarantined) {
      promise((!asked.from || record.position > *asked.from) && record.position <= asked.through,
              "a record belongs to what is stored with it", shown_);
    }
  }
  void check_cursors(const SaveCheckpoint& asked) const {
    promise(!asked.from && !asked.through, "over streams there is no position", shown_);
    StreamCursors last = cursors_, through = cursors_;
    for (const CursorMove& move : asked.cursors) {
      promise(move.from == cursors_.of(move.stream), "a commit builds on the cursors that are stored", shown_);
      promise(through.advance(move.stream, move.through), "a cursor only rises, once in a commit", shown_);
    }
    for (const auto& run : asked.writes.runs) {
      for (const RecordedEvent& event : run) {
        promise(last.advance(event.stream, StreamVersion{event.version}), "each event once, in its order", shown_);
        promise(last.of(event.stream) <= through.of(event.stream), "no event behind its cursor", shown_);
      }
    }
  }
  void check_effect(const Sleep& asked) const {
    is_allowed(asked.reason == Sleep::Reason::store_retry);
    using namespace std::chrono_literals;
    promise(asked.duration >= 0ns, "no rest is negative", shown_);
    promise(asked.duration <= longest(asked.reason), "no rest is longer than configured", shown_);
  }
  [[nodiscard]] std::chrono::nanoseconds longest(Sleep::Reason reason) const {
    switch (reason) {
      case Sleep::Reason::poll_retry: return config_.poll.failure_backoff.cap.value();
      case Sleep::Reason::event_retry: return config_.event_retry.backoff.cap.value();
      case Sleep::Reason::store_retry: return config_.store_retry.backoff.cap.value();
      case Sleep::Reason::standby: return config_.leadership->standby_interval.value();
      case Sleep::Reason::yielding: return std::chrono::seconds(1);
      case Sleep::Reason::idle: break;
    }
    const auto interval = config_.poll.interval.value(), more = config_.poll.empty_poll_backoff.value();
    return interval > std::chrono::nanoseconds::max() - more ? std::chrono::nanoseconds::max() : interval + more;
  }
  void check_effect(const AcquireLease& asked) const {
    is_allowed(false);
    promise(config_.leadership && asked.owner == config_.leadership->owner, "it leads under its own name", shown_);
  }
  void check_effect(const RenewLease& asked) const {
    is_allowed(true);
    promise(fence_ == asked.lease.fence, "the lease that it has is renewed", shown_);
  }
  void check_effect(const ReleaseLease& asked) const {
    is_allowed(true, true);
    promise(fence_ == asked.lease.fence, "the lease that it has is given back", shown_);
  }
  void check_effect(const Publish& asked) const {
    is_allowed(true, true);
    promise(was_commit_, "changes are published after the commit that made them", shown_);
    promise(!asked.frames.empty(), "and when there are some", shown_);
    for (const Frame& frame : asked.frames) {
      promise(frame.moment.generation == generation_, "of the generation that was committed to", shown_);
    }
  }
  void check_effect(const BeginRebuild&) const { is_allowed(false); }
  void check_effect(const ActivateGeneration& asked) const {
    is_allowed(false);
    promise(asked.generation == generation_, "what was filled is made the active one", shown_);
  }

  // ---- what it is told ----

  void committed(const SaveCheckpoint& save) {
    told_ = save.through;
    for (const CursorMove& move : save.cursors) cursors_.advance(move.stream, move.through);
    was_commit_ = true;
    ++commits_;
    records_ += save.quarantined.size();
    written_ += save.writes.size();
  }
  template <class E>
  void learn(const E&, const typename E::reply&) {}
  void learn(const SaveCheckpoint& asked, const SaveCheckpoint::reply& reply) {
    if (reply) return committed(asked);
    if (std::holds_alternative<OutcomeUnknown>(reply.error())) doubtful_ = asked;
  }
  void learn(const LoadCheckpoint& asked, const LoadCheckpoint::reply& reply) {
    if (!reply) return;
    if (asked.purpose == LoadCheckpoint::Purpose::start) return begin_at(*reply);
    const auto position = *reply ? (*reply)->position : std::nullopt;
    const auto generation = *reply ? (*reply)->generation : generation_;
    if (asked.purpose != LoadCheckpoint::Purpose::resolve || generation != generation_) return;
    const StreamCursors cursors = *reply ? (*reply)->cursors : StreamCursors();
    const bool ends_there = std::ranges::all_of(
        doubtful_.cursors, [&](const CursorMove& move) { return cursors.of(move.stream) == move.through; });
    if (position == doubtful_.through && ends_there) committed(doubtful_);
  }
  void learn(const BeginRebuild&, const BeginRebuild::reply& reply) {
    if (reply) begin_at(*reply);
  }
  void learn(const AcquireLease&, const AcquireLease::reply& reply) {
    if (reply) fence_ = reply->fence;
  }
  void learn(const RenewLease&, const RenewLease::reply& reply) {
    if (reply) fence_ = reply->fence;
  }
  /// Only if the run begins there: else it will say so by asking for something else.
  void begin_at(const std::optional<Checkpoint>& from) {
    before_ = std::tuple(told_, generation_, revision_);
    told_ = from ? from->position : std::nullopt;
    cursors_ = from ? from->cursors : StreamCursors();
    revision_ = from ? from->revision : Revision{};
    if (from) generation_ = from->generation;
  }

  // ---- the end ----

  void check_end(const Finished& end) {
    const RunSummary& summary = end ? *end : end.error().progress;
    promise(!end == (summary.ending == Ending::failed), "a run fails with an error", shown_);
    promise(summary.commits == commits_ && summary.quarantined == records_, "the summary counts what is stored",
            shown_);
    if (!end) promise(!end.error().what.empty() && end.error().kind != ErrorKind::protocol, "it says why", shown_);
    if (!keeps_) return;
    // A checkpoint that was made by newer code, or has to be looked at again, was loaded but not begun at.
    const bool is_told = summary.position == told_ || (before_ && summary.position == std::get<0>(*before_));
    promise(is_told, "the summary says where the store stands", shown_);
  }

  const ProjectionConfig config_;
  const bool keeps_;
  std::string shown_{};
  Stop asked_{Stop::none}, stopping_{Stop::none};
  int after_stop_{};

  std::optional<Position> told_{};
  StreamCursors cursors_{};
  Generation generation_{};
  Revision revision_{};
  std::optional<std::tuple<std::optional<Position>, Generation, Revision>> before_{};
  std::optional<Fence> fence_{};
  SaveCheckpoint doubtful_{};
  bool was_commit_{};
  std::uint64_t commits_{}, records_{}, written_{};
};

}  // namespace lantern::fuzz
