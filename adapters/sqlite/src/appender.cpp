#include "appender.hpp"

#include <unordered_map>

#include "prepare_all.hpp"
#include "times.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view appending = "appending events";

/// What a batch knows of a stream that it touches.
struct StreamState {
  std::int64_t before{};  ///< version before the batch
  std::int64_t last{};    ///< version now
  bool in_batch{};        ///< the batch has events of it, perhaps only ones that are there already
};

}  // namespace

tl::expected<Appender, Failure> Appender::prepare(WriteConnection& connection) {
  Appender made(connection);
  auto failed = prepare_all(
      connection.db(), {{"INSERT INTO lantern_events(stream, version, type, schema_version, data, id, meta, ts) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                         &made.insert_},
                        {"SELECT version FROM lantern_events INDEXED BY lantern_events_by_stream WHERE stream = ?1 "
                         "ORDER BY version DESC LIMIT 1",
                         &made.last_version_},
                        {"SELECT position, stream, type, data, meta FROM lantern_events WHERE id = ?1", &made.by_id_},
                        {"SELECT max(position) FROM lantern_events", &made.head_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

tl::expected<std::int64_t, Failure> Appender::version_of(std::string_view stream) {
  std::int64_t version = 0;
  if (auto failed = connection_->db().each(
          last_version_, appending, [&](const Statement& s) { version = s.integer(0); }, stream)) {
    return tl::unexpected(*std::move(failed));
  }
  return version;
}

tl::expected<std::optional<std::int64_t>, Failure> Appender::head() {
  std::optional<std::int64_t> position;
  if (auto failed =
          connection_->db().each(head_, appending, [&](const Statement& s) { position = s.maybe_integer(0); })) {
    return tl::unexpected(*std::move(failed));
  }
  return position;
}

/// An event whose id is taken: the same event once more, or another one?
tl::expected<void, Appender::Error> Appender::compare(const AppendEvents& asked, std::size_t index,
                                                      std::int64_t old_head) {
  const NewEvent& event = asked.events[index];
  bool found = false, same = false;
  std::int64_t position = 0;
  auto failed = connection_->db().each(
      by_id_, appending,
      [&](const Statement& s) {
        found = true;
        position = s.integer(0);
        same =
            s.text(1) == event.stream && s.text(2) == event.type && s.text(3) == event.data && s.text(4) == event.meta;
      },
      std::string_view(event.id));
  if (failed) return tl::unexpected(Error(*std::move(failed)));
  if (!found) {
    return tl::unexpected(Error(
        Failure(FailureKind::corrupt, "the store's indexes contradict each other (" + connection_->db().file() + ")",
                "restore a backup, or run `sqlite3 FILE 'PRAGMA integrity_check'` to learn more")));
  }
  if (!same) return tl::unexpected(Error(IdConflict{index, event.id, Position{position > old_head ? 0 : position}}));
  return {};
}

AppendEvents::reply Appender::append(const AppendEvents& asked,
                                     const std::function<std::chrono::nanoseconds()>& clock) {
  const auto fail = [](auto error) { return tl::unexpected(Error(std::move(error))); };
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return fail(std::move(transaction).error());
  const Connection& db = connection_->db();

  const auto old_head = head();
  if (!old_head) return fail(old_head.error());
  std::unordered_map<std::string_view, StreamState> streams;
  const auto state_of = [&](std::string_view stream) -> tl::expected<StreamState*, Failure> {
    const auto [at, is_new] = streams.try_emplace(stream);
    if (is_new) {
      const auto version = version_of(stream);
      if (!version) return tl::unexpected(version.error());
      at->second.before = at->second.last = *version;
    }
    return &at->second;
  };

  Appended done;
  std::string now;  // stamps events without a time of their own
  std::string_view stream;
  StreamState* state = nullptr;
  for (std::size_t i = 0; i < asked.events.size(); ++i) {
    const NewEvent& event = asked.events[i];
    if (!state || event.stream != stream) {
      const auto found = state_of(event.stream);
      if (!found) return fail(found.error());
      state = *found;
      state->in_batch = true;
      stream = event.stream;
    }
    if (event.ts.empty() && now.empty()) now = timestamp_text(clock());

    const Using use(insert_);
    use->bind(1, stream);
    use->bind(2, state->last + 1);
    use->bind(3, std::string_view(event.type));
    use->bind(4, event.schema_version);
    use->bind(5, std::string_view(event.data));
    use->bind_or_null(6, event.id);
    use->bind_or_null(7, event.meta);
    use->bind(8, std::string_view(event.ts.empty() ? now : event.ts));
    const int code = use->step();
    if (code == SQLITE_DONE) {
      ++state->last;
      ++done.added;
    } else if (code == SQLITE_CONSTRAINT_UNIQUE && !event.id.empty()) {
      if (auto same = compare(asked, i, old_head->value_or(0)); !same) return tl::unexpected(std::move(same).error());
      ++done.duplicates;
    } else {
      return fail(db.failure(code, appending));
    }
  }

  for (const ExpectedVersion& expected : asked.expected) {
    const auto found = state_of(expected.stream);
    if (!found) return fail(found.error());
    const StreamState& known = **found;
    const bool only_repeats = known.in_batch && known.last == known.before;
    if (!only_repeats && known.before != expected.version) {
      return fail(VersionConflict{expected.stream, expected.version, known.before});
    }
  }

  const auto new_head = head();
  if (!new_head) return fail(new_head.error());
  if (*new_head) done.last = Position{**new_head};
  if (done.added == 0) return done;  // nothing to commit
  if (auto failed = transaction->commit()) {
    return fail(described(*std::move(failed), "append them again (events with ids are not stored twice)"));
  }
  return done;
}

}  // namespace lantern::detail
