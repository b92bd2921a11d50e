// The code that docs/guide-rebuild.md shows and no example holds.
#include <cassert>
#include <iostream>
#include <map>

#include "lantern/blocking/read_views.hpp"
#include "lantern/blocking/rebuild.hpp"
#include "lantern/blocking/rebuild_key.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/blocking/seed.hpp"
#include "lantern/blocking/verify.hpp"
#include "lantern/json_codec.hpp"
#include "lantern/json_views.hpp"
#include "lantern/keyed.hpp"
#include "lantern/memory/memory_store.hpp"
#include "lantern/observer.hpp"

using namespace lantern;

namespace {

struct Ordered {
  static constexpr std::string_view event_type = "Ordered";
  std::string customer;
  std::int64_t amount{};
};
struct Total {
  std::int64_t total{};
};
struct Added {
  std::int64_t added{};
};
BOOST_DESCRIBE_STRUCT(Ordered, (), (customer, amount))
BOOST_DESCRIBE_STRUCT(Total, (), (total))
BOOST_DESCRIBE_STRUCT(Added, (), (added))

struct OldTotals {
  using State = Total;
  using Delta = Added;
  using codec = JsonCodec<Ordered>;
  using view_codec = JsonViewCodec<State, Delta>;
  std::string name() const { return "totals"; }
  std::string keys(const Ordered& event) const { return event.customer; }
  Change<Delta> apply(State& state, const Ordered& event) const {
    state.total += event.amount;
    return changed(Added{event.amount});
  }
};

struct Totals : OldTotals {
  std::int64_t version() const { return 2; }  // was 1: small orders count no more
  Change<Delta> apply(State& state, const Ordered& event) const {
    if (event.amount < 10) return unchanged;
    return OldTotals::apply(state, event);
  }
};

// ---- upcasting ----

struct Counted {
  std::int64_t total{}, orders{};
};
BOOST_DESCRIBE_STRUCT(Counted, (), (total, orders))

struct CountedTotals {
  using State = Counted;
  using Delta = Added;
  using codec = JsonCodec<Ordered>;
  using view_codec = JsonViewCodec<State, Delta>;
  std::string name() const { return "totals"; }
  std::string keys(const Ordered& event) const { return event.customer; }
  Change<Delta> apply(State& state, const Ordered& event) const {
    state.total += event.amount;
    ++state.orders;
    return changed(Added{event.amount});
  }

  static constexpr std::int32_t state_version = 2;  // State has `orders` since

  tl::expected<State, Failure> upcast_view(std::int32_t /*from*/, std::string_view bytes) const {
    return OldTotals::view_codec().decode_state(bytes).map([](const Total& old) { return State{old.total, 0}; });
  }
};
static_assert(KeyedProjector<Totals> && KeyedProjector<CountedTotals>);

std::map<std::string, std::string> shown(MemoryStore& store, std::optional<Generation> generation = {}) {
  std::map<std::string, std::string> found;
  const auto page = store.perform(ScanViews{.projection = {"totals"}, .generation = generation}).value();
  for (const StoredView& view : page.views) found[view.key] = *view.state;
  return found;
}

using Shown = std::map<std::string, std::string>;
const Shown by_version_1 = {{"ada", R"({"total":30})"}, {"bob", R"({"total":5})"}};
const Shown by_version_2 = {{"ada", R"({"total":30})"}};

// ---- a raised version ----

void raise(MemoryStore& store) {
  Observer watch([](const ProjectionId&, const Happening& what) {
    if (const auto* begun = std::get_if<happening::RebuildBegun>(&what)) {
      std::cout << "filling generation " << begun->generation << '\n';
    } else if (const auto* done = std::get_if<happening::Activated>(&what)) {
      std::cout << "generation " << done->generation << " is active\n";
    }
  });
  Totals totals;
  const Finished finished = run_projection_blocking(totals, store, ProjectionConfig().tell(watch));
  assert(finished && finished->generation == Generation{2} && shown(store) == by_version_2);

  const auto generations = store.perform(ListGenerations{{"totals"}});
  for (const GenerationStatus& one : generations.value()) std::cout << one << '\n';
  assert(generations->size() == 2 && generations->front().state == GenerationState::previous);

  OldTotals too_old;
  const Finished refused = run_projection_blocking(too_old, store);
  assert(!refused && refused.error().kind == ErrorKind::version_too_old);
}

// ---- back, and for good ----

void go_back(MemoryStore& store) {
  const auto back = store.perform(RollBack{{"totals"}});
  if (back) std::cout << "generation " << *back << " is active again\n";
  assert(back == Generation{3} && shown(store) == by_version_1);

  OldTotals old;  // the old code goes on where it was
  assert(run_projection_blocking(old, store).value().ending == Ending::caught_up);

  const auto dropped = store.perform(FinalizeRebuild{{"totals"}});
  assert(dropped && *dropped == Generation{2});
  assert(!store.perform(RollBack{{"totals"}}));
}

// ---- held ----

void hold(MemoryStore& store) {
  Totals totals;
  const auto filled = run_projection_blocking(totals, store, ProjectionConfig().hold_the_switch());
  assert(filled && filled->ending == Ending::rebuilt);

  const auto now = store.perform(ScanViews{.projection = {"totals"}});
  const auto then = store.perform(ScanViews{.projection = {"totals"}, .generation = filled->generation});
  const bool as_expected = now && then && then->views.size() <= now->views.size();
  assert(as_expected && shown(store) == by_version_1 && shown(store, filled->generation) == by_version_2);

  if (as_expected) {
    const auto switched = run_projection_blocking(totals, store);  // goes on with it, switches, and is the live run
    assert(switched && switched->ending == Ending::caught_up);
  } else {
    (void)store.perform(CancelRebuild{{"totals"}});
  }
  assert(shown(store) == by_version_2);
}

// ---- the same code again ----

void again(MemoryStore& store) {
  Totals totals;
  const auto before = store.perform(ListGenerations{{"totals"}})->back().generation;
  const auto config = ProjectionConfig().rebuild_when(RebuildPolicy::always);
  const auto finished = run_projection_blocking(totals, store, config);
  assert(finished && finished->generation > before);
}

void slowly(MemoryStore& store) {
  Totals totals;
  const auto config = ProjectionConfig().limit_rebuild(25);  // percent; 50 unless you say so
  assert(ProjectionConfig().rebuild_share.value() == 50);
  assert(run_projection_blocking(totals, store, ProjectionConfig(config).rebuild_when(RebuildPolicy::always)));
}

// ---- tools ----

void with_a_look(MemoryStore& store) {
  Totals totals;
  Parity parity;
  parity.accept = [](const ViewComparison& found) {
    for (const ViewDifference& one : found.differences) std::cout << one << '\n';
    return found.different < 100;
  };
  const auto rebuilt = rebuild(totals, store, ProjectionConfig(), parity);
  if (!rebuilt) std::cerr << to_string(rebuilt.error()) << '\n';
  else if (rebuilt->end == Rebuilt::End::cancelled) std::cout << "readers see what they saw\n";
  assert(rebuilt->end == Rebuilt::End::switched && rebuilt->comparison->identical());
}

void verified(MemoryStore& store) {
  Totals totals;
  MemoryStore scratch;
  const auto found = verify(totals, store, scratch);
  if (found && !found->identical()) std::cout << found->differences.front() << '\n';
  assert(found && found->identical());

  const auto ada = store.perform(GetView{{"totals"}, "ada"}).value();
  const ReplaceView tampered{.projection = {"totals"},
                             .key = "ada",
                             .state = R"({"total":31})",
                             .version = 2,
                             .position = ada.view->position,
                             .through = ada.as_of.position,
                             .generation = ada.as_of.generation};
  assert(store.perform(tampered));
  MemoryStore another;
  assert(verify(totals, store, another)->different == 1);
}

void one_key(MemoryStore& store) {
  Totals totals;
  const auto mended = rebuild_key(totals, store, "ada");
  if (mended) std::cout << mended->state.value_or("no view") << " as of " << mended->as_of << '\n';
  assert(mended && mended->state == R"({"total":30})" && mended->moment.version == 2);
}

void seeded(MemoryStore& old_store, MemoryStore& store) {
  const auto exported = scan_all(old_store, {"totals"});
  const auto as_of = old_store.perform(GetView{{"totals"}, ""})->as_of.position;
  const auto begun = seed(store, {"totals"}, CodeVersion{.program = 2}, *as_of, *exported);
  assert(begun && begun->active && shown(store) == by_version_2);
}

void upcast() {
  MemoryStore store;
  const auto ordered = NewEvent{.stream = "s", .type = "Ordered", .data = R"({"customer":"ada","amount":30})"};
  OldTotals old;
  store.append({ordered}).value();
  assert(run_projection_blocking(old, store));
  store.append({ordered}).value();
  CountedTotals counted;
  assert(run_projection_blocking(counted, store).value().generation == Generation{1});
  assert(shown(store).at("ada") == R"({"total":60,"orders":1})");
}

}  // namespace

int main() {
  MemoryStore store;
  const auto ordered = [](const std::string& customer, int amount) {
    return NewEvent{.stream = "shop",
                    .type = "Ordered",
                    .data = R"({"customer":")" + customer + R"(","amount":)" + std::to_string(amount) + "}"};
  };
  store.append({ordered("ada", 10), ordered("ada", 20), ordered("bob", 5)}).value();
  OldTotals old;
  assert(run_projection_blocking(old, store));
  assert(shown(store) == by_version_1);
  raise(store);
  go_back(store);
  hold(store);
  again(store);
  slowly(store);
  with_a_look(store);
  verified(store);
  one_key(store);
  MemoryStore new_store;
  new_store.append({ordered("ada", 10), ordered("ada", 20), ordered("bob", 5)}).value();
  seeded(store, new_store);
  upcast();
}
