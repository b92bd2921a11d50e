// Memory runs out at each allocation of each effect of the memory store: nothing is changed, and it may be asked again.
#include <catch2/catch.hpp>
#include <functional>
#include <sstream>

#include "allocations.hpp"
#include "lantern/memory/memory_store.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

const std::string long_text(64, 'x');  // on the heap
const std::string owner = "me" + long_text;

/// A store in which something of everything is, and what its statements have made.
struct World {
  std::chrono::nanoseconds time{std::chrono::hours(24 * 365 * 50)};
  MemoryStore store{MemoryOptions{[this] { return time; }}};
  std::vector<std::int64_t> kept{}, pending{};
  Lease lease{};

  World() {
    kept.reserve(100);  // settle must not throw
    REQUIRE(store.append({event("a", "1"), event("b", "2"), event("a", "3")}));
    store.install(
        ProjectionId("p"),
        [this](const RecordedEvent& event) -> tl::expected<void, Failure> {
          pending.push_back(event.position.value);
          return {};
        },
        [this](bool stored) {
          if (stored) kept.insert(kept.end(), pending.begin(), pending.end());
          pending.clear();
        });
    lease = *store.perform(AcquireLease{{"p"}, owner, std::chrono::hours(1)});
    REQUIRE(store.perform(commit({}, 1)));
    REQUIRE(store.perform(BeginRebuild{{"p"}, CodeVersion{2, 1}, {}}));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  static NewEvent event(const std::string& stream, const std::string& id) {
    return {.stream = stream + long_text, .type = "T", .data = long_text, .id = id + long_text};
  }
  SaveCheckpoint commit(std::optional<std::int64_t> from, std::int64_t through) const {
    SaveCheckpoint save;
    save.projection = ProjectionId("p");
    if (from) save.from = Position{*from};
    save.through = Position{through};
    save.fence = lease.fence;
    const std::string number = std::to_string(through);
    for (const char* key : {"k", "l", "m"}) {
      save.views.push_back({.key = key + number + long_text, .state = long_text + number, .version = 1});
    }
    save.quarantined.push_back({Position{through}, long_text, "T", QuarantineReason::skipped, 1, long_text, {}});
    return save;
  }

  /// All that can be seen of the store.
  std::string shown() {
    std::ostringstream out;
    for (const auto& filter : {EventFilter{}, EventFilter{.stream = "a" + long_text}}) {
      const auto page = store.perform(ReadEvents{.filter = filter});
      out << *page << '\n';
      for (const RecordedEvent& e : page->events()) out << e << e.version << e.id << '\n';
    }
    for (const std::int64_t number : {1, 2, 3, 4}) {
      const auto checkpoint = store.perform(LoadCheckpoint{{"p"}, {}, Generation{number}});
      if (*checkpoint) out << **checkpoint << '\n';
      const auto views = store.perform(ScanViews{.projection = {"p"}, .generation = Generation{number}});
      for (const StoredView& view : views->views) out << view << view.updated_at << '\n';
    }
    const auto generations = store.perform(ListGenerations{{"p"}});
    for (const auto& status : *generations) out << status << '\n';
    for (const auto& record : store.quarantined({"p"})) out << record << '\n';
    for (const std::int64_t position : kept) out << position << ' ';
    out << "pending " << pending.size() << '\n';
    return std::move(out).str();
  }
};

/// The same effect in fresh worlds, with each of its allocations failing in turn; then it is asked again.
template <Effect E>
void check_each_allocation(const std::string& name, const std::function<E(World&)>& effect) {
  World calm;
  const E wanted = effect(calm);
  const auto usual = calm.store.perform(wanted);
  REQUIRE(usual);
  const std::string after = calm.shown();
  std::uint64_t harmed = 0;
  for (std::uint64_t n = 1;; ++n) {
    World world;
    const E asked = effect(world);
    const std::string before = world.shown();
    INFO(name << ", allocation " << n);
    REQUIRE(n < 5000);
    bool thrown = false, done = false;
    try {
      const Exhausted exhausted(n);
      done = world.store.perform(asked).has_value();
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    if (Exhausted::counted() < n) break;
    ++harmed;
    if (done) {  // it could do without
      CHECK((world.shown() == after));
      continue;
    }
    CHECK((world.shown() == before));
    CHECK((thrown || name == "commit with statements"));  // there, it may be a failure of the event
    const auto again = world.store.perform(asked);
    REQUIRE(again);
    CHECK(*again == *usual);
    CHECK((world.shown() == after));
  }
  INFO(name);
  CHECK(harmed >= 1);
}

}  // namespace

TEST_CASE("memory runs out at each allocation of each effect of the memory store") {
  check_each_allocation<AppendEvents>("append", [](World&) {
    return AppendEvents{
        {World::event("a", "4"), World::event("c", "5"), World::event("c", "6"), World::event("a", "1")}, {}};
  });
  check_each_allocation<SaveCheckpoint>("commit", [](World& world) { return world.commit(1, 2); });
  EventPage page = *World().store.perform(ReadEvents{});
  check_each_allocation<SaveCheckpoint>("commit with statements", [&page](World& world) {
    SaveCheckpoint save = world.commit(1, 3);
    save.writes.runs = {page.events().subspan(1)};
    return save;
  });
  check_each_allocation<SaveCheckpoint>("first commit", [](World& world) {
    SaveCheckpoint save = world.commit({}, 3);
    save.projection = ProjectionId("p", "another tenant with a name on the heap");
    save.fence.reset();
    return save;
  });
  check_each_allocation<ReplaceView>("replace", [](World& world) {
    return ReplaceView{.projection = {"p"},
                       .key = "k1" + long_text,
                       .state = long_text + "new",
                       .version = 3,
                       .through = Position{1},
                       .generation = (*world.store.perform(LoadCheckpoint{{"p"}}))->generation};
  });
  check_each_allocation<BeginRebuild>("begin", [](World&) { return BeginRebuild{{"p"}, CodeVersion{3, 1}, {}}; });
  check_each_allocation<CancelRebuild>("cancel", [](World&) { return CancelRebuild{{"p"}}; });
  check_each_allocation<AcquireLease>("acquire", [](World&) {
    return AcquireLease{{"p"}, owner, std::chrono::hours(1)};
  });
  check_each_allocation<RenewLease>("renew", [](World& world) {
    return RenewLease{{"p"}, world.lease, std::chrono::hours(1)};
  });
  check_each_allocation<ReadEvents>("read", [](World&) { return ReadEvents{}; });
  check_each_allocation<LoadViews>("load", [](World&) { return LoadViews{{"p"}, Generation{1}, {"k1" + long_text}}; });
}
