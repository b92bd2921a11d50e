// What contracts of views and generations often do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab.hpp"

namespace lantern::detail {

[[nodiscard]] StoredView made(std::string key, std::string state, std::int64_t version = 1);
[[nodiscard]] StoredView erased(std::string key, std::int64_t version);

/// A run as the store sees it: each commit builds on the one before, and moves the checkpoint by 1.
struct ViewRun {
  ProjectionId id{"orders"};
  Generation generation{};
  std::optional<Position> at{};
  Revision revision{};
  CodeVersion version{};
  std::optional<Fence> fence{};

  /// The next commit. Views without a position get the commit's.
  [[nodiscard]] SaveCheckpoint next(std::vector<StoredView> views) const;
  /// Makes it; must be taken.
  void commit(SuiteStore& store, std::vector<StoredView> views);
  void commit(Lab& lab, std::vector<StoredView> views) { commit(lab.store(), std::move(views)); }
};

/// The run of what is stored: of the active generation, or of this one.
[[nodiscard]] ViewRun run_of(SuiteStore& store, const ProjectionId& id, std::optional<Generation> generation = {});

// ---- reading; what is found has its `updated_at` taken away, for comparison ----

using Views = std::vector<StoredView>;

[[nodiscard]] GetView::Answer get(SuiteStore& store, const ProjectionId& id, const std::string& key,
                                  std::optional<Generation> generation = {});
/// All views, page by page, each page checked against what was asked for.
[[nodiscard]] Views scan(SuiteStore& store, ScanViews asked);
[[nodiscard]] Views scan(SuiteStore& store, const ProjectionId& id, std::optional<Generation> generation = {});
/// One page of them, checked.
[[nodiscard]] ScanViews::Page scan_page(SuiteStore& store, const ScanViews& asked);
/// Also erased ones.
[[nodiscard]] LoadedViews load(SuiteStore& store, const ProjectionId& id, std::vector<std::string> keys,
                               Generation generation = {});
/// The state, or nothing.
[[nodiscard]] std::optional<std::string> state(SuiteStore& store, const ProjectionId& id, const std::string& key);

[[nodiscard]] std::vector<std::string> keys_of(const Views& views);
[[nodiscard]] std::optional<Moment> moment(const GetView::Answer& answer);

// ---- generations ----

[[nodiscard]] std::vector<GenerationStatus> list(SuiteStore& store, const ProjectionId& id);
/// Begins a rebuild, which must be granted.
[[nodiscard]] ViewRun begin(SuiteStore& store, const ProjectionId& id, CodeVersion version,
                            std::optional<Fence> fence = {});
/// Switches to what this run has built.
void activate(SuiteStore& store, const ViewRun& built);

/// Everything that can be read of a projection, to compare before and after.
struct Picture {
  std::vector<GenerationStatus> generations{};
  std::vector<std::optional<Checkpoint>> checkpoints{};  ///< of each
  std::vector<Views> views{};                            ///< of each
  std::vector<LoadedViews> loaded{};                     ///< of each, of some keys
  std::vector<QuarantineRecord> records{};
  friend bool operator==(const Picture&, const Picture&) = default;
};
[[nodiscard]] Picture picture(Lab& lab, const ProjectionId& id, const std::vector<std::string>& keys);
void expect_unchanged(const std::string& after_what, const Picture& now, const Picture& before);

}  // namespace lantern::detail
