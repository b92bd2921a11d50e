// What a run over many streams asks of the world.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/cursors.hpp"
#include "lantern/event.hpp"
#include "lantern/failure.hpp"

namespace lantern {

/// A stream that has events, and which of them can be read.
struct StreamExtent {
  std::string stream{};
  StreamVersion first{1};  ///< the oldest event that is still there
  StreamVersion last{};    ///< the youngest
  friend bool operator==(const StreamExtent&, const StreamExtent&) = default;
};

/// Some streams, in ascending order of their names, compared as bytes.
struct StreamPage {
  std::vector<StreamExtent> streams{};
  /// Streams that get events after this instant are among those that `ListStreams::changed_since` of it finds. Absent:
  /// the store cannot tell what changed, and lists all streams each time.
  std::optional<Position> as_of{};
  /// Which log these are streams of; absent when the store cannot tell.
  std::optional<LogIdentity> log{};
  friend bool operator==(const StreamPage&, const StreamPage&) = default;
};

/// Return at most `limit` streams that have events, whose names begin with `prefix`, and that come after `after`, in
/// ascending order. Fewer than `limit` are the last page; a store must not end a page early. With `changed_since`,
/// streams that have had no event since may be left out; more than those that have may be in it.
struct ListStreams {
  using reply = tl::expected<StreamPage, Failure>;

  std::string prefix{};                     ///< literal; empty: all streams
  std::optional<std::string> after{};       ///< exclusive; absent: from the first
  std::uint32_t limit{1000};                ///< from 1 up; a store refuses 0 (FailureKind::invalid)
  std::optional<Position> changed_since{};  ///< an `as_of`; absent: all
  friend bool operator==(const ListStreams&, const ListStreams&) = default;
};

/// Events of one stream, in its order.
struct StreamSlice {
  EventPage page{};  ///< without `scanned_to` and `head`, which are places in the whole log
  /// The last version looked at, whether or not the types let it through; never before the one that was asked for.
  /// Absent: the stream has no events.
  std::optional<StreamVersion> scanned_to{};
  /// The last version in the stream when this slice was read; absent: it has no events.
  std::optional<StreamVersion> head{};

  /// True when nothing was left to read after this slice.
  [[nodiscard]] bool at_head() const noexcept { return scanned_to >= head; }
  friend bool operator==(const StreamSlice&, const StreamSlice&) = default;
};

/// Return at most `limit` events of this stream after `after`, of these types, in ascending order of version, with what
/// was looked at, all from one consistent view. A store may end the slice early (at `byte_limit`, for one), but an
/// empty one that is not at the head must have looked further than `after`. A stream that is not known has no events;
/// that is no error.
struct ReadStream {
  using reply = tl::expected<StreamSlice, Failure>;

  std::string stream{};
  std::vector<std::string> types{};       ///< one of these; empty: all
  std::optional<StreamVersion> after{};   ///< exclusive; absent: from the beginning
  std::uint32_t limit{1000};              ///< from 1 up; a store refuses 0 (FailureKind::invalid)
  std::uint64_t byte_limit{16ULL << 20};  ///< end the slice once its texts reach this size; one event is always allowed
  friend bool operator==(const ReadStream&, const ReadStream&) = default;
};

std::ostream& operator<<(std::ostream&, const StreamExtent&);
std::ostream& operator<<(std::ostream&, const StreamPage&);
std::ostream& operator<<(std::ostream&, const StreamSlice&);
std::ostream& operator<<(std::ostream&, const ListStreams&);
std::ostream& operator<<(std::ostream&, const ReadStream&);

}  // namespace lantern
