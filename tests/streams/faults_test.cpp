// All that can go wrong around each effect of a run over streams, one after the other.
#include "lantern/testing/choices.hpp"
#include "streams_world.hpp"

using namespace streams_world;
using lantern::testing::About;
using lantern::testing::Choices;
using lantern::testing::explore;

namespace {

constexpr StreamVersion at(std::int64_t version) { return StreamVersion{version}; }

struct Crash {};

/// A store around whose effects the choices decide what happens.
struct Faulty {
  MemoryStore& store;
  Choices& choices;

  template <Effect E>
  requires Performs<MemoryStore, E>
  typename E::reply perform(const E& effect) {
    enum { well, crash_before, fails, reply_lost, crash_after };
    const auto what = choices.choose(About::fault, 5);
    if (what == crash_before) throw Crash{};
    const Failure away(FailureKind::unavailable, "away");
    if (what == fails) return refuse<E>(away);
    auto reply = store.perform(effect);
    if (what == crash_after) throw Crash{};
    if (what == reply_lost) {
      if constexpr (std::same_as<E, SaveCheckpoint>) return tl::unexpected(SaveError(OutcomeUnknown{away}));
      else return refuse<E>(away);
    }
    return reply;
  }
  template <Effect E>
  static typename E::reply refuse(const Failure& why) {
    return tl::unexpected(typename E::reply::error_type(why));
  }
};

/// One life of a process: a loop over the machine, as users write it. False: it died, or ended with an error.
bool live(MemoryStore& store, Choices& choices, const ProjectionConfig& config, PerStream projector) {
  Faulty faulty{store, choices};
  ProjectionPipeline pipeline(projector, config);
  Instant now{};
  Step step = pipeline.start(now);
  try {
    while (!step.finished()) {
      step = std::move(step).visit(
          [&](Request<Sleep> nap) {
            now += nap.effect().duration;
            return std::move(nap).answer(Slept::through, now);
          },
          [&](Request<Publish> publish) { return std::move(publish).answer(Publish::Published{}, now); },
          [&](auto request) {
            auto reply = faulty.perform(request.effect());
            return std::move(request).answer(std::move(reply), now);
          });
    }
  } catch (const Crash&) {
    return false;
  }
  return step.finished()->has_value();
}

void check_invariant(World<OnMemory>& world, const PerStream& projector) {
  if (projector.strategy == FailureStrategy::Skip) return;
  if (world.views() != views_at(world.cursors())) FAIL("views are not what the cursors say");
}

/// Its events are applied by the store, inside of the commit.
struct Stored {
  static constexpr bool applied_by_store = true;
  std::string name() const { return "p"; }
  FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Retry; }
};

}  // namespace

TEST_CASE("R1, R3: whatever fails and however often the process dies, views are the fold of each stream") {
  const bool small_pages = GENERATE(false, true);
  const bool rebuilds = GENERATE(false, true);
  const bool poisoned = GENERATE(false, true);
  auto config = over(StreamSelection::with_prefix("s"));
  if (small_pages) config.page_limit(1).with(CommitPolicy{.max_events = EventCount(2)});
  const std::uint32_t faults = rebuilds || poisoned ? 1 : 2;
  std::uint64_t runs = explore({.total = faults}, [&](Choices& choices) {
    World<OnMemory> world{{"s1", 2}, {"t", 1}, {"s2", 1}, {"s3", 2}};
    PerStream projector;
    if (rebuilds) {
      run(world.store, config, projector);
      world.append("s2", 1);
      projector.code = 2;
    }
    if (poisoned) projector.fails = {{{"s3", 2}, -1}};
    int lives = 0;
    while (!live(world.store, choices, config, projector)) {
      check_invariant(world, projector);
      if (++lives == 2 && poisoned) projector.fails.clear();
      if (lives > 6) FAIL("it does not come to an end");
    }
    const StreamCursors all{{"s1", at(2)}, {"s2", at(rebuilds ? 2 : 1)}, {"s3", at(2)}};
    if (world.cursors() != all) FAIL("not caught up");
    check_invariant(world, projector);
    if (rebuilds && world.checkpoint().generation != Generation{2}) FAIL("not switched");
  });
  CHECK(runs > (faults == 2 ? 1000 : 40));
}

TEST_CASE("R3: whichever write of a commit over many streams the store refuses, each event counts once") {
  const bool by_twos = GENERATE(false, true);
  const std::vector<std::pair<std::string, std::int64_t>> events{{"a", 1}, {"a", 2}, {"b", 1},
                                                                 {"c", 1}, {"c", 2}, {"c", 3}};
  for (std::uint32_t page = 1; page <= 3; ++page) {
    for (const auto& bad : events) {
      World<OnMemory> world{{"a", 2}, {"b", 1}, {"c", 3}};
      std::map<std::string, std::vector<std::int64_t>> applied, pending;
      int failures = 2;
      world.store.install(
          id,
          [&](const RecordedEvent& event) -> tl::expected<void, Failure> {
            if (bad == std::pair(std::string(event.stream), event.version) && failures-- > 0) {
              return tl::unexpected(Failure(FailureKind::rejected, "no"));
            }
            pending[std::string(event.stream)].push_back(event.version);
            return {};
          },
          [&](bool stored) {
            for (auto& [stream, versions] : pending) {
              if (stored) applied[stream].insert(applied[stream].end(), versions.begin(), versions.end());
            }
            pending.clear();
          });
      Stored projector;
      auto config = over(StreamSelection::all());
      config.page_limit(*BatchSize::of(page));
      if (by_twos) config.with(CommitPolicy{.max_events = EventCount(2)});
      const Finished end = run_projection_blocking(projector, world.store, config);
      REQUIRE(end);
      CHECK(end->applied == 6);
      CHECK(applied == std::map<std::string, std::vector<std::int64_t>>{{"a", {1, 2}}, {"b", {1}}, {"c", {1, 2, 3}}});
      CHECK(world.cursors() == StreamCursors{{"a", at(2)}, {"b", at(1)}, {"c", at(3)}});
    }
  }
}
