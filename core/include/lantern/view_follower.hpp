// Following views: what to show, and what to read again, when frames are lost, doubled or out of order.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lantern/bounds.hpp"
#include "lantern/view_effects.hpp"
#include "lantern/view_scope.hpp"

namespace lantern {

// ---- what to show ----

/// Apply this delta to what is shown for its key.
struct ShowDelta {
  Frame frame{};
  bool from_nothing{};  ///< apply it to a State{}: nothing is shown for the key, or what is shown belongs to the past
  friend bool operator==(const ShowDelta&, const ShowDelta&) = default;
};
/// Put this state in place of what is shown for its key.
struct ShowState {
  std::string key{};
  Moment moment{};
  std::optional<Position> position{};  ///< of the event that changed it last
  std::string state{};
  std::optional<std::int32_t> schema_version{};  ///< of a state that was read; one that was sent is of its sender's
  friend bool operator==(const ShowState&, const ShowState&) = default;
};
/// Show nothing for this key: there is no view of it.
struct ShowGone {
  std::string key{};
  friend bool operator==(const ShowGone&, const ShowGone&) = default;
};
using ViewChange = std::variant<ShowDelta, ShowState, ShowGone>;

/// Ask the store this, and hand its answer to the follower that asked. When the store fails, the read stays asked for:
/// try again later.
using ViewRead = std::variant<GetView, ScanViews>;

/// What is to be done now: show the changes, in this order, and perform the reads, in any.
struct FollowerSteps {
  std::vector<ViewChange> changes{};
  std::vector<ViewRead> reads{};
  friend bool operator==(const FollowerSteps&, const FollowerSteps&) = default;
};

namespace rules {
struct FollowerLimit {
  using value_type = std::uint32_t;
  static constexpr std::string_view name = "FollowerLimit";
  static constexpr const char* allowed = "a whole number from 1 to 1000000";
  static constexpr value_type least = 1, most = 1'000'000;
};
}  // namespace rules
using FollowerLimit = BoundedInteger<rules::FollowerLimit>;  ///< frames, views or keys

/// What a follower may keep beside the keys that it shows.
struct FollowerLimits {
  FollowerLimit frames = 1024;  ///< held back until a read is answered; more are dropped, and read again
  FollowerLimit page = 1000;    ///< views of one ScanViews
  FollowerLimit gone = 1024;    ///< keys that are gone, remembered for their late frames; more only during a scan
};

namespace detail {

/// What a follower knows of one key.
struct FollowedKey {
  std::optional<AsOf> seen{};          ///< a read told of all changes up to here; absent: not read yet
  std::optional<Moment> last{};        ///< the last change that was shown, or that took the view away
  std::optional<Position> position{};  ///< of the event that made it; absent: it was a replacement
  std::optional<Position> reached{};   ///< position of the last frame that was shown
  bool shown{};                        ///< a state is shown
  bool reading{};                      ///< a GetView of this key is asked for
  bool again{};                        ///< something was lost since a read was asked for: one more is needed
  bool unsure{};                       ///< no frame can be built upon before a read is answered
  std::vector<Frame> held{};           ///< in ascending order of their moments
};

/// Up to where scans have told of all changes, for each range of keys.
class SeenRanges {
 public:
  [[nodiscard]] const AsOf* find(std::string_view key) const;
  /// A page told of the keys after `after` (absent: from the first) up to and with `last` (absent: to the end); the
  /// page before it ended at `after`. One that is older than what is known of any of them is ignored.
  void set(const std::optional<std::string>& after, const std::optional<std::string>& last, const AsOf& as_of);

 private:
  void cut(const std::string& key);

  std::map<std::string, AsOf, std::less<>> ends_{};  ///< last key of a range
  std::optional<AsOf> rest_{};                       ///< of the keys after the last of them
};

}  // namespace detail

/// Follows the views of one projection: one key, those with a prefix, or all.
///
/// A pure value: it is told what came, and says what to do. It calls nothing and knows no time. Use it like this:
///   1. subscribe to the frames (see `Broadcaster`): from now on, hand each to `take`, and call `check` when told that
///      some were missed;
///   2. `begin`, which asks for the first read; frames that came before are held, not lost;
///   3. perform each read that a step asks for, once and after it was asked for, and hand over the answer; show each
///      change.
///
/// What it does: frames that follow what is known are shown (of the same generation and edition, and the next version;
/// also those that need nothing before them: a snapshot, a reset, an erasure, and a first version). Frames that are
/// known already, from a frame or from a read, are dropped. All others are held, and the key is read again; reading
/// ends when what is held follows. A higher generation has the whole scope read again, page by page. Keys are
/// independent of each other: a gap in one has only that one read.
///
/// What it promises, when no frame comes that was never sent, and each read is answered with what is stored after it
/// was asked for:
///   - what is shown for a key is, at each moment, a state that was committed under just the moment that is told with
///     it; and moments only grow: neither a late frame nor a late answer leads back;
///   - whatever is lost, doubled or out of order: what is shown is what is stored, once `settled`, and after the last
///     loss either a later frame of that key came, or `check` was called. A view that is gone with a rebuild or a
///     rollback has no later frame: for it, one of any key of the scope in the new generation does, or `check`;
///   - memory is bounded by the keys that are shown, the keys read again, and `FollowerLimits`.
/// While a generation is being switched, keys change over page by page; once `settled`, all are of one generation.
///
/// A store whose reads may be older than the frames that were sent (a replica) has the same read asked for again and
/// again until it has caught up: whoever performs the reads should wait in between.
///
/// Not thread-safe; distinct followers are independent. Copies go their own ways.
class ViewFollower {
 public:
  explicit ViewFollower(ProjectionId projection, ViewScope scope = AllKeys{}, FollowerLimits limits = {});

  /// Asks for the first read. Call it once the frames are subscribed to. Calling it again is `check`.
  [[nodiscard]] FollowerSteps begin();
  /// A frame came. Frames of other keys are ignored, so one subscription can serve many followers.
  [[nodiscard]] FollowerSteps take(const Frame&);
  /// Frames may have been lost: asks for everything anew. What is shown stays until the answers are there.
  [[nodiscard]] FollowerSteps check();
  /// What is shown for this key cannot be built upon (a delta did not fit, for one): asks for this key, and shows
  /// nothing more of it until the answer is there. Ignored for keys that are not followed.
  [[nodiscard]] FollowerSteps check(std::string_view key);
  /// The answer to a read that was asked for. Others are ignored.
  [[nodiscard]] FollowerSteps answer(const GetView& asked, const GetView::Answer&);
  /// The answer to a read that was asked for. Others are ignored.
  [[nodiscard]] FollowerSteps answer(const ScanViews& asked, const ScanViews::Page&);

  /// True when no read is asked for and nothing is held: what is shown is all that is known.
  [[nodiscard]] bool settled() const noexcept;
  [[nodiscard]] const ProjectionId& projection() const noexcept { return projection_; }
  [[nodiscard]] const ViewScope& scope() const noexcept { return scope_; }

 private:
  using Keys = std::map<std::string, detail::FollowedKey, std::less<>>;
  using Known = Keys::value_type;
  /// A scan of the whole scope, and the page that is asked for.
  struct Scan {
    std::optional<std::string> after{};
    std::optional<Generation> lowest{};  ///< of the pages so far
    bool again{};                        ///< something was lost since it began: one more is needed
  };

  FollowerSteps done() { return std::exchange(steps_, {}); }
  Known& known(std::string_view key);
  void saw(Generation);
  void read_all();
  void ask(Known&);
  void ask_page();
  bool scan_comes_by(std::string_view key) const;
  bool one_key() const noexcept { return std::holds_alternative<OneKey>(scope_); }

  void hold(Known&, const Frame&);
  void drop_held(Known&);
  void show(Known&, const Frame&);
  void drain(Known&);
  void learn(Known&, const StoredView*, const AsOf&);
  void after_answer(Known&);
  void tidy(const std::string& key);
  void forget_gone();

  ProjectionId projection_;
  ViewScope scope_;
  FollowerLimits limits_;
  bool begun_{};
  std::optional<Generation> generation_{};  ///< the highest seen
  Keys keys_{};
  std::optional<Scan> scan_{};
  detail::SeenRanges ranges_{};                   ///< what is known of keys that are not in `keys_`
  std::optional<AsOf> doubt_{};                   ///< nor are those that were gone and are forgotten: up to here, read
  std::size_t held_{};                            ///< frames, of all keys
  std::size_t reading_{};                         ///< keys that are being read
  std::set<std::string, std::less<>> waiting_{};  ///< keys that hold frames, or lost some
  std::set<std::string, std::less<>> gone_{};     ///< keys that are known to be gone, and idle
  FollowerSteps steps_{};
};

std::ostream& operator<<(std::ostream&, const ShowDelta&);
std::ostream& operator<<(std::ostream&, const ShowState&);
std::ostream& operator<<(std::ostream&, const ShowGone&);
std::ostream& operator<<(std::ostream&, const FollowerSteps&);

}  // namespace lantern
