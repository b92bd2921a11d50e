// How the machine sees a projector with keys: called once per page or batch, never once per event.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/effects.hpp"

namespace lantern {

/// What folding a run of events has made, besides what it changed in memory.
struct KeyedFold {
  std::size_t applied{};                    ///< events that are done, from the first on
  std::size_t waited{};                     ///< those of them that were recorded for all of their keys, applied to none
  std::vector<QuarantineRecord> records{};  ///< of those that are done
  std::optional<Failure> failure{};         ///< of the event at index `applied`; absent: all are done
  std::optional<std::string> failed_key{};  ///< the key that it failed for; absent: it failed as a whole
  /// The failure left a view half changed: nothing of the batch may be stored.
  bool spoiled{};
};

/// The keyed side of a `ProjectorPort`. It keeps the decoded views: a bounded cache of hot ones, and all that the open
/// batch touches. Nothing here throws but `version`. The order of calls is the machine's: `prepare`, `load` what is
/// `missing`, `fold`; `changes`, then `committed` or `forget`.
class KeyedPort {
 public:
  /// What every change of a run is stamped with.
  struct Stamp {
    Generation generation{};
    bool frames{};  ///< false: nobody listens, so no frames are made
  };

  KeyedPort() = default;
  KeyedPort(const KeyedPort&) = delete;
  KeyedPort& operator=(const KeyedPort&) = delete;
  virtual ~KeyedPort();

  /// The code that makes the views.
  [[nodiscard]] virtual CodeVersion version() const = 0;
  /// True: views of an older schema can be read.
  [[nodiscard]] virtual bool upcasts() const = 0;
  /// How many views are kept between batches.
  virtual void keep_at_most(std::size_t views) = 0;

  /// Decodes these events and finds their keys, unless that is done: what is prepared and not folded yet is kept, but
  /// for a first event that failed before its keys were known, which is tried again.
  virtual void prepare(std::span<const RecordedEvent> events) = 0;
  /// How many events are prepared and not folded yet.
  [[nodiscard]] virtual std::size_t prepared() const noexcept = 0;
  /// Keys of prepared events whose views are not in memory. Distinct.
  [[nodiscard]] virtual std::vector<std::string> missing() const = 0;
  /// Takes the views of the keys that were missing. Returns what is wrong with them, if anything is.
  [[nodiscard]] virtual std::optional<std::string> load(LoadedViews found) = 0;

  /// Applies prepared events in order, up to the first that fails; `events` are those that were prepared, or the first
  /// of them. An event that fails changes nothing, for none of its keys.
  [[nodiscard]] virtual KeyedFold fold(std::span<const RecordedEvent> events, const Stamp&) = 0;
  /// The event that failed is passed as a whole.
  virtual void skip() = 0;
  /// The key that the event failed for is parked, with this record of the event; the event goes on with its other keys.
  /// False: it did not fail for a key.
  [[nodiscard]] virtual bool park(QuarantineRecord record) = 0;

  /// The views that the open batch changed, encoded. A view that cannot be encoded is a failure.
  [[nodiscard]] virtual tl::expected<std::vector<StoredView>, Failure> changes() = 0;
  /// The batch is stored. Returns its frames, in order.
  [[nodiscard]] virtual std::vector<Frame> committed() = 0;
  /// What is in memory cannot be trusted any more: the batch was abandoned, or somebody else changed what is stored.
  virtual void forget() = 0;
};

}  // namespace lantern
