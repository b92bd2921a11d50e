#include "log.hpp"

#include <algorithm>
#include <mutex>

#include "lantern/names.hpp"

namespace lantern::detail {
namespace {

constexpr std::size_t events_of_a_page = 1024;
constexpr std::int64_t looked_at_in_one_read = 65536;  // bounds how long a read keeps writers waiting

std::optional<Failure> refuse(const AppendEvents& batch) {
  for (const NewEvent& event : batch.events) {
    if (auto failure = refuse_name("stream", event.stream)) return failure;
    if (auto failure = refuse_name("type", event.type)) return failure;
    if (!event.id.empty()) {
      if (auto failure = refuse_name("event id", event.id)) return failure;
    }
    if (event.schema_version < 1) {
      return Failure(FailureKind::invalid, "a schema version must be 1 or more, not " +
                                               std::to_string(event.schema_version) + " (stream " + event.stream + ")");
    }
  }
  for (const ExpectedVersion& expected : batch.expected) {
    if (auto failure = refuse_name("stream", expected.stream)) return failure;
  }
  return std::nullopt;
}

/// The same event, as far as a producer that sends it again can tell.
template <class A>
bool is_same(const A& a, const NewEvent& b) {
  return a.stream == b.stream && a.type == b.type && a.data == b.data && a.meta == b.meta;
}

}  // namespace

const RecordedEvent& Log::at(std::int64_t position) const noexcept {
  const auto index = static_cast<std::size_t>(position - 1);
  return pages_[index / events_of_a_page].events()[index % events_of_a_page];
}

std::optional<Position> Log::last() const noexcept {
  return count_ == 0 ? std::nullopt : std::optional(Position{count_});
}

std::optional<Position> Log::head() const {
  const std::shared_lock lock(mutex_);
  return last();
}

// ---- appending ----

AppendEvents::reply Log::append(const AppendEvents& batch, std::string_view time) {
  if (auto failure = refuse(batch)) return tl::unexpected(Refusal(*std::move(failure)));
  const std::unique_lock lock(mutex_);
  std::vector<bool> is_new(batch.events.size());
  if (auto refusal = find_new(batch, is_new)) return tl::unexpected(*std::move(refusal));
  if (auto refusal = refuse_versions(batch, is_new)) return tl::unexpected(*std::move(refusal));
  Appended done;
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    if (is_new[i]) add(batch.events[i], time);
    ++(is_new[i] ? done.added : done.duplicates);
  }
  done.last = last();
  return done;
}

std::optional<Log::Refusal> Log::find_new(const AppendEvents& batch, std::vector<bool>& is_new) const {
  std::unordered_map<std::string_view, const NewEvent*> in_batch;
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    const NewEvent& event = batch.events[i];
    if (event.id.empty()) {
      is_new[i] = true;
    } else if (const auto known = by_id_.find(event.id); known != by_id_.end()) {
      if (!is_same(at(known->second), event)) return IdConflict{i, event.id, Position{known->second}};
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
  return found == by_stream_.end() ? 0 : static_cast<std::int64_t>(found->second.size());
}

void Log::add(const NewEvent& event, std::string_view time) {
  if (static_cast<std::size_t>(count_) % events_of_a_page == 0) pages_.emplace_back();
  pages_.back().add({.position = Position{++count_},
                     .stream = event.stream,
                     .version = version_of(event.stream) + 1,
                     .type = event.type,
                     .schema_version = event.schema_version,
                     .data = event.data,
                     .id = event.id,
                     .meta = event.meta,
                     .ts = event.ts.empty() ? time : event.ts});
  const RecordedEvent& kept = at(count_);
  by_stream_[kept.stream].push_back(count_);
  if (!kept.id.empty()) by_id_.emplace(kept.id, count_);
}

// ---- reading ----

ReadEvents::reply Log::read(const ReadEvents& asked) const {
  if (asked.limit == 0) return tl::unexpected(Failure(FailureKind::invalid, "a page's limit must be 1 or more, not 0"));
  const std::int64_t after = asked.after ? asked.after->value : 0;
  EventPage page;
  const std::shared_lock lock(mutex_);
  page.head = last();
  page.scanned_to = asked.after;
  if (after >= count_) return page;

  // Takes one event into account; false ends the page.
  const auto look_at = [&](std::int64_t position) {
    const RecordedEvent& event = at(position);
    page.scanned_to = event.position;
    if (!asked.filter.matches(event)) return true;
    page.add(event);
    return page.size() < asked.limit && page.bytes() < asked.byte_limit;
  };
  if (asked.filter.stream) {
    if (const auto found = by_stream_.find(*asked.filter.stream); found != by_stream_.end()) {
      const auto& positions = found->second;
      for (auto next = std::ranges::upper_bound(positions, after); next != positions.end(); ++next) {
        if (!look_at(*next)) return page;
      }
    }
    page.scanned_to = page.head;
  } else {
    const std::int64_t first = std::max<std::int64_t>(after, 0) + 1;
    const std::int64_t end = first + std::min(count_ - first + 1, looked_at_in_one_read);
    if (asked.filter == EventFilter{})
      page.reserve(std::min<std::size_t>(asked.limit, static_cast<std::size_t>(end - first)));
    for (std::int64_t position = first; position < end && look_at(position); ++position) {
    }
  }
  return page;
}

}  // namespace lantern::detail
