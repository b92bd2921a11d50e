#include "sql_install.hpp"

#include <variant>

#include "lantern/names.hpp"
#include "sql_guard.hpp"
#include "sql_lexer.hpp"
#include "sql_runner.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view doing = "installing a projection";
using Trouble = std::optional<Failure>;

/// What the store knows of a projection.
struct Stored {
  bool any{};  ///< it has a row
  std::optional<std::int64_t> version{};
  std::string fingerprint{};
  Generation generation{};
  std::optional<std::int64_t> position{};
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
    if (*outcome == Installed::Outcome::rebuilt) {
      if (auto failed = tear_down()) return tl::unexpected(*std::move(failed));
    }
    SqlGuard::Others others;
    std::vector<OwnObject> own;
    if (auto failed = look_around(others, own)) return tl::unexpected(*std::move(failed));
    SqlGuard guard(db_, projection_, to_string(id_), std::move(others), std::move(own));
    if (*outcome != Installed::Outcome::unchanged) {
      if (auto failed = set_up(guard)) return tl::unexpected(*std::move(failed));
      if (auto failed = record(guard)) return tl::unexpected(*std::move(failed));
    }
    auto runner = SqlRunner::prepare(db_, projection_, guard, stored_.generation);
    if (!runner) return tl::unexpected(std::move(runner).error());
    return SqlInstallation{{id_, projection_.version(), stored_.generation, *outcome}, *std::move(runner)};
  }

 private:
  // ---- what is there ----

  Trouble load() {
    return each(
        "SELECT version, fingerprint, generation, position FROM lantern_projections WHERE tenant = ?1 AND name = ?2",
        [&](const Statement& row) {
          stored_ = {true, row.maybe_integer(0), std::string(row.text(1)), Generation{row.integer(2)},
                     row.maybe_integer(3)};
        },
        id_.tenant, id_.name);
  }

  [[nodiscard]] tl::expected<Installed::Outcome, Failure> decide() {
    const std::string file = projection_.file() + ": ";
    const std::string named = "projection " + to_string(id_);
    const auto refuse = [&](std::string what, std::string advice) {
      return tl::unexpected(Failure(FailureKind::incompatible, file + std::move(what), std::move(advice)));
    };
    if (!stored_.version) {
      if (!stored_.position) return Installed::Outcome::registered;
      return refuse(named + " is in this store already, and is not an SQL projection", "choose another name");
    }
    const std::int64_t here = projection_.version(), there = *stored_.version;
    if (here > there) {
      ++stored_.generation.value;
      return Installed::Outcome::rebuilt;
    }
    if (here < there) {
      return refuse("this is version " + std::to_string(here) + " of " + named + ", but the store has version " +
                        std::to_string(there),
                    "use the file of version " + std::to_string(there) +
                        ", or give this one a higher version to have it rebuilt");
    }
    if (projection_.fingerprint() == stored_.fingerprint) return Installed::Outcome::unchanged;
    return refuse("the file of " + named + " was changed, but still says version " + std::to_string(here),
                  "raise its version, and it is rebuilt from the first event; or undo the change");
  }

  /// Whose everything is: indexes and triggers belong to whom their table belongs to.
  Trouble look_around(SqlGuard::Others& others, std::vector<OwnObject>& own) {
    auto failed = each(
        "SELECT s.name, s.type, o.tenant, o.name FROM sqlite_schema s "
        "LEFT JOIN lantern_projection_objects o ON o.object = s.tbl_name",
        [&](const Statement& row) {
          const std::string name(row.text(0));
          const bool owned = !row.is_null(3);
          const ProjectionId owner(std::string(row.text(3)), std::string(row.text(2)));
          if (!owned) {
            others.emplace(lower(name), "no projection's");
          } else if (owner != id_) {
            others.emplace(lower(name), "part of projection " + to_string(owner));
          } else if (row.text(1) == "table" || row.text(1) == "view") {
            own.push_back({name, row.text(1) == "view"});
          }
        });
    if (failed) return failed;
    return each("SELECT name FROM pragma_module_list WHERE name NOT IN ('json_each', 'json_tree')",
                [&](const Statement& row) { others.emplace(lower(row.text(0)), "one of SQLite's virtual tables"); });
  }

  // ---- what changes ----

  Trouble tear_down() {
    std::vector<std::string> drops;
    auto failed = each(
        // %w doubles the quotation marks: the name stays a name.
        "SELECT printf('DROP %s IF EXISTS main.\"%w\"', CASE kind WHEN 'view' THEN 'VIEW' ELSE 'TABLE' END, object) "
        "FROM lantern_projection_objects "
        "WHERE tenant = ?1 AND name = ?2 ORDER BY kind DESC",
        [&](const Statement& row) { drops.emplace_back(row.text(0)); }, id_.tenant, id_.name);
    for (auto drop = drops.begin(); !failed && drop != drops.end(); ++drop) failed = db_.execute(drop->c_str(), doing);
    if (failed) return failed;
    for (const char* sql : {"DELETE FROM lantern_projection_objects WHERE tenant = ?1 AND name = ?2",
                            "DELETE FROM lantern_quarantine WHERE tenant = ?1 AND name = ?2",
                            "UPDATE lantern_projections SET position = NULL, state = '', retries = 0, last_error = '' "
                            "WHERE tenant = ?1 AND name = ?2"}) {
      if ((failed = run(sql, id_.tenant, id_.name))) return failed;
    }
    return std::nullopt;
  }

  Trouble set_up(SqlGuard& guard) {
    connection_.forbid_commit(true);
    auto failed = run_setup(guard);
    connection_.forbid_commit(false);
    return failed;
  }

  Trouble run_setup(SqlGuard& guard) {
    for (const SqlStatement& source : projection_.setup()) {
      const std::size_t before = guard.own().size();
      auto statement = guard.prepare_setup(source);
      if (!statement) return std::move(statement).error();
      if (const int code = statement->step(); code != SQLITE_DONE) {
        Failure failure = db_.failure(code, "running the setup of " + projection_.file(), Blame::statement);
        if (failure.kind != FailureKind::rejected) return failure;
        return SqlProjectionError{projection_.file(), source.line, source.column, sqlite3_errmsg(db_.get()), {}}
            .as_failure();
      }
      for (std::size_t made = before; made < guard.own().size(); ++made) {
        if (guard.own()[made].is_view) views_.emplace_back(guard.own()[made].name, &source);
      }
    }
    // A view may come before the tables that it reads.
    for (const auto& [view, source] : views_) {
      if (auto failed = guard.check_view(view, *source)) return failed;
    }
    return guard.check_triggers();
  }

  Trouble record(const SqlGuard& guard) {
    auto failed = run(
        "INSERT INTO lantern_projections(tenant, name, generation, version, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT(tenant, name) DO UPDATE SET generation = ?3, version = ?4, fingerprint = ?5",
        id_.tenant, id_.name, stored_.generation.value, projection_.version(), projection_.fingerprint());
    for (const OwnObject& own : guard.own()) {
      if (failed) return failed;
      failed = run("INSERT INTO lantern_projection_objects(object, kind, tenant, name) VALUES (?1, ?2, ?3, ?4)",
                   own.name, std::string_view(own.is_view ? "view" : "table"), id_.tenant, id_.name);
    }
    return failed;
  }

  // ---- statements that are used once ----

  template <class Take, class... T>
  Trouble each(std::string_view sql, Take take, const T&... values) {
    auto statement = db_.prepare(sql, Keep::no);
    if (!statement) return std::move(statement).error();
    return db_.each(*statement, doing, take, values...);
  }
  template <class... T>
  Trouble run(std::string_view sql, const T&... values) {
    return each(
        sql, [](const Statement&) {}, values...);
  }

  WriteConnection& connection_;
  const Connection& db_;
  const SqlProjection& projection_;
  const ProjectionId id_;
  Stored stored_{};
  std::vector<std::pair<std::string, const SqlStatement*>> views_{};
};

}  // namespace

tl::expected<SqlInstallation, Failure> install_sql(WriteConnection& connection, Leases& leases,
                                                   const SqlProjection& projection, const std::string& tenant) {
  if (!tenant.empty()) {
    if (auto refused = refuse_name("tenant", tenant)) return tl::unexpected(*std::move(refused));
  }
  auto transaction = Transaction::begin(connection);
  if (!transaction) return tl::unexpected(std::move(transaction).error());
  auto installation = Installer(connection, projection, tenant).install();
  if (!installation) return installation;
  if (installation->installed.outcome == Installed::Outcome::rebuilt) {
    if (auto failed = leases.end(installation->installed.projection)) return tl::unexpected(*std::move(failed));
  }
  if (auto failed = transaction->commit()) return tl::unexpected(std::move(failed->cause));
  return installation;
}

namespace {

/// One of many, inside of their transaction.
using OneOfMany = tl::expected<SqlInstallation, std::variant<LeaseHeld, Failure>>;

OneOfMany install_one(WriteConnection& connection, Leases& leases, const SqlProjection& projection,
                      const RebuildLease& lease, std::chrono::nanoseconds now) {
  using Error = OneOfMany::error_type;
  auto installation = Installer(connection, projection, {}).install();
  if (!installation) return tl::unexpected(Error(std::move(installation).error()));
  if (installation->installed.outcome == Installed::Outcome::rebuilt) {
    auto taken = leases.take({installation->installed.projection, lease.owner, lease.ttl}, now);
    if (!taken) return tl::unexpected(std::move(taken).error());
  }
  return *std::move(installation);
}

}  // namespace

tl::expected<std::vector<SqlInstallReply>, std::vector<Failure>> install_all_sql(
    WriteConnection& connection, Leases& leases, std::span<const SqlProjection> projections, const RebuildLease& lease,
    std::chrono::nanoseconds now) {
  const Connection& db = connection.db();
  auto transaction = Transaction::begin(connection);
  if (!transaction) return tl::unexpected(std::vector{std::move(transaction).error()});
  std::vector<SqlInstallReply> replies;
  std::vector<Failure> failures;
  for (const SqlProjection& projection : projections) {
    // What one of them leaves behind when it fails must not be in the way of the next.
    auto failed = db.execute("SAVEPOINT lantern_one", doing);
    if (!failed) {
      auto one = install_one(connection, leases, projection, lease, now);
      if (one) {
        failed = db.execute("RELEASE lantern_one", doing);
        replies.emplace_back(*std::move(one));
      } else {
        if (const auto* why = std::get_if<Failure>(&one.error())) failures.push_back(*why);
        else replies.emplace_back(tl::unexpected(std::get<LeaseHeld>(one.error())));
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
  return replies;
}

}  // namespace lantern::detail
