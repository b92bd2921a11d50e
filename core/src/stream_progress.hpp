// Where a run over streams stands in each of them, and what it has yet to read.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
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
  /// Everything in this stream up to `to` is done, which is further than what is reached. `writes`: how many writes the
  /// open batch has by now.
  void reach(std::string_view stream, StreamVersion to, std::size_t writes);
  /// The same, where nothing is ever stored.
  void reach_for_good(std::string_view stream, StreamVersion to) { place_of(stream)->second = {to, to}; }

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
  Places::iterator place_of(std::string_view stream);
  [[nodiscard]] bool stands_at(const StreamCursors& found, std::optional<StreamVersion> Place::*which) const;

  Places places_{};
  std::vector<Move> log_{};  ///< of the open batch
};

/// The streams that are set aside: they could not be read, have an event that fails, or are not what they were.
class TroubledStreams {
 public:
  [[nodiscard]] bool contains(std::string_view stream) const;
  /// Whether it is set aside, and no time was named when it is tried again.
  [[nodiscard]] bool is_for_good(std::string_view stream) const;
  [[nodiscard]] bool none() const noexcept { return set_aside_ == 0; }
  /// The error of the first of them, by name, and how many there are besides.
  [[nodiscard]] std::optional<ProjectionError> first_error() const;

  /// Sets a stream aside once more. Returns how many times in a row it now was.
  std::uint32_t add(ProjectionError error);
  /// When it is tried again; without this: never.
  void try_again_at(std::string_view stream, Instant due);
  /// Those whose time has come are no longer set aside; should they fail again, that is once more in a row.
  [[nodiscard]] std::vector<std::string> take_due(Instant now);
  /// This one was read, and its events are done.
  void forget(std::string_view stream);
  void clear();

 private:
  struct Trouble {
    std::uint32_t times{};                   ///< it was set aside, in a row
    std::optional<ProjectionError> error{};  ///< absent: it is being tried again
    std::optional<Instant> due{};
  };
  using Troubles = std::map<std::string, Trouble, std::less<>>;
  void not_due(const Troubles::value_type& one);

  Troubles all_{};
  std::set<std::pair<Instant, std::string_view>> due_{};  ///< the names are those in `all_`
  std::size_t set_aside_{};
};

/// A stream that is to be read, and how far.
struct PendingStream {
  std::string name{};
  std::optional<StreamVersion> until{};  ///< absent: to its head
  std::uint32_t tries{};                 ///< that failed, in a row
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
  bool found_events{};                  ///< in this round
  std::deque<PendingStream> pending{};  ///< the first is the next to be read
  std::deque<PendingStream> later{};    ///< failed, and are read again after a rest, when all others are done
  TroubledStreams troubled{};

  [[nodiscard]] bool round_is_over() const noexcept { return listed && pending.empty() && later.empty(); }
  /// Lists what changed since the round before, and tries again what is due.
  void begin_round(Instant now);
  /// From these cursors, with nothing known of any stream.
  void begin_at(const StreamCursors& stored);
  /// What was read of these is to be read again.
  void read_again(const std::vector<std::string>& streams);
  /// What is set aside by now is not read next.
  void pass_over_troubled();
};

}  // namespace lantern::detail
