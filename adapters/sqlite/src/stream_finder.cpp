#include "stream_finder.hpp"

#include "prefix.hpp"
#include "prepare_all.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view listing = "listing streams";
// With more events since, looking at each of them costs more than finding each stream in the index.
constexpr std::int64_t few_events = 4096;

}  // namespace

tl::expected<std::unique_ptr<StreamFinder>, Failure> StreamFinder::prepare(const Connection& db) {
  std::unique_ptr<StreamFinder> made(new StreamFinder(db));
  auto failed = prepare_all(
      db, {{"SELECT DISTINCT stream FROM lantern_events NOT INDEXED WHERE position > ?1 AND +stream > ?2 "
            "AND +stream >= ?3 AND (?4 IS NULL OR +stream < ?4) ORDER BY stream LIMIT ?5",
            &made->changed_},
           // The next name in the index: one search, however many events the stream before it has.
           {"SELECT stream FROM lantern_events INDEXED BY lantern_events_by_stream WHERE stream >= ?1 "
            "ORDER BY stream LIMIT 1",
            &made->first_},
           {"SELECT stream FROM lantern_events INDEXED BY lantern_events_by_stream WHERE stream > ?1 "
            "ORDER BY stream LIMIT 1",
            &made->next_},
           {"SELECT (SELECT version FROM lantern_events INDEXED BY lantern_events_by_stream WHERE stream = ?1 "
            "ORDER BY version LIMIT 1), (SELECT version FROM lantern_events INDEXED BY lantern_events_by_stream "
            "WHERE stream = ?1 ORDER BY version DESC LIMIT 1)",
            &made->extent_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

tl::expected<std::optional<StreamExtent>, Failure> StreamFinder::extent(std::string_view stream) {
  std::optional<StreamExtent> found;
  const auto take = [&](const Statement& row) {
    const auto first = row.maybe_integer(0), last = row.maybe_integer(1);
    if (first && last) found = StreamExtent{std::string(stream), StreamVersion{*first}, StreamVersion{*last}};
  };
  if (auto failed = db_->each(extent_, listing, take, stream)) return tl::unexpected(*std::move(failed));
  return found;
}

tl::expected<std::vector<std::string>, Failure> StreamFinder::changed(const ListStreams& asked) {
  std::vector<std::string> names;
  const auto take = [&](const Statement& row) { names.emplace_back(row.text(0)); };
  const auto end = end_of_prefix(asked.prefix);
  // No name is empty, so all come after "".
  if (auto failed = db_->each(changed_, listing, take, asked.changed_since->value,
                              std::string_view(asked.after ? *asked.after : std::string()),
                              std::string_view(asked.prefix), end, std::int64_t{asked.limit})) {
    return tl::unexpected(*std::move(failed));
  }
  return names;
}

tl::expected<std::vector<std::string>, Failure> StreamFinder::all(const ListStreams& asked) {
  std::vector<std::string> names;
  std::optional<std::string> found;
  const auto take = [&](const Statement& row) { found = std::string(row.text(0)); };
  const bool is_within = asked.after && *asked.after >= asked.prefix;
  auto failed = is_within ? db_->each(next_, listing, take, std::string_view(*asked.after))
                          : db_->each(first_, listing, take, std::string_view(asked.prefix));
  while (!failed && found && found->starts_with(asked.prefix) && names.size() < asked.limit) {
    names.push_back(*std::exchange(found, std::nullopt));
    if (names.size() < asked.limit) failed = db_->each(next_, listing, take, std::string_view(names.back()));
  }
  if (failed) return tl::unexpected(*std::move(failed));
  return names;
}

ListStreams::reply StreamFinder::list(const ListStreams& asked, std::optional<Position> head, LogIdentity log) {
  StreamPage page;
  page.as_of = head;
  page.log = log;
  const bool by_events = asked.changed_since && head && head->value - asked.changed_since->value <= few_events;
  const auto names = by_events ? changed(asked) : all(asked);
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    auto found = extent(name);
    if (!found) return tl::unexpected(std::move(found).error());
    if (*found) page.streams.push_back(**std::move(found));
  }
  return page;
}

}  // namespace lantern::detail
