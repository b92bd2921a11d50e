#include "rebuilder.hpp"

#include <utility>

#include "prepare_all.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view rebuilding = "changing generations";
constexpr std::string_view again = "list the generations to see whether it was done, and ask again if it was not";

/// The first that fails ends the chain.
template <class... Steps>
std::optional<Failure> in_turn(Steps... steps) {
  std::optional<Failure> failed;
  (void)((failed = steps(), failed.has_value()) || ...);
  return failed;
}

}  // namespace

tl::expected<Rebuilder, Failure> Rebuilder::prepare(WriteConnection& connection) {
  auto table = ViewTable::prepare(connection);
  if (!table) return tl::unexpected(std::move(table).error());
  auto cursors = CursorTable::prepare(connection);
  if (!cursors) return tl::unexpected(std::move(cursors).error());
  Rebuilder made(connection, *std::move(table), *std::move(cursors));
  auto failed = prepare_all(
      connection.db(),
      {{generations_sql, &made.find_},
       {"UPDATE lantern_projections SET generation = ?3, build = ?4, position = ?5, revision = ?6, program = ?7, "
        "schema = ?8, greatest = ?9, log = ?10 WHERE tenant = ?1 AND name = ?2",
        &made.set_active_},
       {"INSERT OR REPLACE INTO lantern_generations"
        "(tenant, name, state, generation, build, position, revision, program, schema, log) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &made.set_beside_},
       {"DELETE FROM lantern_generations WHERE tenant = ?1 AND name = ?2 AND state = ?3", &made.take_out_},
       {"DELETE FROM lantern_quarantine WHERE tenant = ?1 AND name = ?2 AND generation = ?3", &made.drop_records_},
       {"UPDATE lantern_quarantine SET generation = ?4 WHERE tenant = ?1 AND name = ?2 AND generation = ?3",
        &made.renumber_},
       {"UPDATE lantern_builds SET fingerprint = ?2 WHERE build = ?1", &made.name_build_},
       {"UPDATE lantern_projections SET version = ?3, fingerprint = ?4 WHERE tenant = ?1 AND name = ?2",
        &made.name_active_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

// ---- one statement each ----

std::optional<Failure> Rebuilder::set_active(const ProjectionId& projection, const StoredGeneration& to,
                                             Generation greatest) {
  const auto position = to.position ? std::optional(to.position->value) : std::nullopt;
  return connection_->db().run(set_active_, rebuilding, std::string_view(projection.tenant),
                               std::string_view(projection.name), to.generation.value, to.build, position,
                               to.revision.value, to.version.program, to.version.schema, greatest.value,
                               column_of(to.log));
}

std::optional<Failure> Rebuilder::set_beside(const ProjectionId& projection, const StoredGeneration& to,
                                             GenerationState as) {
  const auto position = to.position ? std::optional(to.position->value) : std::nullopt;
  return connection_->db().run(set_beside_, rebuilding, std::string_view(projection.tenant),
                               std::string_view(projection.name), std::string_view(to_string(as)), to.generation.value,
                               to.build, position, to.revision.value, to.version.program, to.version.schema,
                               column_of(to.log));
}

std::optional<Failure> Rebuilder::take_out(const ProjectionId& projection, GenerationState state) {
  return connection_->db().run(take_out_, rebuilding, std::string_view(projection.tenant),
                               std::string_view(projection.name), std::string_view(to_string(state)));
}

std::optional<Failure> Rebuilder::renumber_records(const ProjectionId& projection, Generation from, Generation to) {
  return connection_->db().run(renumber_, rebuilding, std::string_view(projection.tenant),
                               std::string_view(projection.name), from.value, to.value);
}

std::optional<Failure> Rebuilder::renumber_building(const ProjectionId& projection, const StoredGeneration& active,
                                                    StoredGeneration building) {
  const Generation before = std::exchange(building.generation, Generation{active.generation.value + 1});
  return in_turn([&] { return renumber_records(projection, before, building.generation); },
                 [&] { return set_beside(projection, building, GenerationState::building); },
                 [&] { return set_active(projection, active, building.generation); });
}

std::optional<Failure> Rebuilder::forget(const ProjectionId& projection, const std::optional<StoredGeneration>& which) {
  if (!which) return std::nullopt;
  if (auto failed = take_out(projection, which->state)) return failed;
  if (auto failed = table_.drop_build(which->build)) return failed;
  return connection_->db().run(drop_records_, rebuilding, std::string_view(projection.tenant),
                               std::string_view(projection.name), which->generation.value);
}

// ---- tables of SQL projections ----

std::optional<Failure> Rebuilder::exchange(const ProjectionId& projection, const StoredGeneration& out,
                                           const StoredGeneration& in) {
  const auto meaning = builds_.fingerprint(in.build);
  if (!meaning) return meaning.error();
  if (!*meaning) return std::nullopt;
  if (auto failed = builds_.exchange(out.build, in.build)) return failed;
  return connection_->db().run(name_active_, rebuilding, std::string_view(projection.tenant),
                               std::string_view(projection.name), in.version.program, std::string_view(**meaning));
}

std::optional<Failure> Rebuilder::make_tables(const ProjectionId& projection, const StoredGeneration& active,
                                              std::int64_t build, StatementRunner* runner) {
  const auto meaning = builds_.fingerprint(active.build);
  if (!meaning) return meaning.error();
  if (!*meaning && !runner) return std::nullopt;
  if (!runner) {
    return Failure(FailureKind::invalid,
                   "no statements are installed for " + to_string(projection) + " in this store object",
                   "install the projection before it is rebuilt");
  }
  if (auto failed = runner->make(build, active.build)) return failed;
  return connection_->db().run(name_build_, rebuilding, build, std::string_view(runner->fingerprint()));
}

std::optional<Failure> Rebuilder::refuse_other_statements(const ProjectionId& projection,
                                                          const StoredGeneration& building,
                                                          const StatementRunner* runner) {
  const auto meaning = builds_.fingerprint(building.build);
  if (!meaning) return meaning.error();
  if (!*meaning || !runner || runner->fingerprint() == **meaning) return std::nullopt;
  return Failure(FailureKind::incompatible,
                 "generation " + std::to_string(building.generation.value) + " of " + to_string(projection) +
                     " is being built by other statements of the same version",
                 "raise the version, or cancel that rebuild");
}

// ---- steps ----

BeginRebuild::reply Rebuilder::begin(const BeginRebuild& asked, Leases& leases, StatementRunner* runner) {
  using Error = BeginRebuild::reply::error_type;
  const auto fail = [](auto why) { return BeginRebuild::reply(tl::unexpect, Error(std::move(why))); };
  const ProjectionId& projection = asked.projection;
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return fail(std::move(transaction).error());
  if (auto refused = leases.refuse(projection, Role::rebuild, asked.fence))
    return std::visit(fail, *std::move(refused));
  auto found = find_generations(connection_->db(), find_, projection);
  if (!found) return fail(std::move(found).error());
  if (!found->active) {
    return fail(Failure(FailureKind::invalid, "there is nothing of " + to_string(projection) + " to rebuild beside",
                        "run it: its first run fills its first generation"));
  }
  if (found->building && found->building->version == asked.version) {
    if (auto refused = refuse_other_statements(projection, *found->building, runner)) return fail(*std::move(refused));
    auto cursors = cursors_.load(found->building->build);
    if (!cursors) return fail(std::move(cursors).error());
    return found->building->checkpoint(*std::move(cursors));
  }

  const auto build = table_.new_build();
  if (!build) return fail(build.error());
  const StoredGeneration made{.generation = Generation{found->greatest.value + 1},
                              .state = GenerationState::building,
                              .build = *build,
                              .version = asked.version};
  if (auto failed = in_turn([&] { return forget(projection, found->building); },
                            [&] { return make_tables(projection, *found->active, *build, runner); },
                            [&] { return set_beside(projection, made, GenerationState::building); },
                            [&] { return set_active(projection, *found->active, made.generation); })) {
    return fail(*std::move(failed));
  }
  if (auto failed = transaction->commit()) return fail(described(*std::move(failed), "begin it again"));
  return made.checkpoint();
}

ActivateGeneration::reply Rebuilder::activate(const ActivateGeneration& asked, Leases& leases) {
  using Error = ActivateGeneration::reply::error_type;
  const auto fail = [](auto why) { return ActivateGeneration::reply(tl::unexpect, Error(std::move(why))); };
  const ProjectionId& projection = asked.projection;
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return fail(std::move(transaction).error());
  if (auto refused = leases.refuse(projection, Role::rebuild, asked.fence))
    return std::visit(fail, *std::move(refused));
  auto found = find_generations(connection_->db(), find_, projection);
  if (!found) return fail(std::move(found).error());
  if (found->active && found->active->generation == asked.generation) return ActivateGeneration::Activated{};
  if (!found->building || found->building->generation != asked.generation) {
    return fail(Failure(
        FailureKind::invalid,
        "generation " + std::to_string(asked.generation.value) + " of " + to_string(projection) + " is not being built",
        "it was cancelled, or another rebuild took its place; list the generations"));
  }
  if (found->building->position < found->active->position) return fail(BehindActive{found->active->position});
  auto behind = cursors_.behind(found->building->build, found->active->build);
  if (!behind) return fail(std::move(behind).error());
  if (*behind) return fail(BehindActive{std::nullopt, **std::move(behind)});
  if (auto failed = in_turn([&] { return forget(projection, found->previous); },
                            [&] { return set_beside(projection, *found->active, GenerationState::previous); },
                            [&] { return take_out(projection, GenerationState::building); },
                            [&] { return exchange(projection, *found->active, *found->building); },
                            [&] { return set_active(projection, *found->building, found->greatest); })) {
    return fail(*std::move(failed));
  }
  if (auto failed = transaction->commit()) return fail(described(*std::move(failed), "activate it again"));
  return ActivateGeneration::Activated{};
}

RollBack::reply Rebuilder::roll_back(const ProjectionId& projection) {
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(std::move(transaction).error());
  auto found = find_generations(connection_->db(), find_, projection);
  if (!found) return tl::unexpected(std::move(found).error());
  if (!found->active || !found->previous) {
    return tl::unexpected(Failure(FailureKind::invalid,
                                  "there is no previous generation of " + to_string(projection) + " to go back to",
                                  "it was finalized, or the projection was never rebuilt; list the generations"));
  }
  StoredGeneration back = *found->previous;
  back.generation = Generation{found->greatest.value + 1};
  if (auto failed = in_turn([&] { return renumber_records(projection, found->previous->generation, back.generation); },
                            [&] { return set_beside(projection, *found->active, GenerationState::previous); },
                            [&] { return exchange(projection, *found->active, back); },
                            [&] { return set_active(projection, back, back.generation); })) {
    return tl::unexpected(*std::move(failed));
  }
  if (found->building) {
    // It will be activated after what is active now, so its number must be the greater.
    if (auto failed = renumber_building(projection, back, *found->building)) return tl::unexpected(*std::move(failed));
  }
  if (auto failed = transaction->commit()) return tl::unexpected(described(*std::move(failed), again));
  return back.generation;
}

FinalizeRebuild::reply Rebuilder::drop(const ProjectionId& projection, GenerationState state) {
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(std::move(transaction).error());
  const auto found = find_generations(connection_->db(), find_, projection);
  if (!found) return tl::unexpected(found.error());
  const auto& which = state == GenerationState::building ? found->building : found->previous;
  if (!which) return std::nullopt;
  if (auto failed = forget(projection, which)) return tl::unexpected(*std::move(failed));
  if (auto failed = transaction->commit()) return tl::unexpected(described(*std::move(failed), again));
  return which->generation;
}

}  // namespace lantern::detail
