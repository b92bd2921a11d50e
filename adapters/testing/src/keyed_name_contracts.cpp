// Contracts of names through the whole life of a keyed projection: folded, parked, replaced, rebuilt, switched, rolled
// back and finalized by the real machine, under names that look like anything, with the same keys in two tenants.
#include "chain.hpp"
#include "runner.hpp"

namespace lantern::detail {
namespace {

using Keys = std::vector<std::string>;

/// Two tenants of one projection, and what is theirs of the log: one stream, told apart by types alone. Both have the
/// same keys.
struct Pair {
  Chain one{}, other{};
  Keys keys{};
};

std::vector<Pair> pairs() {
  const auto& names = odd_names();
  std::vector<Pair> all;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& tenant = names[(i * 7 + 3) % names.size()];
    Pair pair;
    pair.one.id = {names[i], tenant};
    pair.other.id = {names[i], i % 5 == 0 ? "" : tenant == "a" ? "A" : "a"};
    pair.one.events.stream = pair.other.events.stream = names[i];
    pair.one.events.types = {names[i]};
    pair.other.events.types = {"T", std::string(refused_type)};
    pair.keys = {names[i], "", "b:c"};
    all.push_back(std::move(pair));
  }
  return all;
}

void append_all(Lab& lab, const std::vector<Pair>& all) {
  std::vector<NewEvent> events;
  for (const Pair& pair : all) {
    const std::string& name = pair.one.id.name;
    const auto add = [&](std::string type, const Keys& keys) {
      events.push_back({.stream = name, .type = std::move(type), .data = for_keys(keys)});
    };
    add(name, pair.keys);
    add("T", pair.keys);
    add(name, {name});
    add(std::string(refused_type), {"b:c"});
    add("T", {"", "b:c"});
  }
  lab.append(std::move(events));
}

void run(Lab& lab, Chain& chain) {
  ProjectionConfig config = chain.config();
  config.page_limit(100);
  if (lab.offers().leases) config.with(Leadership(chain.id.name));
  Runner runner(lab, chain, config, lab.open());
  runner.go_to_the_end();
  if (!runner.end()) broken("the run of " + to_string(chain.id) + " ended with: " + runner.end().error().message());
}

void folded_and_replaced(Lab& lab) {
  auto all = pairs();
  append_all(lab, all);
  const EventPage log = collect(lab);
  for (Pair& pair : all) {
    run(lab, pair.one);
    run(lab, pair.other);
  }
  for (const Pair& pair : all) {
    lab.trying(to_string(pair.one.id));
    expect_folded(lab, lab.store(), pair.one, log);
    expect_folded(lab, lab.store(), pair.other, log);
    const ViewRun now = run_of(lab.store(), pair.other.id);
    ReplaceView replace{pair.other.id, "b:c", "mended", 1};
    replace.position = replace.through = now.at;
    must(shown(replace), lab.perform(replace));
  }
  for (const Pair& pair : all) {
    lab.trying(to_string(pair.other.id));
    expect_folded(lab, lab.store(), pair.one, log);
    expect_same("the view that was put in place", state(lab.store(), pair.other.id, "b:c"),
                std::optional<std::string>("mended"));
    expect_same("its parked keys", load(lab.store(), pair.other.id, pair.keys).parked, Keys{});
    if (lab.offers().quarantine) expect_same("its records", lab.store().quarantined(pair.other.id).size(), 0u);
  }
}

void rebuilt(Lab& lab) {
  auto all = pairs();
  append_all(lab, all);
  const EventPage log = collect(lab);
  for (Pair& pair : all) {
    run(lab, pair.one);
    run(lab, pair.other);
    pair.one.code = 2;
    run(lab, pair.one);
  }
  const auto expect_generations = [&](const ProjectionId& id, std::int64_t active, std::size_t count) {
    expect_same("which code made what is active", run_of(lab.store(), id).version.program, active);
    expect_same("how many generations there are", list(lab.store(), id).size(), count);
  };
  const auto expect_all = [&](std::int64_t active, std::size_t count) {
    for (const Pair& pair : all) {
      lab.trying(to_string(pair.one.id));
      expect_folded(lab, lab.store(), pair.one, log);
      expect_folded(lab, lab.store(), pair.other, log);
      expect_generations(pair.one.id, active, count);
      expect_generations(pair.other.id, 1, 1);
    }
  };
  expect_all(2, 2);
  for (const Pair& pair : all) must("rolling back " + to_string(pair.one.id), lab.perform(RollBack{pair.one.id}));
  expect_all(1, 2);
  for (const Pair& pair : all) {
    must("finalizing " + to_string(pair.one.id), lab.perform(FinalizeRebuild{pair.one.id}));
    static_cast<void>(begin(lab.store(), pair.one.id, {3, 1}));
  }
  expect_all(1, 2);
  for (const Pair& pair : all) must("cancelling " + to_string(pair.one.id), lab.perform(CancelRebuild{pair.one.id}));
  lab.reopen();
  expect_all(1, 1);
}

}  // namespace

std::span<const Rule> keyed_name_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"keyed names: whatever they are, two tenants are folded, parked and mended apart (T47, T48)", views,
       folded_and_replaced},
      {"keyed names: whatever they are, two tenants are rebuilt, switched and dropped apart (T47, T48)", generations,
       rebuilt},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
