// Names are data: whatever a projection, a tenant and a key are called, what operators do to one tenant's views leaves
// those of the others alone, with the same keys.
#include <algorithm>

#include "lantern/blocking/read_views.hpp"
#include "lantern/blocking/rebuild.hpp"
#include "lantern/blocking/rebuild_key.hpp"
#include "lantern/blocking/seed.hpp"
#include "lantern/blocking/verify.hpp"
#include "views_world.hpp"

using namespace lantern;
using views_world::OnMemory;
using views_world::OnSqlite;

namespace {

using Texts = std::vector<std::string>;

const Texts& hostile() {
  static const Texts names{"a",
                           "A",
                           "a/b",
                           "a:b",
                           "a|b",
                           "a,b",
                           "a;b",
                           "a.b",
                           " ",
                           "a b",
                           "\t",
                           "a\nb",
                           "a\r\nb",
                           "'",
                           "\"",
                           "`",
                           "'; DROP TABLE lantern_views; --",
                           "%",
                           "_",
                           "\\",
                           "*",
                           "?1",
                           ":key",
                           "..",
                           "/etc/passwd",
                           "NULL",
                           "0",
                           "{}",
                           "\x01",
                           "\x1F",
                           "\xC3\xA1",
                           "a\xCC\x81",
                           "\xC3\x9F",
                           "\xC4\xB1",
                           "\xF0\x9F\x8F\xAE",
                           "\xE2\x80\xAE",
                           "\xEF\xBB\xBF"
                           "a",
                           std::string(1024, 'x')};
  return names;
}

/// A view is the positions of its events; the key of an event is its data, whatever they are.
struct Positions {
  using State = std::string;
  using Delta = std::string;
  struct view_codec {
    std::string encode_state(const std::string& text) const { return text; }
    std::string encode_delta(const std::string& text) const { return text; }
    tl::expected<std::string, Failure> decode_state(std::string_view bytes) const { return std::string(bytes); }
  };
  ProjectionId id{};
  std::string stream{};
  std::string name() const { return id.name; }
  EventFilter filter() const { return {.stream = stream}; }
  std::string keys(const RecordedEvent& event) const { return std::string(event.data); }
  Change<Delta> apply(State& positions, const RecordedEvent& event) const {
    positions += std::to_string(event.position.value) + ";";
    return changed(std::to_string(event.position.value));
  }
};

/// Two tenants of a projection, and a third one that nobody has run yet; with the same keys.
struct Case {
  Positions one, other;
  ProjectionId seeded;
  Texts keys;
};

std::vector<Case> cases() {
  const Texts& names = hostile();
  std::vector<Case> all;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto next = [&](std::size_t by) { return names[(i + by) % names.size()]; };
    Case made;
    made.one = {{names[i], next(1)}, names[i]};
    made.other = {{names[i], i % 2 == 0 ? "" : next(2)}, next(3)};
    made.seeded = {names[i], next(4)};
    made.keys = {names[i], next(1), ""};
    all.push_back(std::move(made));
  }
  return all;
}

template <class Place>
struct World : Place {
  using Place::store;
  std::map<std::pair<std::string, std::string>, std::string> folds{};  ///< of stream and key: what the view must be
  std::int64_t head{};

  void append(const std::string& stream, const Texts& keys) {
    std::vector<NewEvent> events;
    for (const std::string& key : keys) {
      events.push_back({.stream = stream, .type = "T", .data = key});
      folds[{stream, key}] += std::to_string(++head) + ";";
    }
    REQUIRE(store.append(std::move(events)));
  }
  void run(Positions& projection) {
    const Finished end = run_projection_blocking(projection, store, ProjectionConfig().of_tenant(projection.id.tenant));
    if (!end) FAIL(end.error().message());
  }
  /// All of this projection's views, and no others, are the fold of this stream.
  void check(const ProjectionId& id, const std::string& stream) {
    INFO(id);
    std::map<std::string, std::string> expected, found;
    for (const auto& [of, fold] : folds) {
      if (of.first == stream) expected[of.second] = fold;
    }
    const auto views = scan_all(store, id);
    REQUIRE(views);
    for (const StoredView& view : *views) found[view.key] = *view.state;
    CHECK((found == expected));
  }
  StoredView view(const ProjectionId& id, const std::string& key) {
    const auto answer = store.perform(GetView{id, key});
    if (!answer || !answer->view) FAIL("there is no such view");
    return *answer->view;
  }
  void tamper(const ProjectionId& id, const std::string& key) {
    const Checkpoint at = store.perform(LoadCheckpoint{id}).value().value();
    SaveCheckpoint save;
    save.projection = id;
    save.generation = at.generation;
    save.from = save.through = at.position;
    save.revision = at.revision;
    save.version = at.version;
    save.views = {view(id, key)};
    *save.views[0].state += "!";
    REQUIRE(store.perform(save));
  }
};

}  // namespace

TEMPLATE_TEST_CASE("T47, T48: whatever they are called, one tenant's views are mended, rebuilt and seeded alone", "",
                   OnMemory, OnSqlite) {
  World<TestType> world;
  auto all = cases();
  for (const Case& one : all) world.append(one.one.stream, {one.keys[0], one.keys[1], one.keys[2], one.keys[0]});
  for (const Case& one : all) world.append(one.other.stream, {one.keys[1], one.keys[0], one.keys[2]});
  for (Case& one : all) world.run(one.one), world.run(one.other);

  for (Case& one : all) {
    INFO(one.one.id << ", key " << one.keys[0]);
    world.tamper(one.one.id, one.keys[0]);
    {
      MemoryStore scratch;
      const auto config = ProjectionConfig().of_tenant(one.one.id.tenant);
      const auto found = verify(one.one, world.store, scratch, config);
      REQUIRE(found);
      REQUIRE(found->differences.size() == 1);
      CHECK(found->differences[0].key == one.keys[0]);
    }
    RebuildKeyOptions options;
    options.tenant = one.one.id.tenant;
    REQUIRE(rebuild_key(one.one, world.store, one.keys[0], options));
    CHECK(world.view(one.one.id, one.keys[0]).edition == Revision{1});
    CHECK(world.view(one.other.id, one.keys[0]).edition == Revision{0});
    world.check(one.one.id, one.one.stream);
    world.check(one.other.id, one.other.stream);

    const auto rebuilt = rebuild(one.one, world.store, ProjectionConfig().of_tenant(one.one.id.tenant));
    REQUIRE(rebuilt);
    CHECK(rebuilt->generation == Generation{2});
    const auto exported = scan_all(world.store, one.one.id);
    REQUIRE(exported);
    REQUIRE(seed(world.store, one.seeded, CodeVersion{1, 1}, Position{world.head}, *exported));
  }
  for (Case& one : all) {
    world.check(one.one.id, one.one.stream);
    world.check(one.other.id, one.other.stream);
    world.check(one.seeded, one.one.stream);
    CHECK(world.store.perform(ListGenerations{one.one.id}).value().size() == 2);
    CHECK(world.store.perform(ListGenerations{one.other.id}).value().size() == 1);
    MemoryStore scratch;
    const auto config = ProjectionConfig().of_tenant(one.other.id.tenant);
    const auto found = verify(one.other, world.store, scratch, config);
    REQUIRE(found);
    CHECK(found->identical());
  }
}

TEMPLATE_TEST_CASE("T47: names and keys that are none are refused by whatever operators do, and nothing is stored", "",
                   OnMemory, OnSqlite) {
  World<TestType> world;
  world.append("s", {"a"});
  const ProjectionId good{"p"};
  Positions projection{good, "s"};
  world.run(projection);
  const auto is_invalid = [](const Failure& failure) { return failure.kind == FailureKind::invalid; };
  for (const std::string& bad : {std::string("a\0b", 3), std::string(10'000, 'x'), std::string("\xFF")}) {
    for (const ProjectionId& id : {ProjectionId(bad), ProjectionId("p", bad)}) {
      Positions badly{id, "s"};
      const auto config = ProjectionConfig().of_tenant(id.tenant);
      RebuildKeyOptions options;
      options.tenant = id.tenant;
      MemoryStore scratch;
      const auto key = rebuild_key(badly, world.store, "a", options);
      REQUIRE_FALSE(key);
      CHECK(is_invalid(key.error()));
      const auto seeded = seed(world.store, id, CodeVersion{1, 1}, Position{1}, {});
      REQUIRE_FALSE(seeded);
      CHECK(is_invalid(seeded.error()));
      CHECK_FALSE(verify(badly, world.store, scratch, config));
      CHECK_FALSE(rebuild(badly, world.store, config));
      CHECK_FALSE(run_projection_blocking(badly, world.store, config));
      CHECK_FALSE(scan_all(world.store, id));
    }
    const auto key = rebuild_key(projection, world.store, bad);
    REQUIRE_FALSE(key);
    CHECK(is_invalid(key.error()));
    const StoredView view{.key = bad, .state = "1;", .version = 1, .position = Position{1}};
    const auto seeded = seed(world.store, {"p", "new"}, CodeVersion{1, 1}, Position{1}, {view});
    REQUIRE_FALSE(seeded);
    CHECK(is_invalid(seeded.error()));
    CHECK_FALSE(*world.store.perform(LoadCheckpoint{{"p", "new"}}));
  }
  world.check(good, "s");
  CHECK(world.view(good, "a").edition == Revision{0});
}
