#include "sql_install.hpp"

#include <algorithm>

#include "lantern/names.hpp"
#include "once.hpp"
#include "sql_builds.hpp"
#include "sql_guard.hpp"
#include "sql_runner.hpp"
#include "sql_setup.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view doing = "installing a projection";
using Trouble = std::optional<Failure>;

/// What the store knows of a projection.
struct Stored {
  std::optional<std::int64_t> version{};  ///< of the file that made the active generation
  std::string fingerprint{};
  Generation generation{};
  std::optional<std::int64_t> position{}, build{};
  std::int64_t greatest{};  ///< number of a generation that there ever was beside this one
};

/// The generation that is being built.
struct Building {
  Generation generation{};
  std::optional<std::int64_t> build{};
  std::int64_t version{};
  std::string fingerprint{};
};

/// One installation, inside of one transaction.
class Installer {
 public:
  Installer(WriteConnection& connection, const SqlProjection& projection, const std::string& tenant)
      : connection_(connection), db_(connection.db()), projection_(projection), id_(projection.name(), tenant) {}

  tl::expected<SqlInstallation, Failure> install() {
    if (auto failed = load()) return tl::unexpected(*std::move(failed));
    auto outcome = decide();
    if (!outcome) return tl::unexpected(std::move(outcome).error());
    auto runner = *outcome == Installed::Outcome::building ? try_beside() : make_active(*outcome);
    if (!runner) return tl::unexpected(std::move(runner).error());
    return SqlInstallation{{id_, projection_.version(), next_generation(*outcome), *outcome}, *std::move(runner)};
  }

 private:
  using Runner = tl::expected<std::unique_ptr<StatementRunner>, Failure>;

  // ---- what is there ----

  Trouble load() {
    auto failed = each_once(
        db_,
        "SELECT version, fingerprint, generation, position, build, greatest FROM lantern_projections "
        "WHERE tenant = ?1 AND name = ?2",
        doing,
        [&](const Statement& row) {
          stored_ = {row.maybe_integer(0), std::string(row.text(1)), Generation{row.integer(2)},
                     row.maybe_integer(3), row.maybe_integer(4),     row.integer(5)};
        },
        std::string_view(id_.tenant), std::string_view(id_.name));
    if (failed) return failed;
    if (stored_.version && !stored_.build) {
      if ((failed = adopt())) return failed;
    }
    return each_once(
        db_,
        "SELECT g.generation, g.build, g.program, b.fingerprint FROM lantern_generations AS g "
        "LEFT JOIN lantern_builds AS b ON b.build = g.build "
        "WHERE g.tenant = ?1 AND g.name = ?2 AND g.state = 'building'",
        doing,
        [&](const Statement& row) {
          building_ =
              Building{Generation{row.integer(0)}, row.maybe_integer(1), row.integer(2), std::string(row.text(3))};
        },
        std::string_view(id_.tenant), std::string_view(id_.name));
  }

  /// Made by a lantern that did not know of builds.
  Trouble adopt() {
    auto build = new_build(stored_.fingerprint);
    if (!build) return std::move(build).error();
    stored_.build = *build;
    if (auto failed = run_once(db_, "UPDATE lantern_projection_objects SET build = ?3 WHERE tenant = ?1 AND name = ?2",
                               doing, std::string_view(id_.tenant), std::string_view(id_.name), *build)) {
      return failed;
    }
    return run_once(db_, "UPDATE lantern_projections SET build = ?3, program = version WHERE tenant = ?1 AND name = ?2",
                    doing, std::string_view(id_.tenant), std::string_view(id_.name), *build);
  }

  tl::expected<std::int64_t, Failure> new_build(std::string_view fingerprint) {
    if (auto failed =
            run_once(db_, "INSERT INTO lantern_builds(dropped, fingerprint) VALUES(0, ?1)", doing, fingerprint)) {
      return tl::unexpected(*std::move(failed));
    }
    return sqlite3_last_insert_rowid(db_.get());
  }

  [[nodiscard]] tl::expected<Installed::Outcome, Failure> decide() const {
    const std::string file = projection_.file() + ": ";
    const std::string named = "projection " + to_string(id_);
    const auto refuse = [&](std::string what, std::string advice) {
      return tl::unexpected(Failure(FailureKind::incompatible, file + std::move(what), std::move(advice)));
    };
    if (!stored_.version) {
      if (!stored_.position && !stored_.build) return Installed::Outcome::registered;
      return refuse(named + " is in this store already, and is not an SQL projection", "choose another name");
    }
    const std::int64_t here = projection_.version(), there = *stored_.version;
    if (here < there) {
      return refuse("this is version " + std::to_string(here) + " of " + named + ", but the store has version " +
                        std::to_string(there),
                    "use the file of version " + std::to_string(there) +
                        ", or give this one a higher version to have it rebuilt");
    }
    if (here == there) {
      if (projection_.fingerprint() == stored_.fingerprint) return Installed::Outcome::present;
      return refuse("the file of " + named + " was changed, but still says version " + std::to_string(here),
                    "raise its version, and it is rebuilt from the first event; or undo the change");
    }
    if (building_ && building_->version > here) {
      return refuse("this is version " + std::to_string(here) + " of " + named + ", but version " +
                        std::to_string(building_->version) + " is being built",
                    "use that version, or cancel its rebuild");
    }
    if (resumes() && building_->fingerprint != projection_.fingerprint()) {
      return refuse("the file of " + named + " was changed, but still says version " + std::to_string(here) +
                        ", which is being built",
                    "raise its version, or cancel the rebuild; or undo the change");
    }
    return Installed::Outcome::building;
  }

  [[nodiscard]] bool resumes() const noexcept { return building_ && building_->version == projection_.version(); }

  [[nodiscard]] Generation next_generation(Installed::Outcome outcome) const noexcept {
    if (outcome != Installed::Outcome::building) return stored_.generation;
    return resumes() ? building_->generation : Generation{std::max(stored_.generation.value, stored_.greatest) + 1};
  }

  // ---- what changes ----

  Runner make_active(Installed::Outcome outcome) {
    auto seen = look_around(db_, id_, stored_.build);
    if (!seen) return tl::unexpected(std::move(seen).error());
    SqlGuard guard(db_, projection_, to_string(id_), std::move(seen->others), std::move(seen->own));
    if (outcome == Installed::Outcome::registered) {
      auto failed = run_setup(connection_, projection_, guard);
      if (!failed) failed = record(guard);
      if (failed) return tl::unexpected(*std::move(failed));
    }
    return SqlRunner::prepare(connection_, projection_, id_, guard);
  }

  Trouble record(const SqlGuard& guard) {
    auto build = new_build(projection_.fingerprint());
    if (!build) return std::move(build).error();
    if (auto failed =
            run_once(db_,
                     "INSERT INTO lantern_projections(tenant, name, generation, version, fingerprint, build, program) "
                     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?4) ON CONFLICT(tenant, name) DO UPDATE SET generation = ?3, "
                     "version = ?4, fingerprint = ?5, build = ?6, program = ?4",
                     doing, std::string_view(id_.tenant), std::string_view(id_.name), stored_.generation.value,
                     projection_.version(), std::string_view(projection_.fingerprint()), *build)) {
      return failed;
    }
    return record_objects(db_, id_, *build, guard);
  }

  /// Whether the file's setup and statements are good beside the active tables. What it takes to know that is undone:
  /// the run itself begins the rebuild, once it leads it.
  Runner try_beside() {
    if (auto failed = db_.execute("SAVEPOINT lantern_trial", doing)) return tl::unexpected(*std::move(failed));
    auto runner = prepare_beside();
    if (!db_.in_transaction()) return runner;  // an error like a full disk has ended it
    auto failed = db_.execute("ROLLBACK TO lantern_trial; RELEASE lantern_trial", doing);
    connection_.forget_schema();
    if (failed && runner) return tl::unexpected(*std::move(failed));
    return runner;
  }

  Runner prepare_beside() {
    const auto shown = resumes() ? building_->build : std::nullopt;
    auto seen = look_around(db_, id_, shown);
    if (!seen) return tl::unexpected(std::move(seen).error());
    auto window = SqlBuilds(connection_).open_window(stored_.build, shown);
    if (!window) return tl::unexpected(std::move(window).error());
    SqlGuard guard(db_, projection_, to_string(id_), std::move(seen->others), std::move(seen->own));
    if (!shown) {
      if (auto failed = run_setup(connection_, projection_, guard)) return tl::unexpected(*std::move(failed));
    }
    return SqlRunner::prepare(connection_, projection_, id_, guard);
  }

  WriteConnection& connection_;
  const Connection& db_;
  const SqlProjection& projection_;
  const ProjectionId id_;
  Stored stored_{};
  std::optional<Building> building_{};
};

}  // namespace

tl::expected<SqlInstallation, Failure> install_sql(WriteConnection& connection, const SqlProjection& projection,
                                                   const std::string& tenant) {
  if (!tenant.empty()) {
    if (auto refused = refuse_name("tenant", tenant)) return tl::unexpected(*std::move(refused));
  }
  auto transaction = Transaction::begin(connection);
  if (!transaction) return tl::unexpected(std::move(transaction).error());
  auto installation = Installer(connection, projection, tenant).install();
  if (!installation) return installation;
  if (auto failed = transaction->commit()) return tl::unexpected(std::move(failed->cause));
  return installation;
}

tl::expected<std::vector<SqlInstallation>, std::vector<Failure>> install_all_sql(
    WriteConnection& connection, std::span<const SqlProjection> projections) {
  const Connection& db = connection.db();
  auto transaction = Transaction::begin(connection);
  if (!transaction) return tl::unexpected(std::vector{std::move(transaction).error()});
  std::vector<SqlInstallation> installations;
  std::vector<Failure> failures;
  for (const SqlProjection& projection : projections) {
    // What one of them leaves behind when it fails must not be in the way of the next.
    auto failed = db.execute("SAVEPOINT lantern_one", doing);
    if (!failed) {
      auto one = Installer(connection, projection, {}).install();
      if (one) {
        failed = db.execute("RELEASE lantern_one", doing);
        installations.push_back(*std::move(one));
      } else {
        failures.push_back(std::move(one).error());
        // An error like a full disk has ended the transaction by itself.
        if (!transaction->is_open()) return tl::unexpected(std::move(failures));
        failed = db.execute("ROLLBACK TO lantern_one; RELEASE lantern_one", doing);
      }
    }
    if (failed) {
      failures.push_back(*std::move(failed));
      return tl::unexpected(std::move(failures));
    }
  }
  if (!failures.empty()) return tl::unexpected(std::move(failures));
  if (auto failed = transaction->commit()) return tl::unexpected(std::vector{std::move(failed->cause)});
  return installations;
}

}  // namespace lantern::detail
