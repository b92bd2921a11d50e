// Contracts of long stories of views and generations, drawn by chance, against a model that is as naive as can be.
#include <algorithm>
#include <map>

#include "views.hpp"

namespace lantern::detail {
namespace {

const ProjectionId orders("orders");
using Keys = std::vector<std::string>;
const Keys keys{"", "a", "a:b", "b", "%", "\xF0\x9F\x8F\xAE"};

/// A generation, as whoever has never heard of databases would keep it.
struct Model {
  ViewRun run{};  ///< where its run is
  std::map<std::string, StoredView> rows{};
  std::vector<QuarantineRecord> records{};
};

struct World {
  Lab& lab;
  Chance chance;
  std::map<std::int64_t, Model> models{};                       ///< by number
  std::int64_t active{1}, building{}, previous{}, greatest{1};  ///< 0: none

  World(Lab& where, std::uint64_t seed) : lab(where), chance(seed) { models[1].run.id = orders; }

  [[nodiscard]] Keys parked(const Model& model) const {
    Keys found;
    for (const auto& record : model.records) {
      if (record.key && std::ranges::find(found, *record.key) == found.end()) found.push_back(*record.key);
    }
    std::ranges::sort(found);
    return found;
  }

  // ---- what may happen ----

  void commit(std::int64_t number) {
    Model& model = models.at(number);
    Views changed;
    for (const auto& key : keys) {
      if (!chance.one_in(3)) continue;
      StoredView row = made(key, "", 0);
      if (const auto old = model.rows.find(key); old != model.rows.end()) row = old->second;
      ++row.version;
      row.position = std::nullopt;
      row.state = row.state.value_or("") + std::to_string(row.version) + ";";
      if (chance.one_in(5)) row.state.reset();
      changed.push_back(std::move(row));
    }
    SaveCheckpoint save = model.run.next(std::move(changed));
    while (lab.offers().quarantine && chance.one_in(4)) {
      save.quarantined.push_back({.position = *save.through, .stream = "s", .type = "T"});
      if (!chance.one_in(4)) save.quarantined.back().key = chance.of(keys);
    }
    must(shown(save), lab.perform(save));
    model.run.at = save.through;
    for (const auto& view : save.views) model.rows[view.key] = view;
    for (const auto& record : save.quarantined) {
      if (std::ranges::find(model.records, record) == model.records.end()) model.records.push_back(record);
    }
  }

  void replace() {
    Model& model = models.at(active);
    ReplaceView replace{orders, chance.of(keys), "replaced", 1 + static_cast<std::int64_t>(chance.below(3))};
    if (chance.one_in(3)) replace.state.reset(), replace.version = 0;
    replace.position = replace.through = model.run.at;
    replace.generation = Generation{active};
    must(shown(replace), lab.perform(replace));
    ++model.run.revision.value;
    StoredView& row = model.rows[replace.key];
    row = {.key = replace.key, .state = replace.state, .version = replace.version, .edition = model.run.revision};
    row.position = replace.position;
    std::erase_if(model.records, [&](const auto& record) { return record.key == replace.key; });
  }

  void begin_rebuild() {
    const CodeVersion version{2 + static_cast<std::int64_t>(chance.below(2)), 1};
    const BeginRebuild asked{orders, version};
    const auto reply = lab.perform(asked);
    const Model& now = models.at(active);
    if (!now.run.at && active == 1 && now.run.revision == Revision{}) return must_be_invalid(shown(asked), reply);
    if (building == 0 || models.at(building).run.version != version) {
      models.erase(building);
      building = ++greatest;
      Model& begun = models[building];
      begun.run.id = orders, begun.run.generation = Generation{building}, begun.run.version = version;
    }
    const ViewRun& run = models.at(building).run;
    expect_same(shown(asked), must(shown(asked), reply), Checkpoint{run.at, run.generation, run.revision, run.version});
  }

  void switch_over() {
    const ActivateGeneration asked{orders, Generation{building}};
    const auto reply = lab.perform(asked);
    if (building == 0) return must_be_invalid(shown(asked), reply);
    if (models.at(building).run.at < models.at(active).run.at) {
      return static_cast<void>(must_refuse<BehindActive>(shown(asked), reply));
    }
    must(shown(asked), reply);
    models.erase(previous);
    previous = std::exchange(active, std::exchange(building, 0));
  }

  /// The greatest number there ever was goes to the model that had this one.
  std::int64_t renumbered(std::int64_t number) {
    auto model = models.extract(number);
    model.key() = ++greatest;
    model.mapped().run.generation = Generation{greatest};
    models.insert(std::move(model));
    return greatest;
  }

  void roll_back() {
    const auto reply = lab.perform(RollBack{orders});
    if (previous == 0) return must_be_invalid("rolling back", reply);
    previous = std::exchange(active, renumbered(previous));
    if (building != 0) building = renumbered(building);
    expect_same("the number after rolling back", must("rolling back", reply), Generation{active});
  }

  void drop(std::int64_t& which, const tl::expected<std::optional<Generation>, Failure>& reply) {
    const auto expected = which == 0 ? std::nullopt : std::optional(Generation{which});
    expect_same("what is dropped", must("dropping a generation", reply), expected);
    models.erase(std::exchange(which, 0));
  }

  void act() {
    switch (chance.below(14)) {
      case 0: return begin_rebuild();
      case 1: return switch_over();
      case 2: return chance.one_in(2) ? roll_back() : replace();
      case 3: return chance.one_in(3) ? drop(previous, lab.perform(FinalizeRebuild{orders})) : replace();
      case 4: return chance.one_in(4) ? drop(building, lab.perform(CancelRebuild{orders})) : commit(active);
      case 5: return static_cast<void>(lab.reopen());
      case 6:
      case 7:
      case 8:
      case 9:
        if (building != 0) return commit(building);
        break;
      default: break;
    }
    commit(active);
  }

  // ---- what must be so ----

  void check(std::int64_t number) const {
    const Model& model = models.at(number);
    const std::string which = "of generation " + std::to_string(number) + ", ";
    Views rows, shows;
    for (const auto& [key, row] : model.rows) {
      rows.push_back(row);
      if (row.state) shows.push_back(row);
    }
    ScanViews asked{.projection = orders, .limit = 2};
    if (number != active) asked.generation = Generation{number};
    SuiteStore& store = lab.store();
    expect_same(which + "the views", scan(store, asked), shows);
    const auto loaded = load(store, orders, keys, Generation{number});
    expect_same(which + "the rows", loaded.views, rows);
    expect_same(which + "the parked keys", loaded.parked, parked(model));
    const ViewRun run = run_of(store, orders, asked.generation);
    expect_same(which + "the checkpoint", run.at, model.run.at);
    expect_same(which + "the revision", run.revision, model.run.revision);
    for (const auto& key : keys) {
      const auto answer = get(store, orders, key, asked.generation);
      const auto row = model.rows.find(key);
      const bool there = row != model.rows.end() && row->second.state;
      expect_same(which + "the view of " + shown(key), answer.view, there ? std::optional(row->second) : std::nullopt);
      expect_same(which + "the moment of the answer", answer.as_of,
                  AsOf{Generation{number}, model.run.at, model.run.revision});
    }
  }

  void check() const {
    std::vector<GenerationStatus> expected;
    for (const auto& [number, model] : models) {
      check(number);
      if (number == 1 && !model.run.at && model.run.revision == Revision{}) continue;  // not known yet
      const auto shows =
          std::ranges::count_if(model.rows, [](const auto& row) { return row.second.state.has_value(); });
      const auto state = number == active     ? GenerationState::active
                         : number == building ? GenerationState::building
                                              : GenerationState::previous;
      expected.push_back(
          {Generation{number}, state, model.run.at, model.run.version, static_cast<std::uint64_t>(shows)});
    }
    expect_same("the generations", list(lab.store(), orders), expected);
    if (!lab.offers().quarantine) return;
    const auto by_what = [](const QuarantineRecord& a, const QuarantineRecord& b) {
      return std::tie(a.position, a.key) < std::tie(b.position, b.key);
    };
    auto found = lab.store().quarantined(orders), records = models.at(active).records;
    std::ranges::sort(found, by_what);
    std::ranges::sort(records, by_what);
    expect_same("the records", found, records);
  }
};

void any_story(Lab& lab) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    lab.another_world();
    World world(lab, seed);
    for (int step = 1; step <= 60; ++step) {
      lab.trying("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      world.act();
      world.check();
    }
  }
}

}  // namespace

std::span<const Rule> view_model_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"story: any commits, replacements, rebuilds and rollbacks give what a naive model gives (T44)", generations,
       any_story},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
