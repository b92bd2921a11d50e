// Contracts of names: they are data, whatever they look like.
#include "lab.hpp"

namespace lantern::detail {
namespace {

using Data = std::vector<std::string>;

NewEvent event(std::string stream, std::string type, std::string id = {}) {
  NewEvent made;
  made.stream = std::move(stream);
  made.type = std::move(type);
  made.id = std::move(id);
  return made;
}

SaveCheckpoint first_save(ProjectionId id) {
  SaveCheckpoint save;
  save.projection = std::move(id);
  save.through = Position{1};
  return save;
}

void odd_streams(Lab& lab) {
  std::vector<NewEvent> events;
  for (int round = 1; round <= 2; ++round) {
    for (const auto& name : odd_names()) {
      events.push_back(event(name, "T"));
      events.back().data = name + " " + std::to_string(round);
    }
  }
  lab.append(events);
  for (const auto& name : odd_names()) {
    lab.trying("stream " + shown(name));
    ReadEvents asked;
    asked.filter.stream = name;
    asked.limit = 3;
    expect_same("events of the stream", lab.walk(asked).data(), Data{name + " 1", name + " 2"});
  }
}

void odd_types(Lab& lab) {
  std::vector<NewEvent> events;
  for (const auto& name : odd_names()) {
    events.push_back(event("s", name));
    events.back().data = name;
  }
  lab.append(events);
  for (const auto& name : odd_names()) {
    lab.trying("type " + shown(name));
    ReadEvents asked;
    asked.filter.types = {name};
    expect_same("events of the type", lab.walk(asked).data(), Data{name});
  }
}

void odd_versions(Lab& lab) {
  for (const auto& name : odd_names()) {
    lab.trying("stream and id " + shown(name));
    const NewEvent made = event(name, "T", name);
    expect_same("added", lab.append({made}, {{name, 0}}).added, 1u);
    expect_same("duplicates", lab.append({made}, {{name, 0}}).duplicates, 1u);
    const std::string what = "expecting too much of the stream";
    const auto conflict =
        must_refuse<VersionConflict>(what, lab.perform(AppendEvents{{event(name, "T")}, {{name, 7}}}));
    expect_same(what, conflict, VersionConflict{name, 7, 1});
  }
}

void bad_events(Lab& lab) {
  for (const auto& name : bad_names()) {
    lab.trying("name " + shown(name));
    const NewEvent good = event("good", "T");
    must_be_invalid("a stream of this name", lab.perform(AppendEvents{{good, event(name, "T")}, {}}));
    must_be_invalid("a type of this name", lab.perform(AppendEvents{{good, event("s", name)}, {}}));
    must_be_invalid("expecting a stream of this name", lab.perform(AppendEvents{{good}, {{name, 0}}}));
    if (!name.empty()) must_be_invalid("an id like this", lab.perform(AppendEvents{{event("s", "T", name)}, {}}));
  }
  expect_same("events in the log", lab.walk().data().size(), 0u);
}

void odd_projections(Lab& lab) {
  std::int64_t at = 0;
  for (const auto& name : odd_names()) lab.save(ProjectionId(name), std::nullopt, Position{++at});
  for (const auto& tenant : odd_names()) lab.save(ProjectionId("p", tenant), std::nullopt, Position{++at});
  at = 0;
  for (const auto& name : odd_names()) {
    lab.trying("projection " + shown(name));
    expect_same("its checkpoint", lab.checkpoint(ProjectionId(name)), std::optional(Position{++at}));
  }
  for (const auto& tenant : odd_names()) {
    lab.trying("tenant " + shown(tenant));
    expect_same("its checkpoint", lab.checkpoint(ProjectionId("p", tenant)), std::optional(Position{++at}));
  }
}

void bad_projections(Lab& lab) {
  for (const auto& name : bad_names()) {
    lab.trying("name " + shown(name));
    must_be_invalid("a checkpoint of a projection of this name", lab.perform(first_save(ProjectionId(name))));
    if (!name.empty()) {
      must_be_invalid("a checkpoint of a tenant of this name", lab.perform(first_save(ProjectionId("p", name))));
    }
  }
  expect_same("the checkpoint of projection p", lab.checkpoint(ProjectionId("p")), std::nullopt);
}

/// Pairs that would meet if name and tenant were ever joined into one text.
const std::vector<ProjectionId>& pairs() {
  static const std::vector<ProjectionId> ids{{"orders"},
                                             {"orders", "acme"},
                                             {"orders", "ACME"},
                                             {"acme", "orders"},
                                             {"a", "b/c"},
                                             {"a/b", "c"},
                                             {"ab", "c"},
                                             {"a", "bc"},
                                             {"a:b", "c"},
                                             {"a", "b:c"},
                                             {"orders/acme"},
                                             {"acme/orders"},
                                             {"orders:acme"},
                                             {"a'", "b"},
                                             {"a", "'b"},
                                             {"a\x1F", "b"},
                                             {"a",
                                              "\x1F"
                                              "b"},
                                             {"ordersacme"},
                                             {"acmeorders"},
                                             {"a b", "c"}};
  return ids;
}

void tenants_never_meet(Lab& lab) {
  std::int64_t at = 0;
  for (const auto& id : pairs()) {
    expect_same("the checkpoint of " + to_string(id) + " before its first", lab.checkpoint(id), std::nullopt);
    lab.save(id, std::nullopt, Position{++at});
  }
  at = 0;
  for (const auto& id : pairs()) {
    expect_same("the checkpoint of " + to_string(id), lab.checkpoint(id), std::optional(Position{++at}));
  }
}

void quarantines_never_meet(Lab& lab) {
  for (const auto& id : pairs()) {
    SaveCheckpoint save = first_save(id);
    save.quarantined.push_back({.position = Position{1}, .stream = id.name, .type = "T", .error = id.tenant});
    must(shown(save), lab.perform(save));
  }
  for (const auto& id : pairs()) {
    const auto records = lab.store().quarantined(id);
    expect_same("records of " + to_string(id), records.size(), 1u);
    expect_same("whose stream is", records.front().stream, id.name);
    expect_same("whose error is", records.front().error, id.tenant);
  }
}

void leases_never_meet(Lab& lab) {
  const std::chrono::nanoseconds ttl = std::chrono::seconds(10);
  for (const auto& id : pairs()) {
    must("a lease of " + to_string(id), lab.perform(AcquireLease{id, to_string(id), ttl}));
  }
  for (const auto& id : pairs()) {
    const auto held = must_refuse<LeaseHeld>("a second lease", lab.perform(AcquireLease{id, "somebody", ttl}));
    expect_same("who leads " + to_string(id), held.owner, to_string(id));
  }
}

void odd_owners(Lab& lab) {
  const std::chrono::nanoseconds ttl = std::chrono::seconds(10);
  const ProjectionId id("p");
  std::optional<Lease> last;
  for (const auto& owner : odd_names()) {
    lab.trying("owner " + shown(owner));
    if (last) {
      const auto held = must_refuse<LeaseHeld>("a held lease", lab.perform(AcquireLease{id, owner, ttl}));
      expect_same("who leads", held.owner, last->owner);
      must("giving the lease back", lab.perform(ReleaseLease{id, *last}));
    }
    last = must("a free lease", lab.perform(AcquireLease{id, owner, ttl}));
    expect_same("whose lease it is", last->owner, owner);
  }
}

void bad_owners(Lab& lab) {
  const std::chrono::nanoseconds ttl = std::chrono::seconds(10);
  for (const auto& name : bad_names()) {
    lab.trying("name " + shown(name));
    must_be_invalid("a lease of this owner", lab.perform(AcquireLease{ProjectionId("p"), name, ttl}));
    must_be_invalid("a lease of this projection", lab.perform(AcquireLease{ProjectionId(name), "me", ttl}));
    if (!name.empty()) {
      must_be_invalid("a lease of this tenant", lab.perform(AcquireLease{ProjectionId("p", name), "me", ttl}));
    }
  }
  must("the lease of p, which is free still", lab.perform(AcquireLease{ProjectionId("p"), "me", ttl}));
}

}  // namespace

std::span<const Rule> name_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"names: odd streams are data", append, odd_streams},
      {"names: odd types are data", append, odd_types},
      {"names: odd ids are data, and odd streams have versions of their own", append, odd_versions},
      {"names: an event with a name that is none is refused, with its whole batch", append, bad_events},
      {"names: odd projections and tenants are data", nothing, odd_projections},
      {"names: a projection or tenant with a name that is none is refused", nothing, bad_projections},
      {"names: the checkpoints of two tenants never meet (T12, T47)", nothing, tenants_never_meet},
      {"names: the quarantines of two tenants never meet", quarantine, quarantines_never_meet},
      {"names: the leases of two tenants never meet", leases, leases_never_meet},
      {"names: odd owners are data", leases, odd_owners},
      {"names: an owner with a name that is none is refused", leases, bad_owners},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
