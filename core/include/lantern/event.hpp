// Events as the log has them, and pages of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lantern/identity.hpp"

namespace lantern {

/// An event as recorded: bytes and metadata, not yet decoded.
/// The texts are views into the page that holds the event and live as long as that page.
struct RecordedEvent {
  Position position{};             ///< place in the whole log
  std::string_view stream{};       ///< the stream it was appended to
  std::int64_t version{};          ///< place in its stream, from 1
  std::string_view type{};         ///< what happened, as the producer named it
  std::int32_t schema_version{1};  ///< version of the payload's shape, from 1
  std::string_view data{};         ///< payload; JSON in lantern's own tools, any bytes otherwise
  std::string_view id{};           ///< the producer's identity of the event; empty when it gave none
  std::string_view meta{};         ///< metadata as the producer wrote it; empty when there is none
  std::string_view ts{};           ///< when, in RFC 3339, as the producer wrote it (see timestamp.hpp)

  /// Compares texts, not addresses.
  friend bool operator==(const RecordedEvent&, const RecordedEvent&) = default;
};

/// The size that limits in bytes count: all texts of the event.
[[nodiscard]] constexpr std::size_t size_in_bytes(const RecordedEvent& event) noexcept {
  return event.stream.size() + event.type.size() + event.data.size() + event.id.size() + event.meta.size() +
         event.ts.size();
}

/// An event that is yet to be appended. Owns its texts.
struct NewEvent {
  std::string stream{};
  std::string type{};
  std::string data{};
  std::string id{};  ///< appending the same id again adds nothing; empty: no such protection
  std::string meta{};
  std::string ts{};  ///< RFC 3339; empty: the store's clock, in UTC
  std::int32_t schema_version{1};
  friend bool operator==(const NewEvent&, const NewEvent&) = default;
};

/// Which events a reader lets through. Parts that are set must all hold. Texts are literal: no wildcards, no case
/// folding.
struct EventFilter {
  std::optional<std::string> stream{};         ///< exactly this stream
  std::optional<std::string> stream_prefix{};  ///< streams that begin with these bytes
  std::vector<std::string> types{};            ///< one of these types; empty: all types

  [[nodiscard]] bool matches(const RecordedEvent&) const noexcept;
  friend bool operator==(const EventFilter&, const EventFilter&) = default;
};

/// Events in ascending order of position, with their texts. Adding copies the event's texts into the page, so events
/// stay valid while the page lives, also when it is moved. Not thread-safe; distinct pages are independent.
class EventPage {
 public:
  EventPage() = default;
  EventPage(EventPage&&) noexcept;             ///< the other page is empty afterwards
  EventPage& operator=(EventPage&&) noexcept;  ///< the other page is empty afterwards
  EventPage(const EventPage&);                 ///< copies the texts too
  EventPage& operator=(const EventPage&);      ///< copies the texts too
  ~EventPage() = default;

  /// The last position looked at, whether or not the filter let anything through; absent for an empty log.
  /// At least the position of the last event, and never before the position that was asked for.
  std::optional<Position> scanned_to{};
  /// The last position in the log when this page was read; absent for an empty log, or when the store cannot tell.
  /// Without one, an empty page that scanned no further than it was asked to start means the head.
  std::optional<Position> head{};
  /// The first position in the log when this page was read; absent when nothing is ever removed from it, or the store
  /// cannot tell. A run that is to go on after an earlier position than the one before this does not: it would miss
  /// what was removed.
  std::optional<Position> first{};
  /// Which log this is a page of; absent when the store cannot tell. A store that can tells the head, too, unless the
  /// log is empty.
  std::optional<LogIdentity> log{};

  /// True when nothing was left to read after this page: `scanned_to` reached `head`.
  [[nodiscard]] bool at_head() const noexcept { return scanned_to >= head && (head || !scanned_to); }

  /// Copies the event into the page. Amortised O(size of the event).
  void add(const RecordedEvent&);
  /// Lets go of all events but the first `kept`, which is at most `size()`. The memory of their texts is the page's
  /// until it ends.
  void drop_after(std::size_t kept) noexcept;
  /// Makes room for this many events.
  void reserve(std::size_t events) { events_.reserve(events); }

  [[nodiscard]] std::span<const RecordedEvent> events() const noexcept { return events_; }
  [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
  [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
  /// All texts of all events.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  friend bool operator==(const EventPage& a, const EventPage& b) {
    return a.scanned_to == b.scanned_to && a.head == b.head && a.first == b.first && a.log == b.log &&
           a.events_ == b.events_;
  }

 private:
  char* room(std::size_t bytes);

  std::vector<RecordedEvent> events_{};
  std::vector<std::unique_ptr<char[]>> chunks_{};
  char* free_{};
  std::size_t left_{};
  std::size_t bytes_{};
};

std::ostream& operator<<(std::ostream&, const RecordedEvent&);
std::ostream& operator<<(std::ostream&, const EventFilter&);
std::ostream& operator<<(std::ostream&, const EventPage&);

}  // namespace lantern
