// How far a run got in each of many streams.
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lantern {

/// A place in one stream: `RecordedEvent::version`, from 1. It says nothing about any other stream, and cannot be
/// compared with a `Position`, which orders events of all streams. "Nothing read yet" is an absent one, never 0.
struct StreamVersion {
  std::int64_t value{};
  friend auto operator<=>(const StreamVersion&, const StreamVersion&) = default;
};

/// The last event of each stream that was processed: a sorted map from stream to version. A stream of which nothing was
/// processed is absent, which is not the same as 0. A value; not thread-safe.
class StreamCursors {
 public:
  using Map = std::map<std::string, StreamVersion, std::less<>>;

  StreamCursors() = default;
  StreamCursors(std::initializer_list<Map::value_type> cursors) : cursors_(cursors) {}

  /// Where it stands in this stream; absent: nothing is processed.
  [[nodiscard]] std::optional<StreamVersion> of(std::string_view stream) const;
  /// Raises the cursor of this stream. One that would be lowered stays. Returns whether it was raised.
  bool advance(std::string_view stream, StreamVersion to);

  [[nodiscard]] bool empty() const noexcept { return cursors_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return cursors_.size(); }
  [[nodiscard]] Map::const_iterator begin() const noexcept { return cursors_.begin(); }
  [[nodiscard]] Map::const_iterator end() const noexcept { return cursors_.end(); }

  friend bool operator==(const StreamCursors&, const StreamCursors&) = default;

 private:
  Map cursors_{};
};

/// One cursor that a commit moves.
struct CursorMove {
  std::string stream{};
  std::optional<StreamVersion> from{};  ///< what must be stored; absent: nothing
  StreamVersion through{};              ///< what is stored afterwards; greater than `from`
  friend bool operator==(const CursorMove&, const CursorMove&) = default;
};

std::ostream& operator<<(std::ostream&, const StreamVersion&);
std::ostream& operator<<(std::ostream&, const StreamCursors&);  ///< `order-1: 4, order-2: 7`

}  // namespace lantern
