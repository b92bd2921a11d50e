#include "read_connection.hpp"

#include <algorithm>
#include <limits>

#include "cursor_table.hpp"
#include "prefix.hpp"
#include "prepare_all.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view reading = "reading events";
// What one page looks at when its filter may pass over events. Those of one stream lie scattered over the file.
constexpr std::int64_t most_positions = 65536, most_of_stream = 8192;
constexpr std::size_t most_types = 10000;  // of one filter; each is a parameter of the statement
constexpr std::size_t most_shapes = 16;    // of filters whose statements are kept

// Parameters of a page's statement. `from` and `to` are versions when one stream is read, and positions otherwise.
enum Parameter : int { from = 1, to = 2, stream = 3, prefix = 4, prefix_end = 5, type = 6 };

/// Whether a page may look at events that it does not let through; then what it looks at must be bounded. Any other
/// page is bounded by its limit.
bool passes_over(const EventFilter& filter) noexcept {
  return !filter.types.empty() || (filter.stream_prefix && !filter.stream);
}

/// The unary plus keeps the planner from using an index on the stream, which would make it sort. Each condition and a
/// LIMIT would cost on every row: the reader of the rows stops by itself.
std::string sql_for(const EventFilter& filter, bool prefix_ends) {
  std::string sql = "SELECT position, stream, version, type, schema_version, data, id, meta, ts FROM lantern_events ";
  if (filter.stream) {
    sql += "INDEXED BY lantern_events_by_stream WHERE stream = ?3 AND version >= ?1";
    if (passes_over(filter)) sql += " AND version <= ?2";
  } else {
    sql += "NOT INDEXED WHERE position >= ?1";
    if (passes_over(filter)) sql += " AND position <= ?2";
  }
  if (filter.stream_prefix && !filter.stream) {
    sql += " AND +stream >= ?4";
    if (prefix_ends) sql += " AND +stream < ?5";
  }
  if (!filter.types.empty()) {
    sql += " AND type IN (?6";
    for (std::size_t i = 1; i < filter.types.size(); ++i) sql += ",?" + std::to_string(type + i);
    sql += ')';
  }
  // Within a stream, versions and positions ascend together.
  sql += filter.stream ? " ORDER BY version" : " ORDER BY position";
  return sql;
}

std::optional<Failure> refuse_types(const std::vector<std::string>& types) {
  if (types.size() <= most_types) return std::nullopt;
  return Failure(FailureKind::unsupported, "a filter names " + std::to_string(types.size()) + " event types",
                 "name at most " + std::to_string(most_types) + ", or none to read all");
}

/// Adds the rows of the statement until the page is full. Returns SQLite's last word.
int fill(EventPage& page, Statement& statement, std::uint32_t limit, std::uint64_t byte_limit) {
  int code = statement.step();
  for (; code == SQLITE_ROW; code = statement.step()) {
    page.add({.position = Position{statement.integer(0)},
              .stream = statement.text(1),
              .version = statement.integer(2),
              .type = statement.text(3),
              .schema_version = static_cast<std::int32_t>(statement.integer(4)),
              .data = statement.text(5),
              .id = statement.text(6),
              .meta = statement.text(7),
              .ts = statement.text(8)});
    if (page.size() == limit || page.bytes() >= byte_limit) break;
  }
  return code;
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
       {"SELECT min(position) FROM lantern_events", &made->first_},
       {generations_sql, &made->load_},
       {cursors_sql, &made->cursors_},
       {find_lease_sql, &made->lease_},
       {"SELECT version FROM lantern_events INDEXED BY lantern_events_by_stream WHERE stream = ?1 "
        "ORDER BY version DESC LIMIT 1",
        &made->last_version_},
       {"SELECT position FROM lantern_events INDEXED BY lantern_events_by_stream WHERE stream = ?1 AND version >= ?2 "
        "ORDER BY version LIMIT 1",
        &made->position_of_}});
  if (failed) return tl::unexpected(*std::move(failed));
  const auto identity = made->db_.number("SELECT identity FROM lantern_log", "finding out which log it is");
  if (!identity) return tl::unexpected(identity.error());
  made->log_ = log_of(*identity).value_or(LogIdentity{});
  return made;
}

void ReadConnection::end_snapshot() noexcept {
  const Using use(end_);
  (void)use->step();
}

tl::expected<std::optional<Position>, Failure> ReadConnection::one_position(Statement& statement) {
  const Using use(statement);
  if (const int code = use->step(); code != SQLITE_ROW) return tl::unexpected(db_.failure(code, reading));
  const auto found = use->maybe_integer(0);
  return found ? std::optional(Position{*found}) : std::nullopt;
}

tl::expected<std::optional<Position>, Failure> ReadConnection::head() { return one_position(head_); }

tl::expected<std::optional<StoredLease>, Failure> ReadConnection::lease(const ProjectionId& projection, Role role) {
  std::optional<StoredLease> found;
  if (auto failed = db_.each(
          lease_, "looking at a lease", [&](const Statement& row) { found = lease_of(row); },
          std::string_view(projection.tenant), std::string_view(projection.name), std::string_view(to_string(role)))) {
    return tl::unexpected(*std::move(failed));
  }
  return found;
}

LoadCheckpoint::reply ReadConnection::load(const LoadCheckpoint& asked) {
  if (auto failed = begin_snapshot()) return tl::unexpected(*std::move(failed));
  auto found = load_in_snapshot(asked);
  end_snapshot();
  return found;
}

LoadCheckpoint::reply ReadConnection::load_in_snapshot(const LoadCheckpoint& asked) {
  const auto known = find_generations(db_, load_, asked.projection);
  if (!known) return tl::unexpected(known.error());
  const StoredGeneration* const found = known->find(asked.generation);
  if (!found) return std::nullopt;
  if (found->position) return found->checkpoint();
  auto cursors = load_cursors(db_, cursors_, found->build);
  if (!cursors) return tl::unexpected(std::move(cursors).error());
  return found->checkpoint(*std::move(cursors));
}

ReadEvents::reply ReadConnection::read(const ReadEvents& asked) {
  if (auto refused = refuse_types(asked.filter.types)) return tl::unexpected(*std::move(refused));
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

tl::expected<ReadConnection::Window, Failure> ReadConnection::window_of(const ReadEvents& asked) {
  if (asked.filter.stream) {
    const auto first = asked.after ? first_version_after(*asked.filter.stream, *asked.after) : 1;
    if (!first) return tl::unexpected(first.error());
    return Window{*first, saturating_sum(*first, most_of_stream - 1)};
  }
  const std::int64_t first = asked.after ? asked.after->value + 1 : std::numeric_limits<std::int64_t>::min();
  // Positions begin at 1, so a smaller one does not count as a place to begin at.
  return Window{first, saturating_sum(std::max<std::int64_t>(first, 1), most_positions - 1)};
}

/// The last position before the first that the filter might let through and that lies behind the window.
tl::expected<Position, Failure> ReadConnection::end_of(const Window& window, const EventFilter& filter, Position head) {
  if (!passes_over(filter)) return head;
  if (!filter.stream) return std::min(Position{window.last}, head);
  Position end = head;
  if (auto failed = db_.each(
          position_of_, reading, [&](const Statement& next) { end = Position{next.integer(0) - 1}; },
          std::string_view(*filter.stream), saturating_sum(window.last, 1))) {
    return tl::unexpected(*std::move(failed));
  }
  return end;
}

ReadEvents::reply ReadConnection::read_in_snapshot(const ReadEvents& asked) {
  EventPage page;
  auto last = head();
  if (!last) return tl::unexpected(std::move(last).error());
  page.head = *last;
  page.log = log_;
  auto first = one_position(first_);
  if (!first) return tl::unexpected(std::move(first).error());
  page.first = *first;
  page.scanned_to = std::max(asked.after, page.head);  // an absent position is less than any other
  if (asked.after >= page.head) return page;

  const EventFilter& filter = asked.filter;
  if (filter.stream && filter.stream_prefix && !filter.stream->starts_with(*filter.stream_prefix)) return page;
  const auto window = window_of(asked);
  if (!window) return tl::unexpected(window.error());
  const auto prefix_ends_at = filter.stream_prefix ? end_of_prefix(*filter.stream_prefix) : std::nullopt;
  auto found = statement_for(filter, prefix_ends_at.has_value());
  if (!found) return tl::unexpected(std::move(found).error());
  Statement& statement = **found;
  const Using use(statement);
  statement.bind(from, window->first);
  if (passes_over(filter)) statement.bind(to, window->last);
  if (filter.stream) {
    statement.bind(stream, std::string_view(*filter.stream));
  } else if (filter.stream_prefix) {
    statement.bind(prefix, std::string_view(*filter.stream_prefix));
    if (prefix_ends_at) statement.bind(prefix_end, std::string_view(*prefix_ends_at));
  }
  for (std::size_t i = 0; i < filter.types.size(); ++i) {
    statement.bind(type + static_cast<int>(i), std::string_view(filter.types[i]));
  }

  constexpr std::int64_t most_reserved = 4096;
  page.reserve(static_cast<std::size_t>(std::min({std::int64_t{asked.limit}, most_reserved, page.head->value})));
  const int code = fill(page, statement, asked.limit, asked.byte_limit);
  if (code == SQLITE_ROW) {
    page.scanned_to = page.events().back().position;
    return page;
  }
  if (code != SQLITE_DONE) return tl::unexpected(db_.failure(code, reading));
  const auto end = end_of(*window, filter, *page.head);
  if (!end) return tl::unexpected(end.error());
  page.scanned_to = *end;
  return page;
}

ListStreams::reply ReadConnection::list(const ListStreams& asked) {
  return in_snapshot(streams_, [&](StreamFinder& streams) -> ListStreams::reply {
    const auto last = head();
    if (!last) return tl::unexpected(last.error());
    return streams.list(asked, *last, log_);
  });
}

ReadStream::reply ReadConnection::read(const ReadStream& asked) {
  if (auto refused = refuse_types(asked.types)) return tl::unexpected(*std::move(refused));
  return in_snapshot(streams_, [&](StreamFinder& streams) { return read_in_snapshot(asked, streams); });
}

ReadStream::reply ReadConnection::read_in_snapshot(const ReadStream& asked, StreamFinder& streams) {
  StreamSlice slice;
  slice.scanned_to = asked.after;
  auto extent = streams.extent(asked.stream);
  if (!extent) return tl::unexpected(std::move(extent).error());
  if (!*extent) return slice;
  slice.head = (*extent)->last;
  if (asked.after >= slice.head) return slice;
  const EventFilter filter{asked.stream, std::nullopt, asked.types};
  auto found = statement_for(filter, false);
  if (!found) return tl::unexpected(std::move(found).error());
  Statement& statement = **found;
  const Using use(statement);
  const std::int64_t first = asked.after ? asked.after->value + 1 : (*extent)->first.value;
  const std::int64_t last =
      passes_over(filter) ? std::min(saturating_sum(first, most_of_stream - 1), slice.head->value) : slice.head->value;
  statement.bind(from, first);
  statement.bind(stream, std::string_view(asked.stream));
  if (passes_over(filter)) statement.bind(to, last);
  for (std::size_t i = 0; i < asked.types.size(); ++i) {
    statement.bind(type + static_cast<int>(i), std::string_view(asked.types[i]));
  }
  const int code = fill(slice.page, statement, asked.limit, asked.byte_limit);
  if (code != SQLITE_ROW && code != SQLITE_DONE) return tl::unexpected(db_.failure(code, reading));
  slice.scanned_to = code == SQLITE_ROW ? StreamVersion{slice.page.events().back().version} : StreamVersion{last};
  return slice;
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
  // A reader is in nobody's way, but for some milliseconds in which the last connection that wrote is closed, or the
  // file is recovered after a crash. That is no reason to tell anybody of it.
  constexpr std::chrono::milliseconds least{500};
  auto opened = Connection::open(file_, Access::read, std::max(busy_timeout_, least));
  if (!opened) return tl::unexpected(std::move(opened).error());
  return ReadConnection::prepare(*std::move(opened));
}

void ReadPool::give_back(std::unique_ptr<ReadConnection> connection) noexcept {
  constexpr std::size_t most_kept = 4;
  const std::lock_guard lock(mutex_);
  if (free_.size() < most_kept) free_.push_back(std::move(connection));
}

}  // namespace lantern::detail
