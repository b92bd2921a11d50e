#include "keyed_work.hpp"

#include <cstdlib>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/keyed_binding.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace bench {
namespace {

std::string_view text(sqlite3_stmt* row, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}
void bind_text(sqlite3_stmt* statement, int index, std::string_view value) {
  sqlite3_bind_text(statement, index, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
}

/// One table of views, a cache before it, and what is changed since the last commit.
class HandWritten {
 public:
  HandWritten(const std::string& file, std::uint32_t cache) : database_(file), limit_(cache) {
    database_.run(
        "CREATE TABLE views(key TEXT PRIMARY KEY, state TEXT NOT NULL, version INTEGER NOT NULL, "
        "position INTEGER NOT NULL, updated_at TEXT NOT NULL) STRICT, WITHOUT ROWID; "
        "CREATE TABLE progress(position INTEGER NOT NULL); INSERT INTO progress VALUES(0)");
    next_ = database_.prepare(
        "SELECT position, type, data FROM lantern_events WHERE position > ?1 ORDER BY position LIMIT 1000");
    load_ = database_.prepare("SELECT state, version FROM views WHERE key = ?1");
    save_ =
        database_.prepare("INSERT OR REPLACE INTO views VALUES(?1, ?2, ?3, ?4, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))");
    move_ = database_.prepare("UPDATE progress SET position = ?1");
  }

  void run(std::uint64_t commit) {
    std::uint64_t open = 0;
    for (std::int64_t after = 0;;) {
      const std::size_t count = read_page(after);
      if (count == 0) break;
      for (std::size_t i = 0; i < count; ++i) fold(page_[i]);
      after = page_[count - 1].position;
      open += count;
      if (open < commit && count == page_.size()) continue;
      save(after);
      open = 0;
      if (views_.size() > limit_) views_.clear();
    }
    if (!changed_.empty()) save(page_.back().position);
  }

 private:
  struct Copied {
    std::int64_t position{};
    std::string type{}, data{};
  };
  struct View {
    Account state{};
    std::int64_t version{}, position{};
    bool changed{};
  };
  using Views = std::unordered_map<std::string, View>;

  std::size_t read_page(std::int64_t after) {
    std::size_t count = 0;
    sqlite3_bind_int64(next_, 1, after);
    while (sqlite3_step(next_) == SQLITE_ROW) {
      Copied& event = page_[count++];
      event.position = sqlite3_column_int64(next_, 0);
      event.type = text(next_, 1);
      event.data = text(next_, 2);
    }
    sqlite3_reset(next_);
    return count;
  }

  void fold(const Copied& copied) {
    lantern::RecordedEvent recorded;
    recorded.type = copied.type;
    recorded.data = copied.data;
    const auto event = events_.decode(recorded);
    must(event.has_value(), "an event of the workload cannot be decoded");
    std::visit(
        [&](const auto& what) {
          Views::value_type& view = find(Accounts::keys(what));
          static_cast<void>(Accounts::apply(view.second.state, what));
          ++view.second.version;
          view.second.position = copied.position;
          if (!std::exchange(view.second.changed, true)) changed_.push_back(&view);
        },
        *event);
  }

  Views::value_type& find(const std::string& key) {
    const auto [found, is_new] = views_.try_emplace(key);
    if (!is_new) return *found;
    bind_text(load_, 1, key);
    if (sqlite3_step(load_) == SQLITE_ROW) {
      auto state = codec_.decode_state(text(load_, 0));
      must(state.has_value(), "a state of the hand-written loop cannot be decoded");
      found->second.state = *std::move(state);
      found->second.version = sqlite3_column_int64(load_, 1);
    }
    sqlite3_reset(load_);
    return *found;
  }

  void save(std::int64_t through) {
    database_.run("BEGIN IMMEDIATE");
    for (Views::value_type* view : changed_) {
      const std::string state = codec_.encode_state(view->second.state);
      bind_text(save_, 1, view->first);
      bind_text(save_, 2, state);
      sqlite3_bind_int64(save_, 3, view->second.version);
      sqlite3_bind_int64(save_, 4, view->second.position);
      database_.expect(sqlite3_step(save_), SQLITE_DONE);
      sqlite3_reset(save_);
      view->second.changed = false;
    }
    changed_.clear();
    sqlite3_bind_int64(move_, 1, through);
    database_.expect(sqlite3_step(move_), SQLITE_DONE);
    sqlite3_reset(move_);
    database_.run("COMMIT");
  }

  Database database_;
  std::size_t limit_;
  Accounts::codec events_{};
  Accounts::view_codec codec_{};
  Views views_{};
  std::vector<Views::value_type*> changed_{};
  std::vector<Copied> page_ = std::vector<Copied>(1000);
  sqlite3_stmt *next_{}, *load_{}, *save_{}, *move_{};
};

}  // namespace

void append_accounts(const std::string& file, std::uint64_t from, std::uint64_t to, std::uint64_t accounts) {
  auto store = lantern::SqliteStore::open(file);
  must(store.has_value(), "the store of the workload could not be opened: " + file);
  for (std::uint64_t number = from; number <= to;) {
    std::vector<lantern::NewEvent> batch;
    for (; batch.size() < 10'000 && number <= to; ++number) batch.push_back(bank_event(number, (accounts - 1) * 100));
    must(store->append(std::move(batch)).has_value(), "the workload could not be appended to " + file);
  }
}

double accounts_by_hand(const std::string& file, const KeyedShape& shape) {
  HandWritten loop(file, shape.cache);
  const double start = seconds();
  loop.run(shape.commit);
  return seconds() - start;
}

double accounts_by_lantern(const std::string& file, const KeyedShape& shape) {
  auto store = lantern::SqliteStore::open(file);
  must(store.has_value(), "the log could not be opened");
  Accounts accounts;
  lantern::ProjectionConfig config;
  config.cache_views(*lantern::ViewCacheSize::of(shape.cache));
  if (shape.commit != 1000) {
    lantern::CommitPolicy policy;
    policy.max_events = *lantern::EventCount::of(shape.commit);
    config.with(policy);
  }
  const double start = seconds();
  const auto finished = lantern::run_projection_blocking(accounts, *store, config);
  const double taken = seconds() - start;
  must(finished.has_value(), "the projection failed");
  return taken;
}

std::uint64_t digest_of_views(const std::string& file, const std::string& table) {
  Database database(file);
  sqlite3_stmt* all =
      database.prepare(("SELECT key, state, version, position FROM " + table + " ORDER BY key").c_str());
  std::uint64_t digest = 0;
  const auto mix = [&digest](std::uint64_t value) { digest = (digest ^ value) * 0x9E3779B97F4A7C15ULL; };
  while (sqlite3_step(all) == SQLITE_ROW) {
    mix(std::hash<std::string_view>()(text(all, 0)));
    mix(std::hash<std::string_view>()(text(all, 1)));
    mix(static_cast<std::uint64_t>(sqlite3_column_int64(all, 2)));
    mix(static_cast<std::uint64_t>(sqlite3_column_int64(all, 3)));
  }
  return digest;
}

int run_accounts(const char* file, const char* cache) {
  KeyedShape shape;
  shape.cache = static_cast<std::uint32_t>(std::strtoul(cache, nullptr, 10));
  accounts_by_lantern(file, shape);
  return 0;
}

}  // namespace bench
