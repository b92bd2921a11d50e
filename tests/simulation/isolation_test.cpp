// A projection beside another one, in one store and on one log, is the projection that it would be alone.
#include <catch2/catch.hpp>

#include "lantern/keyed_binding.hpp"
#include "lantern/memory/memory_store.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/testing/choices.hpp"
#include "lantern/traced.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

struct TextCodec {
  [[nodiscard]] std::string encode_state(const std::string& text) const { return text; }
  [[nodiscard]] std::string encode_delta(const std::string& text) const { return text; }
  [[nodiscard]] tl::expected<std::string, Failure> decode_state(std::string_view bytes) const {
    return std::string(bytes);
  }
};

/// Collects the data of each stream; fails for those of a type.
struct Collector {
  using State = std::string;
  using Delta = std::string;
  using view_codec = TextCodec;

  std::string label;
  std::string fails_for;

  [[nodiscard]] std::string name() const { return label; }
  [[nodiscard]] std::vector<std::string> keys(const RecordedEvent& event) const { return {std::string(event.stream)}; }
  [[nodiscard]] tl::expected<Change<Delta>, Failure> apply(State& state, const RecordedEvent& event,
                                                           const ViewAt&) const {
    if (event.type == fails_for) return tl::unexpected(Failure(FailureKind::rejected, "poison"));
    state += event.data;
    return changed(std::string(event.data));
  }
  [[nodiscard]] FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Retry; }
};

/// One projection's process: its pending step, the time that it has seen, and all that it asked and was told.
struct Runner {
  Runner(MemoryStore& on, std::string name, std::string tenant, std::string fails_for)
      : projector{std::move(name), std::move(fails_for)},
        store(on, [this](std::string line) { trace += line + '\n'; }) {
    ProjectionConfig config;
    config.page_limit(3).of_tenant(std::move(tenant)).with(Leadership(projector.label)).publish_changes(false);
    config.event_retry.max_attempts = 2;
    config.event_retry.when_exhausted = Escalation::quarantine_key;
    step.emplace(ProjectionPipeline(projector, config).start(now));
  }
  [[nodiscard]] bool done() const { return step->finished() != nullptr; }
  void act() {
    Step next = std::move(*step).visit([this]<Effect E>(Request<E> request) -> Step {
      if constexpr (std::same_as<E, Sleep>) {
        now += request.effect().duration;
        return std::move(request).answer(Slept::through, now);
      } else {
        auto reply = perform(store, request.effect());
        return std::move(request).answer(std::move(reply), now);
      }
    });
    step.emplace(std::move(next));
  }

  Collector projector;
  std::string trace{};
  Instant now{};
  Traced<MemoryStore> store;
  std::optional<Step> step{};
};

MemoryStore filled(std::uint64_t seed) {
  MemoryStore store(MemoryOptions{.clock = [] { return std::chrono::nanoseconds(1); }});
  RandomBits random(seed);
  std::vector<NewEvent> events;
  for (int n = 0; n < 12; ++n) {
    events.push_back({.stream = std::string(1, static_cast<char>('a' + random.below(3))),
                      .type = random.below(4) == 0 ? "odd" : "even",
                      .data = std::to_string(n) + ' '});
  }
  REQUIRE(store.append(std::move(events)));
  return store;
}

bool records(std::string trace) {
  constexpr std::string_view none = "quarantined=0";
  for (auto at = trace.find(none); at != trace.npos; at = trace.find(none, at)) trace.erase(at, none.size());
  return trace.find("quarantined=") != trace.npos;
}

/// What the projection `b` of a tenant asks and is told, beside a projection that is interleaved with it by chance.
std::string trace_of(std::uint64_t seed, const std::string& beside, const std::string& tenant,
                     const std::string& fails_for) {
  MemoryStore store = filled(seed);
  Runner other(store, beside, tenant, fails_for);
  Runner mine(store, "b", "", "");
  RandomBits random(seed + 1);
  while (!mine.done() || !other.done()) {
    const bool mine_next = other.done() || (!mine.done() && random.below(2) == 0);
    (mine_next ? mine : other).act();
  }
  if (!fails_for.empty()) REQUIRE(records(other.trace));
  return mine.trace;
}

}  // namespace

TEST_CASE("a projection asks and is told the same, byte for byte, whatever another one beside it does") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    MemoryStore alone = filled(seed);
    Runner mine(alone, "b", "", "");
    while (!mine.done()) mine.act();
    REQUIRE(mine.trace.find("SaveCheckpoint") != std::string::npos);
    CHECK(trace_of(seed, "a", "", "") == mine.trace);
    CHECK(trace_of(seed, "b", "another tenant", "") == mine.trace);
    CHECK(trace_of(seed, "B", "", "") == mine.trace);
  }
}

TEST_CASE("poison stops its own keys, and no other projection or tenant") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    MemoryStore alone = filled(seed);
    Runner mine(alone, "b", "", "");
    while (!mine.done()) mine.act();
    CHECK(trace_of(seed, "a", "", "even") == mine.trace);
    CHECK(trace_of(seed, "b", "another tenant", "even") == mine.trace);
  }
}
