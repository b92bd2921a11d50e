// What readers and operators ask of stored views. Performed by stores, never asked for by a pipeline.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lantern/effects.hpp"

namespace lantern {

/// Return one view of the active generation (or of `generation`), without waiting for writers. A projection or a key
/// that is not known is no error.
struct GetView {
  /// The view as it was committed.
  struct Answer {
    std::optional<StoredView> view{};  ///< absent: there is none, or it is erased
    AsOf as_of{};
    friend bool operator==(const Answer&, const Answer&) = default;
  };
  using reply = tl::expected<Answer, Failure>;

  ProjectionId projection{};
  std::string key{};
  std::optional<Generation> generation{};  ///< absent: the active one
  friend bool operator==(const GetView&, const GetView&) = default;
};

/// Only views whose state, read as JSON, has this value at this path. For stores that can (SQLite); others answer
/// FailureKind::unsupported. A state that is no JSON does not match.
struct ViewCondition {
  std::string path{};    ///< as SQLite's json_extract takes it: `$.status`, `$.lines[0].sku`
  std::string equals{};  ///< JSON text of a string, number, true, false or null: `"open"`, `3`
  friend bool operator==(const ViewCondition&, const ViewCondition&) = default;
};

/// Return views that are not erased, in ascending order of their keys' bytes, all as of one instant. A page may end
/// early: at `byte_limit`, or where much was looked at that is not to be returned.
struct ScanViews {
  /// What was found, and the instant it is of.
  struct Page {
    std::vector<StoredView> views{};
    AsOf as_of{};
    bool more{};  ///< there may be more; go on after `next()`
    /// Up to this key nothing is left to return; absent: up to the last of `views`. A page without views that says
    /// `more` must have it.
    std::optional<std::string> scanned_to{};
    /// What to give as `after` to go on; absent: this was all.
    [[nodiscard]] std::optional<std::string> next() const {
      if (!more || scanned_to) return more ? scanned_to : std::nullopt;
      return views.empty() ? std::nullopt : std::optional(views.back().key);
    }
    friend bool operator==(const Page&, const Page&) = default;
  };
  using reply = tl::expected<Page, Failure>;

  ProjectionId projection{};
  std::string prefix{};                    ///< literal bytes; empty: all keys
  std::optional<std::string> after{};      ///< exclusive; absent: from the first
  std::uint32_t limit{100};                ///< from 1 up; 0 is FailureKind::invalid
  std::optional<ViewCondition> where{};    ///< absent: all
  std::optional<Generation> generation{};  ///< absent: the active one
  std::uint64_t byte_limit{16ULL << 20};   ///< end the page once its states reach this size; one view is always allowed
  friend bool operator==(const ScanViews&, const ScanViews&) = default;
};

/// In one commit: put this view of the active generation in place of what is stored (or take it away), drop the records
/// of events that wait behind its key, and begin a new revision, so that a run that still holds the old view has its
/// next commit refused and loads again. `through` is the position that the view is as of: it must be the checkpoint,
/// or events would be lost or applied twice.
struct ReplaceView {
  /// What was stored: the view's new moment.
  struct Replaced {
    Moment moment{};
    friend bool operator==(const Replaced&, const Replaced&) = default;
  };
  using reply = tl::expected<Replaced, std::variant<CheckpointMoved, Failure>>;

  ProjectionId projection{};
  std::string key{};
  std::optional<std::string> state{};  ///< absent: the view is reset, and begins anew with version 1
  std::int64_t version{};              ///< changes that made it; 0 without a state
  std::int32_t schema_version{1};
  std::optional<Position> position{};  ///< of the last event that changed it
  std::optional<Position> through{};   ///< the checkpoint that it is as of
  Generation generation{};             ///< the active one
  friend bool operator==(const ReplaceView&, const ReplaceView&) = default;
};

/// Stores that keep views: what a keyed projection's run needs, and what its readers do.
template <class S>
concept ViewStore = requires(S& store, const LoadViews& load, const GetView& get, const ScanViews& scan,
                             const ReplaceView& replace) {
  { store.perform(load) } -> std::same_as<LoadViews::reply>;
  { store.perform(get) } -> std::same_as<GetView::reply>;
  { store.perform(scan) } -> std::same_as<ScanViews::reply>;
  { store.perform(replace) } -> std::same_as<ReplaceView::reply>;
};

std::ostream& operator<<(std::ostream&, const GetView&);
std::ostream& operator<<(std::ostream&, const ScanViews&);
std::ostream& operator<<(std::ostream&, const ReplaceView&);

}  // namespace lantern
