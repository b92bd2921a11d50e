#include "verification.hpp"

#include "lantern/blocking/replay.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "leader.hpp"
#include "open_store.hpp"
#include "text.hpp"

namespace lantern::cli {
namespace {

// What a failure of the store, or of what it was asked, ends the program with.
tl::unexpected<Trouble> trouble_of(const Failure& failure) {
  return trouble(failure.kind == FailureKind::invalid ? ExitCode::usage : ExitCode::store, to_string(failure));
}

std::string name_of(const std::optional<Position>& position) {
  return position ? "position " + std::to_string(position->value) : "the beginning";
}

// An event that was applied once and cannot be now is as good a difference as any row.
Trouble replay_trouble(const ProjectionError& error) {
  const bool of_an_event = error.kind == ErrorKind::event_failed || error.kind == ErrorKind::retries_exhausted;
  return {of_an_event ? ExitCode::projection_failed : ExitCode::store, "replaying the log: " + message_of(error)};
}

}  // namespace

Trouble interrupted() { return {ExitCode::interrupted, "interrupted: whether the tables are right is not known"}; }

Verification::Verification(const SqliteStore& log, const SqlProjection& projection)
    : log_(log), projection_(projection), id_(projection.name()), watch_(projection.name(), false, {}) {}

tl::expected<SqlTables, Trouble> Verification::stored() const {
  auto tables = SqlTables::now(log_.file(), id_);
  if (!tables) return trouble_of(tables.error());
  if (tables->version() != projection_.version()) {
    return trouble(ExitCode::usage, projection_.file() + ": this is version " + std::to_string(projection_.version()) +
                                        " of projection " + to_string(id_) + ", but its tables are of version " +
                                        std::to_string(tables->version()) + ": verify them with that file");
  }
  if (tables->fingerprint() != projection_.fingerprint()) {
    return trouble(ExitCode::usage, projection_.file() + ": the file of projection " + to_string(id_) +
                                        " was changed since its tables were made: undo the change, or raise its "
                                        "version and rebuild it");
  }
  return *std::move(tables);
}

std::optional<Trouble> Verification::replay(SqliteStore& scratch, std::optional<Position> last,
                                            const std::stop_token& stop) {
  if (!last) return std::nullopt;
  detail::Replay<const SqliteStore, SqliteStore> from_log(log_, scratch, *last);
  const auto config = projection_.configured(
      ProjectionConfig().batch().rebuild_when(RebuildPolicy::never).publish_changes(false).tell(watch_.observer()));
  const Finished end = detail::drive(ProjectionPipeline(bind_projector(projection_), config), from_log, stop);
  if (stop.stop_requested()) return interrupted();
  if (!end) return replay_trouble(end.error());
  if (const auto failed = detail::replay_failed(end, *last)) return store_trouble(*failed).value();
  return std::nullopt;
}

tl::expected<Verified, Trouble> Verification::run(const std::filesystem::path& file, const std::stop_token& stop,
                                                  const std::function<void(const SqlDifference&)>& tell) {
  // A snapshot that lives as long as the replay would keep the store's WAL from shrinking: the first is let go, and the
  // one that counts is taken when most of the log is replayed.
  const auto before = stored().map([](const SqlTables& tables) { return tables.position(); });
  if (!before) return tl::unexpected(before.error());
  auto scratch = SqliteStore::open(file, {.durability = Durability::normal});
  if (!scratch) return tl::unexpected(store_trouble(scratch.error()).value());
  if (const auto installed = scratch->install(projection_); !installed) return trouble_of(installed.error());
  if (auto failed = replay(*scratch, *before, stop)) return tl::unexpected(*std::move(failed));

  auto now = stored();
  if (!now) return tl::unexpected(std::move(now).error());
  if (now->position() < *before) {
    return trouble(ExitCode::store, "projection " + to_string(id_) + " went back to " + name_of(now->position()) +
                                        " while it was verified: verify it again");
  }
  if (auto failed = replay(*scratch, now->position(), stop)) return tl::unexpected(*std::move(failed));
  const auto made = SqlTables::now(file, id_);
  if (!made) return store_trouble(made.error());
  const auto found = now->compare(*made, {.difference = tell, .go_on = [&](std::uint64_t rows) {
                                            const std::lock_guard lock(mutex_);
                                            compared_ = rows;
                                            return !stop.stop_requested();
                                          }});
  if (stop.stop_requested()) return tl::unexpected(interrupted());
  if (!found) {
    const bool is_difference = found.error().kind == FailureKind::incompatible;
    return trouble(is_difference ? ExitCode::projection_failed : ExitCode::store, to_string(found.error()));
  }
  return Verified{now->generation(), now->position(), *found};
}

Progress Verification::progress(RateMeter::Clock::time_point now) {
  {
    const std::lock_guard lock(mutex_);
    if (compared_) return {.label = one_line(id_.name), .count = counted(*compared_, "row") + " compared"};
  }
  return watch_.progress(now);
}

}  // namespace lantern::cli
