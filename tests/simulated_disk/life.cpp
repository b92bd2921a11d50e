#include "life.hpp"

#include <algorithm>

namespace lantern::testing_disk {
namespace {

using lantern::testing::Chain;
using lantern::testing::ViewModel;

const ProjectionId keyed("p"), tables("chains");

/// Keys that meet often, one that is erased now and then, and one that is left as it is.
std::string data_of(std::int64_t n) {
  const std::string keys[] = {"a", "b a", "c", "a c!", "b=", "c b"};
  return keys[n % 6];
}
std::string stream_of(std::int64_t n) { return "s-" + std::to_string(n % 3); }
std::string id_of(std::int64_t n) { return "e" + std::to_string(n); }

std::vector<ViewModel::Event> first_events(std::int64_t count) {
  std::vector<ViewModel::Event> log;
  for (std::int64_t n = 1; n <= count; ++n) log.push_back({n, "T", data_of(n)});
  return log;
}

/// The hash of version `code` begins with the code and goes on with positions.
std::string text_of(std::int64_t code) {
  return "-- projection: chains\n-- version: " + std::to_string(code) +
         "\n-- setup\n"
         "CREATE TABLE chain (stream TEXT PRIMARY KEY, events INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT;\n"
         "CREATE TABLE ledger (entry INTEGER PRIMARY KEY AUTOINCREMENT, position INTEGER NOT NULL) STRICT;\n"
         "CREATE INDEX by_position ON ledger (position);\n"
         "-- on *\n"
         "INSERT INTO chain VALUES (:stream, 1, " +
         std::to_string(code) +
         " + :position) ON CONFLICT (stream) DO UPDATE\n"
         "SET events = events + 1, hash = (hash * 31 + :position) % 1000003;\n"
         "INSERT INTO ledger(position) VALUES (:position);\n";
}

/// Parsed once for each version: thousands of lives are of the same.
const tl::expected<SqlProjection, SqlProjectionError>& parsed_as(std::int64_t code) {
  static std::map<std::int64_t, tl::expected<SqlProjection, SqlProjectionError>> known;
  const auto found = known.find(code);
  if (found != known.end()) return found->second;
  return known.emplace(code, SqlProjection::parse(text_of(code), "chains.sql")).first->second;
}

/// As `shown_tables` shows them, by a fold that knows nothing of SQL.
std::string naive_tables(std::int64_t through, std::int64_t code) {
  struct Row {
    std::int64_t events{}, hash{};
  };
  std::map<std::string, Row> rows;
  std::string ledger;
  for (std::int64_t n = 1; n <= through; ++n) {
    Row& row = rows[stream_of(n)];
    row.hash = ++row.events == 1 ? code + n : (row.hash * 31 + n) % 1000003;
    ledger += " " + std::to_string(n);
  }
  std::string text;
  for (const auto& [stream, row] : rows) {
    text += stream + "|" + std::to_string(row.events) + "|" + std::to_string(row.hash) + " ";
  }
  return text + "--" + ledger;
}

std::string shown_tables(Client& client) {
  const std::string chain = client.ask("SELECT * FROM chain ORDER BY stream");
  const std::string ledger = client.ask("SELECT position FROM ledger ORDER BY entry");
  return chain + (chain.empty() ? "" : " ") + "--" + (ledger.empty() ? "" : " ") + ledger;
}

ProjectionConfig config(const Habits& habits) {
  ProjectionConfig made;
  made.store_retry.max_attempts = MaxRetryAttempts::of(habits.retries).value();
  made.page_limit(4).with(Leadership("me")).publish_changes(false).limit_rebuild(100);
  return made;
}

/// An error that no disk can be blamed for has no cause.
std::optional<Failure> failure_of(const Finished& finished) {
  if (finished) return std::nullopt;
  return Failure(finished.error().cause ? finished.error().cause->kind : FailureKind::invalid,
                 finished.error().message());
}

Failure failure_of(const AppendEvents::reply::error_type& error) {
  if (const auto* failure = std::get_if<Failure>(&error)) return *failure;
  return Failure(FailureKind::invalid, "an append was refused");
}

std::string wrong_with_log(SqliteStore& store, const Promised& promised, std::int64_t& length) {
  const auto page = store.perform(ReadEvents{{}, std::nullopt, 1000});
  if (!page) return "the log cannot be read: " + to_string(page.error());
  length = 0;
  for (const RecordedEvent& event : page->events()) {
    ++length;
    if (event.position.value != length || event.id != id_of(length) || event.data != data_of(length) ||
        event.stream != stream_of(length)) {
      return "event " + std::to_string(length) + " of the log is another one: " + std::string(event.id);
    }
  }
  if (length < promised.appended) {
    return std::to_string(promised.appended) + " appended events were acknowledged, " + std::to_string(length) +
           " are there";
  }
  return {};
}

struct Stored {
  std::int64_t through{};
  std::int64_t code{1};
};

/// Where a projection's active generation is.
std::string wrong_with_checkpoint(SqliteStore& store, const ProjectionId& projection, const Promised& promised,
                                  std::int64_t log, Stored& stored) {
  const auto found = store.perform(LoadCheckpoint{projection, LoadCheckpoint::Purpose::inspect});
  if (!found) return "no checkpoint can be loaded: " + to_string(found.error());
  if (*found) {
    stored.through = (*found)->position.value_or(Position{0}).value;
    stored.code = std::max<std::int64_t>(1, (*found)->version.program);
  }
  if (stored.through > log) return "the checkpoint of " + projection.name + " is ahead of the log";
  const auto least = promised.through.find(projection.name);
  if (least != promised.through.end() && stored.through < least->second) {
    return "the checkpoint of " + projection.name + " is " + std::to_string(stored.through) + ", and " +
           std::to_string(least->second) + " was acknowledged";
  }
  return {};
}

std::string wrong_with_views(SqliteStore& store, const Stored& stored) {
  const auto page = store.perform(ScanViews{.projection = keyed});
  if (!page) return "views cannot be read: " + to_string(page.error());
  std::map<std::string, StoredView> views;
  for (const StoredView& view : page->views) views.emplace(view.key, view);
  auto expected = naive_fold(first_events(all_events), Position{stored.through}, stored.code);
  std::erase_if(expected, [](const auto& each) { return !each.second.state; });  // a scan passes over what is erased
  return difference(views, expected);
}

std::string wrong_with_tables(Client& client, const Stored& stored) {
  if (client.ask("SELECT count(*) FROM sqlite_schema WHERE name = 'chain'") == "0") {
    return stored.through == 0 ? "" : "the tables are gone";
  }
  const std::string shown = shown_tables(client), expected = naive_tables(stored.through, stored.code);
  return shown == expected ? "" : "the tables are " + shown + ", not " + expected;
}

}  // namespace

tl::expected<SqliteStore, Failure> open_on(const SimulatedDisk& disk, Durability durability) {
  SqliteOptions options;
  options.durability = durability;
  options.open_timeout = std::chrono::milliseconds(0);
  options.clock = [] { return std::chrono::nanoseconds(std::chrono::seconds(1'700'000'000)); };
  options.vfs = disk.vfs();
  return SqliteStore::open(file, std::move(options));
}

std::optional<Failure> live(SqliteStore& store, const SimulatedDisk& disk, const Habits& habits, Promised& promised,
                            int round) {
  WatchedStore watched(store, disk, promised);
  const auto& parsed = parsed_as(habits.code);
  if (!parsed) return Failure(FailureKind::invalid, "the projection cannot be parsed");
  const auto work = [&]() -> std::optional<Failure> {
    AppendEvents append;
    for (std::int64_t n = all_events * round / habits.rounds + 1; n <= all_events * (round + 1) / habits.rounds; ++n) {
      append.events.push_back({.stream = stream_of(n), .type = "T", .data = data_of(n), .id = id_of(n)});
    }
    const auto appended = watched.perform(append);
    if (!appended) return failure_of(appended.error());
    const auto installed = store.install(*parsed);
    if (!installed) return installed.error();
    Chain chain{.code = habits.code};
    if (auto failed = failure_of(testing::run(chain, watched, config(habits)))) return failed;
    auto finished =
        testing::drive(ProjectionPipeline(*parsed, parsed->configured(config(habits))).start(Instant{}), watched);
    if (auto failed = failure_of(finished)) return failed;
    if (!habits.finalizes || round + 1 < habits.rounds) return std::nullopt;
    for (const ProjectionId& projection : {keyed, tables}) {
      if (const auto dropped = store.perform(FinalizeRebuild{projection}); !dropped) return dropped.error();
    }
    return std::nullopt;
  };
  auto failed = work();
  if (watched.left_a_transaction_open()) {
    return Failure(FailureKind::invalid, "a transaction was left open");
  }
  return failed;
}

std::optional<Failure> live(const SimulatedDisk& disk, const Habits& habits, Promised& promised) {
  std::optional<SqliteStore> store;
  for (int round = 0; round < habits.rounds; ++round) {
    if (habits.reopens) store.reset();
    if (!store) {
      auto opened = open_on(disk, habits.durability);
      if (!opened) return opened.error();
      store.emplace(*std::move(opened));
    }
    if (auto failed = live(*store, disk, habits, promised, round)) return failed;
    if (!habits.checkpoints) continue;
    Client client(disk, file);
    if (const std::string said = client.ask("PRAGMA wal_checkpoint(RESTART)"); !said.starts_with("0|")) {
      return Failure(FailureKind::internal, "the checkpoint of the WAL says " + said);
    }
  }
  return std::nullopt;
}

std::string wrong_with(SqliteStore& store, Client& client, const Promised& promised, const char* check) {
  if (const std::string found = client.ask(check); found != "ok") return "the file: " + found;
  std::int64_t log = 0;
  if (auto wrong = wrong_with_log(store, promised, log); !wrong.empty()) return wrong;
  Stored views, rows;
  if (auto wrong = wrong_with_checkpoint(store, keyed, promised, log, views); !wrong.empty()) return wrong;
  if (auto wrong = wrong_with_views(store, views); !wrong.empty()) return "views: " + wrong;
  if (auto wrong = wrong_with_checkpoint(store, tables, promised, log, rows); !wrong.empty()) return wrong;
  return wrong_with_tables(client, rows);
}

std::string wrong_at_the_end(SqliteStore& store, const SimulatedDisk& disk, Client& client, Habits habits) {
  Promised all;
  habits.rounds = 1;
  if (const auto failed = live(store, disk, habits, all, 0)) return "the last run failed: " + to_string(*failed);
  all.appended = all.through[keyed.name] = all.through[tables.name] = all_events;
  return wrong_with(store, client, all, "PRAGMA quick_check");
}

std::string wrong_after_death(const SimulatedDisk& disk, const Habits& habits, const Promised& promised) {
  auto store = open_on(disk, habits.durability);
  if (!store) return "it cannot be opened: " + to_string(store.error());
  Client client(disk, file);
  if (auto wrong = wrong_with(*store, client, promised); !wrong.empty()) return wrong;
  for (const auto& [projection, fence] : promised.fence) {
    const auto next = store->perform(AcquireLease{ProjectionId(projection), "me", std::chrono::seconds(1)});
    if (!next) return "the lease of " + projection + " is not to be had";
    if (next->fence.value < fence) return "the fence of " + projection + " went back";
  }
  return wrong_at_the_end(*store, disk, client, habits);
}

}  // namespace lantern::testing_disk
