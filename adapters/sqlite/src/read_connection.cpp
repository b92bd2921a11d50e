#include "read_connection.hpp"

#include <algorithm>
#include <limits>

#include "prepare_all.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view reading = "reading events";
constexpr std::int64_t most_positions = 65536;  // that one page with a filter looks at
constexpr std::size_t most_types = 10000;       // of one filter; each is a parameter of the statement
constexpr std::size_t most_shapes = 16;         // of filters whose statements are kept

// Parameters of a page's statement.
enum Parameter : int { after = 1, upper = 2, limit = 3, stream = 4, version = 5, prefix = 6, prefix_end = 7, type = 8 };

/// The smallest text that is greater than all texts that begin with `prefix`, in the order of bytes; none when there is
/// no such text (0xFF 0xFF…, or an empty prefix).
std::optional<std::string> end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

/// SQL compares texts as bytes (the BINARY collation), so a prefix is a range; nothing in it is a wildcard. The unary
/// plus keeps the planner from using an index on the stream, which would make it sort.
std::string sql_for(const EventFilter& filter, bool prefix_ends) {
  std::string sql = "SELECT position, stream, version, type, schema_version, data, id, meta, ts FROM lantern_events ";
  if (filter.stream) {
    sql += "INDEXED BY lantern_events_by_stream WHERE stream = ?4 AND version >= ?5 AND position <= ?2";
  } else {
    sql += "NOT INDEXED WHERE position > ?1 AND position <= ?2";
  }
  if (filter.stream_prefix && !filter.stream) {
    sql += " AND +stream >= ?6";
    if (prefix_ends) sql += " AND +stream < ?7";
  }
  if (!filter.types.empty()) {
    sql += " AND type IN (?8";
    for (std::size_t i = 1; i < filter.types.size(); ++i) sql += ",?" + std::to_string(type + i);
    sql += ')';
  }
  // Within a stream, versions and positions ascend together.
  sql += filter.stream ? " ORDER BY version LIMIT ?3" : " ORDER BY position LIMIT ?3";
  return sql;
}

std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  return a > std::numeric_limits<std::int64_t>::max() - b ? std::numeric_limits<std::int64_t>::max() : a + b;
}

}  // namespace

tl::expected<std::unique_ptr<ReadConnection>, Failure> ReadConnection::prepare(Connection connection) {
  std::unique_ptr<ReadConnection> made(new ReadConnection(std::move(connection)));
  auto failed = prepare_all(
      made->db_,
      {{"BEGIN", &made->begin_},
       {"COMMIT", &made->end_},
       {"SELECT max(position) FROM lantern_events", &made->head_},
       {"SELECT position, generation FROM lantern_projections WHERE tenant = ?1 AND name = ?2", &made->load_},
       {find_lease_sql, &made->lease_},
       {"SELECT version FROM lantern_events INDEXED BY lantern_events_by_stream WHERE stream = ?1 "
        "ORDER BY version DESC LIMIT 1",
        &made->last_version_},
       {"SELECT position FROM lantern_events INDEXED BY lantern_events_by_stream WHERE stream = ?1 AND version >= ?2 "
        "ORDER BY version LIMIT 1",
        &made->position_of_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

void ReadConnection::end_snapshot() noexcept {
  const Using use(end_);
  (void)use->step();
}

tl::expected<std::optional<Position>, Failure> ReadConnection::head() {
  const Using use(head_);
  if (const int code = use->step(); code != SQLITE_ROW) return tl::unexpected(db_.failure(code, reading));
  const auto last = use->maybe_integer(0);
  return last ? std::optional(Position{*last}) : std::nullopt;
}

tl::expected<std::optional<StoredLease>, Failure> ReadConnection::lease(const ProjectionId& projection) {
  std::optional<StoredLease> found;
  if (auto failed = db_.each(
          lease_, "looking at a lease", [&](const Statement& row) { found = lease_of(row); },
          std::string_view(projection.tenant), std::string_view(projection.name))) {
    return tl::unexpected(*std::move(failed));
  }
  return found;
}

LoadCheckpoint::reply ReadConnection::load(const ProjectionId& projection) {
  const Using use(load_);
  use->bind_all(std::string_view(projection.tenant), std::string_view(projection.name));
  const int code = use->step();
  if (code == SQLITE_DONE) return std::nullopt;
  if (code != SQLITE_ROW) return tl::unexpected(db_.failure(code, "loading a checkpoint"));
  Checkpoint found{std::nullopt, Generation{use->integer(1)}};
  if (const auto position = use->maybe_integer(0)) found.position = Position{*position};
  if (!found.position && found.generation == Generation{}) return std::nullopt;  // known by name, never begun
  return found;
}

ReadEvents::reply ReadConnection::read(const ReadEvents& asked) {
  if (asked.limit == 0) {
    return tl::unexpected(Failure(FailureKind::invalid, "a page of 0 events was asked for", "ask for 1 or more"));
  }
  if (asked.filter.types.size() > most_types) {
    return tl::unexpected(Failure(FailureKind::unsupported,
                                  "a filter names " + std::to_string(asked.filter.types.size()) + " event types",
                                  "name at most " + std::to_string(most_types) + ", or none to read all"));
  }
  if (auto failed = begin_snapshot()) return tl::unexpected(*std::move(failed));
  auto page = read_in_snapshot(asked);
  end_snapshot();
  return page;
}

/// Versions of a stream are dense and ascend with the positions, so this is a binary search.
tl::expected<std::int64_t, Failure> ReadConnection::first_version_after(std::string_view of, Position seen) {
  std::int64_t low = 1, high = 1;  // the answer is in [low, high]
  if (auto failed = db_.each(
          last_version_, reading, [&](const Statement& s) { high = s.integer(0) + 1; }, of)) {
    return tl::unexpected(*std::move(failed));
  }
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    std::int64_t position = std::numeric_limits<std::int64_t>::max();
    if (auto failed = db_.each(
            position_of_, reading, [&](const Statement& s) { position = s.integer(0); }, of, middle)) {
      return tl::unexpected(*std::move(failed));
    }
    if (position > seen.value) high = middle;
    else low = middle + 1;
  }
  return low;
}

tl::expected<Statement*, Failure> ReadConnection::statement_for(const EventFilter& filter, bool prefix_ends) {
  const std::string sql = sql_for(filter, prefix_ends);
  if (const auto known = pages_.find(sql); known != pages_.end()) return &known->second;
  auto prepared = db_.prepare(sql);
  if (!prepared) return tl::unexpected(std::move(prepared).error());
  if (pages_.size() >= most_shapes) pages_.clear();
  return &pages_.emplace(sql, *std::move(prepared)).first->second;
}

ReadEvents::reply ReadConnection::read_in_snapshot(const ReadEvents& asked) {
  EventPage page;
  auto last = head();
  if (!last) return tl::unexpected(std::move(last).error());
  page.head = *last;
  page.scanned_to = std::max(asked.after, page.head);  // an absent position is less than any other
  if (asked.after >= page.head) return page;

  const EventFilter& filter = asked.filter;
  if (filter.stream && filter.stream_prefix && !filter.stream->starts_with(*filter.stream_prefix)) return page;
  const std::int64_t seen = asked.after ? asked.after->value : std::numeric_limits<std::int64_t>::min();
  std::int64_t last_to_look_at = page.head->value;
  if (!filter.stream && (filter.stream_prefix || !filter.types.empty())) {
    // Positions begin at 1, so a smaller one does not count as a place to begin at.
    last_to_look_at = std::min(last_to_look_at, saturating_sum(std::max<std::int64_t>(seen, 0), most_positions));
  }
  page.scanned_to = Position{last_to_look_at};

  const auto prefix_ends_at = filter.stream_prefix ? end_of_prefix(*filter.stream_prefix) : std::nullopt;
  auto found = statement_for(filter, prefix_ends_at.has_value());
  if (!found) return tl::unexpected(std::move(found).error());
  Statement& statement = **found;
  const Using use(statement);
  statement.bind(upper, last_to_look_at);
  statement.bind(limit, std::int64_t{asked.limit});
  if (filter.stream) {
    const auto first = asked.after ? first_version_after(*filter.stream, *asked.after) : 1;
    if (!first) return tl::unexpected(first.error());
    statement.bind(stream, std::string_view(*filter.stream));
    statement.bind(version, *first);
  } else {
    statement.bind(after, seen);
    if (filter.stream_prefix) statement.bind(prefix, std::string_view(*filter.stream_prefix));
    if (prefix_ends_at) statement.bind(prefix_end, std::string_view(*prefix_ends_at));
  }
  for (std::size_t i = 0; i < filter.types.size(); ++i) {
    statement.bind(type + static_cast<int>(i), std::string_view(filter.types[i]));
  }

  constexpr std::int64_t most_reserved = 4096;
  page.reserve(static_cast<std::size_t>(std::min({std::int64_t{asked.limit}, most_reserved, page.head->value})));
  for (;;) {
    const int code = statement.step();
    if (code == SQLITE_DONE && page.size() < asked.limit) return page;  // all up to the last one to look at
    if (code != SQLITE_ROW && code != SQLITE_DONE) return tl::unexpected(db_.failure(code, reading));
    if (code == SQLITE_ROW) {
      page.add({.position = Position{statement.integer(0)},
                .stream = statement.text(1),
                .version = statement.integer(2),
                .type = statement.text(3),
                .schema_version = static_cast<std::int32_t>(statement.integer(4)),
                .data = statement.text(5),
                .id = statement.text(6),
                .meta = statement.text(7),
                .ts = statement.text(8)});
      if (page.bytes() < asked.byte_limit) continue;
    }
    page.scanned_to = page.events().back().position;
    return page;
  }
}

tl::expected<std::unique_ptr<ReadConnection>, Failure> ReadPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto connection = std::move(free_.back());
      free_.pop_back();
      return connection;
    }
  }
  auto opened = Connection::open(file_, Access::read, busy_timeout_);
  if (!opened) return tl::unexpected(std::move(opened).error());
  return ReadConnection::prepare(*std::move(opened));
}

void ReadPool::give_back(std::unique_ptr<ReadConnection> connection) noexcept {
  constexpr std::size_t most_kept = 4;
  const std::lock_guard lock(mutex_);
  if (free_.size() < most_kept) free_.push_back(std::move(connection));
}

}  // namespace lantern::detail
