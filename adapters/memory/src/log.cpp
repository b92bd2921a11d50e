#include "log.hpp"

#include <algorithm>

#include "lantern/refuse.hpp"

namespace lantern::detail {
namespace {

constexpr std::int64_t most_looked_at = 65536;             // in one read, whatever the filter lets through
constexpr std::int64_t most_looked_at_for_changes = 4096;  // events; beyond it, all streams are looked at

/// The same event, as far as a producer that sends it again can tell.
template <class A>
bool is_same(const A& a, const NewEvent& b) {
  return a.stream == b.stream && a.type == b.type && a.data == b.data && a.meta == b.meta;
}

}  // namespace

std::optional<Position> Log::position_of(std::int64_t count) noexcept {
  return count == 0 ? std::nullopt : std::optional(Position{count});
}

std::optional<Position> Log::head() const { return position_of(events_.published()); }

// ---- appending ----

AppendEvents::reply Log::append(const AppendEvents& batch, std::string_view time) {
  if (auto failure = refuse(batch)) return tl::unexpected(Refusal(*std::move(failure)));
  const std::lock_guard lock(appending_);
  std::vector<bool> is_new(batch.events.size());
  if (auto refusal = find_new(batch, is_new)) return tl::unexpected(*std::move(refusal));
  if (auto refusal = refuse_versions(batch, is_new)) return tl::unexpected(*std::move(refusal));
  Appended done;
  const std::int64_t before = events_.size();
  try {
    for (std::size_t i = 0; i < batch.events.size(); ++i) {
      if (is_new[i]) add(batch.events[i], time);
      ++(is_new[i] ? done.added : done.duplicates);
    }
  } catch (...) {  // memory ran out: the next append must not publish what is there of this one
    take_back_to(before);
    throw;
  }
  events_.publish();
  done.last = position_of(events_.size());
  return done;
}

std::optional<Log::Refusal> Log::find_new(const AppendEvents& batch, std::vector<bool>& is_new) const {
  std::unordered_map<std::string_view, const NewEvent*> in_batch;
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    const NewEvent& event = batch.events[i];
    if (event.id.empty()) {
      is_new[i] = true;
    } else if (const auto known = by_id_.find(event.id); known != by_id_.end()) {
      if (!is_same(events_.at(known->second), event)) return IdConflict{i, event.id, Position{known->second}};
    } else {
      const auto [earlier, first] = in_batch.emplace(event.id, &event);
      if (!first && !is_same(*earlier->second, event)) return IdConflict{i, event.id, Position{}};
      is_new[i] = first;
    }
  }
  return std::nullopt;
}

std::optional<Log::Refusal> Log::refuse_versions(const AppendEvents& batch, const std::vector<bool>& is_new) const {
  if (batch.expected.empty()) return std::nullopt;
  std::unordered_map<std::string_view, bool> gains;  // stream → whether this batch adds to it
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    bool& adds = gains.emplace(batch.events[i].stream, false).first->second;
    adds = adds || is_new[i];
  }
  for (const ExpectedVersion& expected : batch.expected) {
    const auto written = gains.find(expected.stream);
    if (written != gains.end() && !written->second) continue;  // a producer's retry: all of it is there already
    if (const auto actual = version_of(expected.stream); actual != expected.version) {
      return VersionConflict{expected.stream, expected.version, actual};
    }
  }
  return std::nullopt;
}

std::int64_t Log::version_of(std::string_view stream) const {
  const auto found = by_stream_.find(stream);
  return found == by_stream_.end() ? 0 : found->second.size();
}

void Log::add(const NewEvent& event, std::string_view time) {
  const RecordedEvent& kept = events_.add({.position = Position{events_.size() + 1},
                                           .stream = event.stream,
                                           .version = version_of(event.stream) + 1,
                                           .type = event.type,
                                           .schema_version = event.schema_version,
                                           .data = event.data,
                                           .id = event.id,
                                           .meta = event.meta,
                                           .ts = event.ts.empty() ? time : event.ts});
  if (!kept.id.empty()) by_id_.emplace(kept.id, kept.position.value);
  const std::lock_guard lock(finding_);
  names_.insert(kept.stream);
  by_stream_[kept.stream].add(kept.position.value);
}

void Log::take_back_to(std::int64_t position) noexcept {
  const std::lock_guard lock(finding_);
  for (std::int64_t last = events_.size(); last > position; --last) {
    const RecordedEvent& event = events_.at(last);
    if (const auto named = by_id_.find(event.id); named != by_id_.end() && named->second == last) by_id_.erase(named);
    if (const auto found = by_stream_.find(event.stream); found != by_stream_.end()) {
      if (found->second.ends_with(last)) found->second.take_back();
      if (found->second.size() > 0) continue;
      names_.erase(found->first);  // which is in a text that goes
      by_stream_.erase(found);
    }
  }
  events_.take_back_to(position);
}

// ---- reading ----

PositionList::View Log::positions_in(std::string_view stream) const {
  const std::lock_guard lock(finding_);
  const auto found = by_stream_.find(stream);
  return found == by_stream_.end() ? PositionList::View{} : found->second.view();
}

ReadEvents::reply Log::read(const ReadEvents& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  const std::int64_t count = events_.published();  // what is appended from here on, this read does not see
  const std::int64_t after = asked.after ? std::max<std::int64_t>(asked.after->value, 0) : 0;
  EventPage page;
  page.head = position_of(count);
  page.log = identity_;
  page.scanned_to = asked.after;
  if (after >= count) return page;

  // Takes one event into account; false ends the page.
  const auto look_at = [&](std::int64_t position) {
    const RecordedEvent& event = events_.at(position);
    page.scanned_to = event.position;
    if (!asked.filter.matches(event)) return true;
    page.add(event);
    return page.size() < asked.limit && page.bytes() < asked.byte_limit;
  };
  if (asked.filter.stream) {
    const auto known = positions_in(*asked.filter.stream);
    const auto positions = known.positions();
    auto next = std::ranges::upper_bound(positions, after);
    auto end = std::ranges::upper_bound(next, positions.end(), count);
    const bool is_cut = end - next > most_looked_at;
    if (is_cut) end = next + most_looked_at;
    for (; next != end; ++next) {
      if (!look_at(*next)) return page;
    }
    if (!is_cut) page.scanned_to = page.head;
  } else {
    const std::int64_t end = after + std::min(count - after, most_looked_at);
    if (asked.filter == EventFilter{})
      page.reserve(std::min<std::size_t>(asked.limit, static_cast<std::size_t>(end - after)));
    for (std::int64_t position = after + 1; position <= end && look_at(position); ++position) {
    }
  }
  return page;
}

std::optional<StreamExtent> Log::extent(std::string_view stream, std::int64_t count) const {
  const auto known = positions_in(stream);
  const auto positions = known.positions();
  const std::int64_t last = std::ranges::upper_bound(positions, count) - positions.begin();
  if (last == 0) return std::nullopt;
  return StreamExtent{std::string(stream), StreamVersion{1}, StreamVersion{last}};
}

ListStreams::reply Log::list(const ListStreams& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  const std::int64_t count = events_.published();
  StreamPage page;
  page.as_of = position_of(count);
  page.log = identity_;
  const auto is_listed = [&](std::string_view stream) {
    return stream.starts_with(asked.prefix) && (!asked.after || stream > *asked.after);
  };
  const std::int64_t since = asked.changed_since ? std::max<std::int64_t>(asked.changed_since->value, 0) : 0;
  if (asked.changed_since && count - since <= most_looked_at_for_changes) {
    std::set<std::string_view> changed;
    for (std::int64_t position = since + 1; position <= count; ++position) {
      if (const std::string_view stream = events_.at(position).stream; is_listed(stream)) changed.insert(stream);
    }
    for (const std::string_view stream : changed) {
      if (page.streams.size() == asked.limit) break;
      page.streams.push_back(*extent(stream, count));
    }
    return page;
  }
  std::vector<std::string_view> names;
  {
    const std::lock_guard lock(finding_);
    std::string_view from = asked.prefix;
    if (asked.after && *asked.after > from) from = *asked.after;
    for (auto next = names_.lower_bound(from); next != names_.end() && names.size() < asked.limit; ++next) {
      if (is_listed(*next)) names.push_back(*next);
      else if (!next->starts_with(asked.prefix)) break;
    }
  }
  for (const std::string_view stream : names) {
    if (auto found = extent(stream, count)) page.streams.push_back(*std::move(found));
  }
  return page;
}

ReadStream::reply Log::read(const ReadStream& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  const std::int64_t count = events_.published();
  const auto known = positions_in(asked.stream);
  const auto all = known.positions();
  const auto positions = all.first(static_cast<std::size_t>(std::ranges::upper_bound(all, count) - all.begin()));
  StreamSlice slice;
  slice.scanned_to = asked.after;
  if (!positions.empty()) slice.head = StreamVersion{static_cast<std::int64_t>(positions.size())};
  const EventFilter types{{}, {}, asked.types};
  std::size_t next = asked.after ? static_cast<std::size_t>(std::max<std::int64_t>(asked.after->value, 0)) : 0;
  const std::size_t end =
      next + std::min(positions.size() - std::min(next, positions.size()), static_cast<std::size_t>(most_looked_at));
  for (; next < end; ++next) {
    const RecordedEvent& event = events_.at(positions[next]);
    slice.scanned_to = StreamVersion{event.version};
    if (!types.matches(event)) continue;
    slice.page.add(event);
    if (slice.page.size() == asked.limit || slice.page.bytes() >= asked.byte_limit) break;
  }
  return slice;
}

}  // namespace lantern::detail
