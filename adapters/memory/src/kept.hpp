// What is stored of one projection: its generations, with all that they own.
#pragma once

#include <compare>
#include <limits>
#include <optional>
#include <string>

#include "lantern/generation_effects.hpp"
#include "lantern/view_effects.hpp"
#include "persistent_map.hpp"

namespace lantern::detail {

/// Which record it is: the same event may be passed for several keys. The keys come first, so that the records of one
/// key stand together.
struct RecordId {
  std::optional<std::string> key{};
  Position position{};
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
};

/// One generation. A value that is cheap to copy: copies share their views and records.
struct KeptGeneration {
  Generation generation{};
  std::optional<Position> position{};
  Revision revision{};
  CodeVersion version{};
  std::optional<LogIdentity> log{};
  PersistentMap<std::string, StreamVersion> cursors{};  ///< of a run over streams
  PersistentMap<std::string, StoredView> views{};       ///< erased ones too
  std::uint64_t shown{};                                ///< views with a state
  PersistentMap<RecordId, QuarantineRecord> records{};

  /// Whether anything was ever committed to it, other than records alone.
  [[nodiscard]] bool is_known() const noexcept {
    return position || generation > Generation{1} || revision > Revision{} || !cursors.empty();
  }
  [[nodiscard]] Checkpoint checkpoint() const {
    Checkpoint found{position, generation, revision, version, {}, log};
    cursors.each([&](const auto& entry) { return found.cursors.advance(entry.key, entry.value), true; });
    return found;
  }
  [[nodiscard]] AsOf as_of() const { return {generation, position, revision}; }

  /// Calls `visit(entry)` for the records of this key, as long as it says true.
  template <class Visit>
  void each_record(const std::string& key, Visit visit) const {
    records.each_from(RecordId{key, Position{std::numeric_limits<std::int64_t>::min()}},
                      [&](const auto& entry) { return entry.key.key == key && visit(entry); });
  }
  [[nodiscard]] bool is_parked(const std::string& key) const {
    bool found = false;
    each_record(key, [&](const auto&) { return found = true, false; });
    return found;
  }

  /// In place of the view that is stored under its key.
  void put(StoredView view) {
    const StoredView* const old = views.find(view.key);
    if (old && old->state) --shown;
    if (view.state) ++shown;
    std::string key = view.key;
    views.put(std::move(key), std::move(view));
  }
};

/// All generations of a projection. One that was never committed to has the first generation, empty.
struct KeptProjection {
  KeptGeneration active{};
  std::optional<KeptGeneration> building{}, previous{};
  Generation greatest{};  ///< number ever used; numbers of dropped ones count

  /// Null when there is none of this number.
  [[nodiscard]] const KeptGeneration* find(Generation number) const noexcept {
    if (active.generation == number) return &active;
    for (const auto* one : {&building, &previous}) {
      if (*one && (*one)->generation == number) return &**one;
    }
    return nullptr;
  }
};

}  // namespace lantern::detail
