// What a run of the machine meets in a fuzzer: projectors that fail, and a store that tells the truth or lies.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "input.hpp"
#include "keyed_probe.hpp"
#include "lantern/pipeline.hpp"

namespace lantern::fuzz {

using testing::ViewModel;

/// Without keys. What an event's data says is what becomes of it.
template <bool Durable, bool ByStore>
struct Plain {
  static constexpr bool effects_are_durable = Durable;
  static constexpr bool applied_by_store = ByStore;
  FailureStrategy strategy = FailureStrategy::Fatal;
  std::optional<Position> snapshot{};
  int fails{};  ///< how often the next events that fail do so

  std::string name() const { return "p"; }
  std::optional<Position> starts_after() const { return snapshot; }
  tl::expected<void, Failure> apply(const RecordedEvent& event, Position) {
    if (!event.data.ends_with('!')) return {};
    if (fails > 0 && --fails == 0) return {};
    if (event.data.starts_with('a')) throw std::runtime_error("thrown");
    if (event.data.starts_with('b')) throw 1;
    return tl::unexpected(Failure(FailureKind::rejected, "refused"));
  }
  FailureStrategy on_error(const FailureContext& context) {
    if (context.event.stream == "throws") throw std::runtime_error("on_error");
    return strategy;
  }
};

inline ProjectionConfig config(Input& in) {
  using namespace std::chrono_literals;
  constexpr Delay delays[] = {1ns, 1ms, 100ms, 1s, std::chrono::nanoseconds::max()};
  constexpr BackoffMultiplier multipliers[] = {1, 2, 1e300};
  constexpr Jitter jitters[] = {0, 0.2, 1};
  constexpr MaxRetryAttempts attempts[] = {0, 1, 2};
  constexpr BatchSize limits[] = {1, 2, 3, 1000};
  constexpr ViewCacheSize caches[] = {0, 1, 10'000};
  constexpr MaxConsecutiveFailures failures[] = {1, 2};
  constexpr RebuildShare shares[] = {1, 100};
  constexpr EventCount counts[] = {1, 3};
  constexpr ByteCount sizes[] = {1, 8, 16ULL << 20};
  const auto backoff = [&] {
    return Backoff{in.one_of(delays), in.one_of(multipliers), in.one_of(delays), in.one_of(jitters)};
  };
  ProjectionConfig made;
  made.mode = in.flip() ? PollMode::continuous : PollMode::batch;
  made.poll = {in.one_of(delays), in.one_of(delays), backoff(), in.one_of(failures)};
  made.event_retry = {in.one_of(attempts), backoff(), static_cast<Escalation>(in.choose(3))};
  made.store_retry = {in.one_of(attempts), backoff()};
  if (in.flip()) made.commit.max_events = in.one_of(counts);
  if (in.flip()) made.commit.max_bytes = in.one_of(sizes);
  if (in.flip()) made.commit.max_age = in.one_of(delays);
  if (in.flip()) {
    made.leadership = Leadership("me");
    made.leadership->ttl = in.one_of(delays);
    made.leadership->standby_interval = in.one_of(delays);
    made.leadership->when_not_leader = in.flip() ? WhenNotLeader::stand_by : WhenNotLeader::fail;
  }
  made.page_events = in.one_of(limits);
  made.page_bytes = in.one_of(sizes);
  made.view_cache = in.one_of(caches);
  made.publish = !in.flip();
  made.rebuild = static_cast<RebuildPolicy>(in.choose(3));
  made.hold_switch = in.flip();
  made.rebuild_share = in.one_of(shares);
  made.seed = in.byte();
  if (in.choose(4) == 1) {
    made.over(in.flip() ? StreamSelection::all() : StreamSelection::list({"s", "throws"}));
    if (in.flip()) made.when_stream_fails(WhenStreamFails::stop);
  }
  return made;
}

/// Replies that a store should not give, and could.
class Liar {
 public:
  explicit Liar(Input& in) : in_(in) {}

  template <Effect E>
  typename E::reply perform(const E& asked) {
    return lie(asked);
  }

 private:
  Failure failure() { return Failure(static_cast<FailureKind>(in_.choose(12)), in_.text(4)); }
  std::optional<Position> position() { return in_.flip() ? std::optional(Position{in_.number()}) : std::nullopt; }
  Checkpoint checkpoint() {
    return {position(), Generation{in_.number()}, Revision{in_.number()},
            CodeVersion{in_.number(), static_cast<std::int32_t>(in_.number())}};
  }
  template <class... Others>
  std::variant<Others..., Failure> or_failure(Others... others) {
    std::variant<Others..., Failure> made = failure();
    std::size_t way = in_.choose(sizeof...(Others) + 1);
    ((way-- == 0 ? void(made = std::move(others)) : void()), ...);
    return made;
  }

  LoadCheckpoint::reply lie(const LoadCheckpoint&) {
    switch (in_.choose(3)) {
      case 0: return tl::unexpected(failure());
      case 1: return std::nullopt;
      default: break;
    }
    Checkpoint made = checkpoint();
    if (in_.flip()) {
      made.position.reset();
      made.cursors.advance("s", StreamVersion{in_.number()});
    }
    return made;
  }
  ListStreams::reply lie(const ListStreams& asked) {
    if (in_.choose(4) == 0) return tl::unexpected(failure());
    StreamPage page;
    for (std::size_t n = in_.choose(4); n > 0; --n) {
      const std::string stream = in_.flip() ? "s" : in_.text(3);
      page.streams.push_back({stream, StreamVersion{in_.flip() ? 1 : in_.number()}, StreamVersion{in_.number()}});
    }
    if (in_.flip()) page.as_of = asked.changed_since ? asked.changed_since : position();
    return page;
  }
  ReadStream::reply lie(const ReadStream& asked) {
    if (in_.choose(4) == 0) return tl::unexpected(failure());
    StreamSlice slice;
    std::int64_t last = asked.after ? asked.after->value : 0;
    for (std::size_t n = in_.choose(5); n > 0; --n) {
      last = in_.choose(8) == 0 || last == std::numeric_limits<std::int64_t>::max() ? in_.number() : last + 1;
      const std::string data = in_.text(6);
      const std::string stream = in_.choose(8) == 0 ? "other" : asked.stream;
      slice.page.add(
          {.position = Position{in_.number()}, .stream = stream, .version = last, .type = "T", .data = data});
    }
    slice.scanned_to = in_.choose(4) == 0 ? std::optional(StreamVersion{in_.number()}) : StreamVersion{last};
    slice.head = in_.flip() ? slice.scanned_to : StreamVersion{1000};
    return slice;
  }
  ReadEvents::reply lie(const ReadEvents& asked) {
    if (in_.choose(4) == 0) return tl::unexpected(failure());
    EventPage page;
    std::int64_t last = asked.after ? asked.after->value : 0;
    for (std::size_t n = in_.choose(5); n > 0; --n) {
      last = in_.choose(8) == 0 || last == std::numeric_limits<std::int64_t>::max() ? in_.number() : last + 1;
      const std::string data = in_.text(6), stream = in_.flip() ? "throws" : "s";
      page.add({.position = Position{last}, .stream = stream, .version = in_.number(), .type = "T", .data = data});
    }
    page.scanned_to = in_.choose(4) == 0             ? position()
                      : asked.after || !page.empty() ? std::optional(Position{last})
                                                     : std::nullopt;
    page.head = in_.choose(4) == 0 ? position() : in_.flip() ? page.scanned_to : Position{1000};
    return page;
  }
  SaveCheckpoint::reply lie(const SaveCheckpoint& asked) {
    switch (in_.choose(9)) {
      case 8: return tl::unexpected(SaveError(CursorMoved{in_.text(2), StreamVersion{in_.number()}}));
      case 0: return Saved{position()};
      case 1: return tl::unexpected(SaveError(CheckpointMoved{position()}));
      case 2: return tl::unexpected(SaveError(LostLeadership{in_.text(3)}));
      case 3:
        return tl::unexpected(SaveError(WriteFailed{
            in_.flip() ? in_.choose(asked.writes.size() + 1) : static_cast<std::size_t>(in_.number()), failure()}));
      case 4: return tl::unexpected(SaveError(OutcomeUnknown{failure()}));
      case 5: return tl::unexpected(SaveError(ViewsReplaced{Revision{in_.number()}}));
      case 6: return tl::unexpected(SaveError(GenerationMoved{Generation{in_.number()}}));
      default: return tl::unexpected(SaveError(failure()));
    }
  }
  Sleep::reply lie(const Sleep&) { return Slept::woken; }
  AcquireLease::reply lie(const AcquireLease&) {
    if (in_.flip()) return Lease{in_.text(3), Fence{in_.number()}};
    return tl::unexpected(or_failure(LeaseHeld{in_.flip() ? "me" : "x", std::chrono::nanoseconds(in_.number())}));
  }
  RenewLease::reply lie(const RenewLease&) {
    if (in_.flip()) return Lease{in_.text(3), Fence{in_.number()}};
    return tl::unexpected(or_failure(LostLeadership{in_.text(3)}));
  }
  ReleaseLease::reply lie(const ReleaseLease&) { return tl::unexpected(failure()); }
  LoadViews::reply lie(const LoadViews& asked) {
    if (in_.choose(4) == 0) return tl::unexpected(failure());
    const auto key = [&] {
      return in_.choose(4) == 0 || asked.keys.empty() ? in_.text(2) : asked.keys[in_.choose(asked.keys.size())];
    };
    LoadedViews made;
    for (std::size_t n = in_.choose(3); n > 0; --n) {
      StoredView view{.key = key(), .version = in_.number(), .edition = {in_.number()}, .position = position()};
      view.schema_version = static_cast<std::int32_t>(in_.number());
      if (in_.flip()) view.state = in_.flip() ? in_.text(3) : "7";
      made.views.push_back(std::move(view));
    }
    for (std::size_t n = in_.choose(3); n > 0; --n) made.parked.push_back(key());
    return made;
  }
  Publish::reply lie(const Publish&) { return tl::unexpected(failure()); }
  BeginRebuild::reply lie(const BeginRebuild&) {
    if (in_.flip()) return checkpoint();
    return tl::unexpected(or_failure(LostLeadership{"x"}));
  }
  ActivateGeneration::reply lie(const ActivateGeneration&) {
    return tl::unexpected(or_failure(LostLeadership{"x"}, BehindActive{position()}));
  }

  Input& in_;
};

/// A log of events whose data are these words, and, if it is so, a generation that older code has made of some of them.
inline ViewModel truth(Input& in) {
  constexpr const char* words[] = {"a", "b", "a b", "a!", "b=", "", "c a", "\xff"};
  ViewModel store;
  for (std::int64_t p = 1, count = static_cast<std::int64_t>(in.choose(8)); p <= count; ++p) {
    store.log.push_back({p, "T", in.one_of(words)});
  }
  if (in.flip() && !store.log.empty()) {
    store.active = store.greatest = 1;
    store.generations[1].position = Position{1};
  }
  return store;
}

}  // namespace lantern::fuzz
