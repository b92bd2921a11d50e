#include "lantern/event.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lantern {

bool EventFilter::matches(const RecordedEvent& event) const noexcept {
  if (stream && event.stream != *stream) return false;
  if (stream_prefix && !event.stream.starts_with(*stream_prefix)) return false;
  return types.empty() || std::ranges::find(types, event.type) != types.end();
}

char* EventPage::room(std::size_t bytes) {
  constexpr std::size_t smallest = 1024, largest = 1 << 18;
  if (bytes > left_) {
    // Chunks grow with the page, so that a page of any size takes few of them and wastes at most half.
    const std::size_t size = std::max(bytes, std::clamp(bytes_, smallest, largest));
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    free_ = chunks_.back().get();
    left_ = size;
  }
  char* const place = free_;
  free_ += bytes;
  left_ -= bytes;
  bytes_ += bytes;
  return place;
}

void EventPage::add(const RecordedEvent& event) {
  char* place = room(size_in_bytes(event));
  const auto keep = [&place](std::string_view text) {
    if (text.empty()) return std::string_view{};
    std::memcpy(place, text.data(), text.size());
    const std::string_view kept(place, text.size());
    place += text.size();
    return kept;
  };
  events_.push_back({event.position, keep(event.stream), event.version, keep(event.type), event.schema_version,
                     keep(event.data), keep(event.id), keep(event.meta), keep(event.ts)});
}

void EventPage::drop_after(std::size_t kept) noexcept {
  for (; events_.size() > kept; events_.pop_back()) bytes_ -= size_in_bytes(events_.back());
}

EventPage::EventPage(EventPage&& other) noexcept
    : scanned_to(std::exchange(other.scanned_to, std::nullopt)),
      head(std::exchange(other.head, std::nullopt)),
      first(std::exchange(other.first, std::nullopt)),
      log(std::exchange(other.log, std::nullopt)),
      events_(std::move(other.events_)),
      chunks_(std::move(other.chunks_)),
      free_(std::exchange(other.free_, nullptr)),
      left_(std::exchange(other.left_, 0)),
      bytes_(std::exchange(other.bytes_, 0)) {}

EventPage& EventPage::operator=(EventPage&& other) noexcept {
  scanned_to = std::exchange(other.scanned_to, std::nullopt);
  head = std::exchange(other.head, std::nullopt);
  first = std::exchange(other.first, std::nullopt);
  log = std::exchange(other.log, std::nullopt);
  events_ = std::exchange(other.events_, {});
  chunks_ = std::exchange(other.chunks_, {});
  free_ = std::exchange(other.free_, nullptr);
  left_ = std::exchange(other.left_, 0);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

EventPage::EventPage(const EventPage& other)
    : scanned_to(other.scanned_to), head(other.head), first(other.first), log(other.log) {
  reserve(other.size());
  for (const auto& event : other.events()) add(event);
}

EventPage& EventPage::operator=(const EventPage& other) {
  if (this != &other) *this = EventPage(other);
  return *this;
}

}  // namespace lantern
