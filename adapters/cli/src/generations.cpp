#include "generations.hpp"

#include <algorithm>
#include <functional>

#include "json_text.hpp"
#include "known_projection.hpp"
#include "leader.hpp"
#include "open_store.hpp"
#include "output.hpp"
#include "prepare.hpp"

namespace lantern::cli {
namespace {

// What can be done to a generation: in words for people, and in one for scripts, which is stable.
struct Deed {
  const char* words;
  const char* word;
};
constexpr Deed activated{"activated generation", "activated"};
constexpr Deed rolled_back{"rolled back, as generation", "rolled_back"};
constexpr Deed dropped_it{"dropped generation", "dropped"};

// What was done, and to which generation; none when there was nothing to do.
Outcome report(const GenerationOptions& options, const Deed& did, std::optional<Generation> generation,
               const std::string& otherwise) {
  Output out(1);
  if (options.json) {
    JsonObject object;
    object.field("projection", options.projection);
    if (!options.tenant.empty()) object.field("tenant", options.tenant);
    out << object.field("did", did.word)
               .field("generation", generation ? std::optional(generation->value) : std::nullopt)
               .text()
        << '\n';
  } else if (generation) {
    out << to_string(options.id()) << ": " << did.words << ' ' << std::to_string(generation->value) << '\n';
  } else {
    out << to_string(options.id()) << ": " << otherwise << '\n';
  }
  return out.finish();
}

tl::unexpected<Trouble> trouble_of(const Failure& failure) {
  return trouble(failure.kind == FailureKind::invalid ? ExitCode::usage : ExitCode::store, to_string(failure));
}

Outcome with_store(const GenerationOptions& options, const std::function<Outcome(SqliteStore&)>& act) {
  auto store = open_store(options.store, Access::write);
  if (!store) return tl::unexpected(std::move(store).error());
  if (auto unknown = object_to_projection(*store, options.id())) return tl::unexpected(*std::move(unknown));
  return act(*store);
}

// Whoever fills the generation is not disturbed: its lease must be free.
Outcome switch_to(const GenerationOptions& options, SqliteStore& store, Generation generation) {
  const ProjectionId id = options.id();
  break_leases_of_the_dead(store, {id});
  const auto lease = store.perform(AcquireLease{id, this_process(), lease_length, Role::rebuild});
  if (!lease) {
    if (const auto* failure = std::get_if<Failure>(&lease.error())) return trouble_of(*failure);
    return trouble(ExitCode::leadership, std::string(without_mark(std::get<LeaseHeld>(lease.error()).owner)) +
                                             " is filling generation " + std::to_string(generation.value) + " of " +
                                             to_string(id) + ": stop it first, or wait for it");
  }
  const auto done = store.perform(ActivateGeneration{id, generation, lease->fence});
  static_cast<void>(store.perform(ReleaseLease{id, *lease, Role::rebuild}));
  if (done) return report(options, activated, generation, {});
  if (const auto* failure = std::get_if<Failure>(&done.error())) return trouble_of(*failure);
  if (const auto* behind = std::get_if<BehindActive>(&done.error())) {
    return trouble(ExitCode::usage, "generation " + std::to_string(generation.value) + " of " + to_string(id) +
                                        " is behind the active one, which is at position " +
                                        (behind->active ? std::to_string(behind->active->value) : std::string("none")) +
                                        ": let lantern run or lantern rebuild go on with it, and "
                                        "activate it then");
  }
  return trouble(ExitCode::leadership, "another process took the rebuild of " + to_string(id) + " over");
}

}  // namespace

Outcome activate(const GenerationOptions& options) {
  return with_store(options, [&](SqliteStore& store) -> Outcome {
    const auto generations = store.perform(ListGenerations{options.id()});
    if (!generations) return trouble_of(generations.error());
    const auto building = std::ranges::find(*generations, GenerationState::building, &GenerationStatus::state);
    if (building == generations->end()) {
      return trouble(ExitCode::usage, "no generation of " + to_string(options.id()) + " is being built");
    }
    return switch_to(options, store, building->generation);
  });
}

Outcome roll_back(const GenerationOptions& options) {
  return with_store(options, [&](SqliteStore& store) -> Outcome {
    const auto now = store.perform(RollBack{options.id()});
    if (!now) return trouble_of(now.error());
    return report(options, rolled_back, *now, {});
  });
}

Outcome finalize(const GenerationOptions& options) {
  return with_store(options, [&](SqliteStore& store) -> Outcome {
    const auto dropped = store.perform(FinalizeRebuild{options.id()});
    if (!dropped) return trouble_of(dropped.error());
    return report(options, dropped_it, *dropped, "there is no previous generation");
  });
}

Outcome cancel(const GenerationOptions& options) {
  return with_store(options, [&](SqliteStore& store) -> Outcome {
    const auto dropped = store.perform(CancelRebuild{options.id()});
    if (!dropped) return trouble_of(dropped.error());
    return report(options, dropped_it, *dropped, "no generation is being built");
  });
}

}  // namespace lantern::cli
