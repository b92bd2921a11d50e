// Where a run over streams stands in each of them, and what it has yet to read.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "held_events.hpp"
#include "lantern/error.hpp"
#include "lantern/stream_effects.hpp"
#include "lantern/stream_selection.hpp"

namespace lantern::detail {

/// The cursors: what is stored of them, and what is reached. What is reached and not stored is a move of the open
/// batch.
class CursorProgress {
 public:
  [[nodiscard]] std::optional<StreamVersion> reached(std::string_view stream) const;
  /// The cursors as they are stored.
  [[nodiscard]] StreamCursors stored() const;

  void begin_at(const StreamCursors& stored);
  /// Everything in this stream up to `to` is done. `writes`: how many writes the open batch has by now.
  void reach(const std::string& stream, StreamVersion to, std::size_t writes);
  /// The same, where nothing is ever stored.
  void reach_for_good(const std::string& stream, StreamVersion to) { places_[stream] = {to, to}; }

  [[nodiscard]] bool moved() const noexcept { return !log_.empty(); }
  [[nodiscard]] std::size_t moves() const noexcept { return log_.size(); }
  [[nodiscard]] std::vector<CursorMove> changes() const;
  /// The batch is stored.
  void committed();
  /// Of the batch, only what was done when it had so many writes. Returns the streams that were set back.
  [[nodiscard]] std::vector<std::string> take_back_to(std::size_t writes);
  /// The batch never happened. Returns the streams that were set back.
  [[nodiscard]] std::vector<std::string> take_back_all();

  /// Whether these are the cursors as the open batch leaves them; as it found them.
  [[nodiscard]] bool ends_at(const StreamCursors& found) const { return stands_at(found, &Place::reached); }
  [[nodiscard]] bool begins_at(const StreamCursors& found) const { return stands_at(found, &Place::stored); }

 private:
  struct Place {
    std::optional<StreamVersion> stored{}, reached{};
  };
  using Places = std::map<std::string, Place, std::less<>>;
  struct Move {
    Places::iterator of{};
    std::optional<StreamVersion> before{};
    std::size_t writes{};  ///< of the batch, when it was done
  };
  [[nodiscard]] bool stands_at(const StreamCursors& found, std::optional<StreamVersion> Place::*which) const;

  Places places_{};
  std::vector<Move> log_{};  ///< of the open batch
};

/// A stream that is to be read, and how far.
struct PendingStream {
  std::string name{};
  std::optional<StreamVersion> until{};  ///< absent: to its head
};

/// A stream that could not be read, or has an event that fails.
struct StreamTrouble {
  std::uint32_t tries{};                   ///< failed reads in a row, of this round
  std::uint32_t rounds{};                  ///< in which it was set aside, in a row
  std::optional<ProjectionError> error{};  ///< it is set aside for this; absent: it will be tried again soon
  Instant due{};                           ///< when it is to be tried again
};

/// A round begins with a list of the streams that may have changed, and ends when all of these are read.
struct StreamProgress {
  explicit StreamProgress(StreamSelection which) : selection(std::move(which)) {}

  const StreamSelection selection;
  CursorProgress cursors{};

  std::optional<Position> changed_since{};  ///< what the round before has seen; absent: all streams are listed
  std::optional<Position> as_of{};          ///< what this round will have seen
  std::optional<std::string> listed_to{};
  bool listed{};
  bool found_events{};  ///< in this round
  std::deque<PendingStream> pending{};
  std::map<std::string, StreamTrouble, std::less<>> troubled{};

  [[nodiscard]] bool round_is_over() const noexcept { return listed && pending.empty(); }
  [[nodiscard]] bool is_set_aside(std::string_view stream) const;
  [[nodiscard]] bool any_set_aside() const noexcept;
  /// Lists what changed since the round before, and tries again what is due.
  void begin_round(Instant now);
  /// From these cursors, with nothing known of any stream.
  void begin_at(const StreamCursors& stored);
  /// What was read of these is to be read again.
  void read_again(const std::vector<std::string>& streams);
};

}  // namespace lantern::detail
