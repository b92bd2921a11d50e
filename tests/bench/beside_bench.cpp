// A live run that catches up, with a rebuild of the same projection beside it: in the same process and from another
// one, of keyed views and of SQL statements.
#include <unistd.h>

#include <concepts>
#include <cstdio>
#include <optional>
#include <thread>

#include "benches.hpp"
#include "child.hpp"
#include "duel.hpp"
#include "keyed_work.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/keyed_binding.hpp"
#include "lantern/sqlite/sql_projection.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace bench {
namespace {

using lantern::ProjectionConfig;
using lantern::SqliteStore;

constexpr const char* by_statements = "statements";

/// Asks until nobody is in the way any more.
auto insist(auto ask) {
  for (;; std::this_thread::yield()) {
    auto reply = ask();
    if (reply) return reply;
    must(lantern::is_transient(reply.error().kind), "it could not be done: " + to_string(reply.error()));
  }
}

SqliteStore opened(const std::string& file) {
  auto store = SqliteStore::open(file, {.busy_timeout = std::chrono::seconds(10)});  // as the program does
  must(store.has_value(), "the log could not be opened");
  return *std::move(store);
}

/// The same for each account as the keyed projector keeps.
lantern::SqlProjection statements(SqliteStore& store, int version) {
  auto projection = lantern::SqlProjection::parse(
      "-- projection: accounts\n-- version: " + std::to_string(version) +
          "\n-- setup\n"
          "CREATE TABLE account(name TEXT PRIMARY KEY, balance INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, "
          "WITHOUT ROWID;\n"
          "-- on *\n"
          "INSERT INTO account VALUES(json_extract(:data, '$.account'), json_extract(:data, '$.amount'), :position) "
          "ON CONFLICT(name) DO UPDATE SET balance = balance / 2 + excluded.balance, last = excluded.last;\n",
      "accounts.sql");
  must(projection.has_value(), "the projection is no projection");
  insist([&] { return store.install(*projection); });
  return *std::move(projection);
}

double run_live(auto& projection, SqliteStore& store) {
  const double start = seconds();
  const auto finished = lantern::run_projection_blocking(projection, store);
  const double taken = seconds() - start;
  must(finished.has_value() && finished->applied > 0, "the projection failed");
  return taken;
}

/// From wherever the projection is; its time.
double live(SqliteStore& store, const std::string& kind) {
  if (kind == by_statements) {
    const auto projection = statements(store, 1);
    return run_live(projection, store);
  }
  Accounts accounts;
  return run_live(accounts, store);
}

/// The whole log, again and again.
void rebuild_on_and_on(auto& projection, SqliteStore& store, lantern::RebuildShare share, const std::stop_token& stop) {
  ProjectionConfig config;
  config.rebuild_when(lantern::RebuildPolicy::always).hold_the_switch().limit_rebuild(share);
  while (!stop.stop_requested()) {
    must(lantern::run_projection_blocking(projection, store, config, stop).has_value(), "the rebuild failed");
    insist([&] { return store.perform(lantern::CancelRebuild{{"accounts"}}); });
  }
}

void wait_until_begun(SqliteStore& store) {
  const auto begun = [&] {
    const auto all = store.perform(lantern::ListGenerations{{"accounts"}});
    return all && all->size() == 2 && all->back().position;
  };
  while (!begun()) std::this_thread::yield();
}

double with_a_thread_beside(const std::string& file, lantern::RebuildShare share) {
  SqliteStore store = opened(file);
  const std::jthread beside([&store, share](const std::stop_token& stop) {
    Accounts accounts;
    rebuild_on_and_on(accounts, store, share, stop);
  });
  wait_until_begun(store);
  return live(store, {});
}

double with_a_process_beside(const Settings& settings, const std::string& file, const std::string& kind) {
  SqliteStore store = opened(file);
  const Child beside({settings.myself, "--rebuild-on-and-on", file, kind});
  wait_until_begun(store);
  return live(store, kind);
}

/// A store with twice as many events as a live run has projected.
std::string half_done(const Settings& settings, const ScratchDirectory& scratch, const std::string& kind) {
  const std::string file = scratch.file("half-done-" + kind + ".db");
  if (std::filesystem::exists(file)) return file;
  const std::uint64_t half = settings.keyed_events / 2;
  append_accounts(file, 1, half, 10'000);
  {
    SqliteStore store = opened(file);
    live(store, kind);
  }
  append_accounts(file, half + 1, 2 * half, 10'000);
  return file;
}

}  // namespace

int rebuild_on_and_on(const char* file, const char* kind) {
  SqliteStore store = opened(file);
  const std::jthread beside([&](const std::stop_token& stop) {
    if (std::string_view(kind) == by_statements) {
      const auto projection = statements(store, 2);
      rebuild_on_and_on(projection, store, ProjectionConfig().rebuild_share, stop);
    } else {
      Accounts accounts;
      rebuild_on_and_on(accounts, store, ProjectionConfig().rebuild_share, stop);
    }
  });
  char order = 0;
  while (read(STDIN_FILENO, &order, 1) > 0) continue;
  return 0;
}

int beside_bench(const Settings& settings, const ScratchDirectory& scratch) {
  int missed = 0;
  const auto duel = [&](const std::string& name, const std::string& kind, Target target, auto with_a_rebuild) {
    if (!settings.wants(name)) return;
    const std::string half = half_done(settings, scratch, kind), file = scratch.file("work.db");
    const Work alone = [&] {
      copy_store(half, file);
      SqliteStore store = opened(file);
      return live(store, kind);
    };
    const Work beside = [&] {
      copy_store(half, file);
      return with_a_rebuild(file);
    };
    missed += !fight({name, settings.keyed_events / 2, target, alone, beside}, settings.rounds);
    remove_store(file);
  };
  const Target half{Target::Kind::speed, 0.50};
  const std::string views = "views";
  const auto in_a_process = [&](const std::string& kind) {
    return [&settings, kind](const std::string& file) { return with_a_process_beside(settings, file, kind); };
  };
  duel("keyed, live: alone / beside a rebuild", views, half,
       [](const std::string& file) { return with_a_thread_beside(file, ProjectionConfig().rebuild_share); });
  duel("keyed, live: alone / beside one without rests", views, {},
       [](const std::string& file) { return with_a_thread_beside(file, 100); });
  duel("keyed, live: alone / beside another process", views, half, in_a_process(views));
  duel("SQL, live: alone / beside another process", by_statements, half, in_a_process(by_statements));
  return missed;
}

}  // namespace bench
