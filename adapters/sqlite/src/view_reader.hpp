// Reading views: lookups for runs, and pages for readers.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "generations.hpp"
#include "lantern/view_effects.hpp"

namespace lantern::detail {

/// Statements that read views, on a connection that must outlive them. Call inside of one snapshot of the caller's. One
/// thread at a time.
class ViewReader {
 public:
  [[nodiscard]] static tl::expected<std::unique_ptr<ViewReader>, Failure> prepare(const Connection& db);

  [[nodiscard]] LoadViews::reply load(const LoadViews& asked);
  [[nodiscard]] GetView::reply get(const GetView& asked);
  [[nodiscard]] ScanViews::reply scan(const ScanViews& asked);
  [[nodiscard]] ListGenerations::reply list(const ProjectionId& projection);

 private:
  explicit ViewReader(const Connection& db) : db_(db) {}
  [[nodiscard]] tl::expected<StoredGenerations, Failure> generations(const ProjectionId& projection) {
    return find_generations(db_, find_, projection);
  }
  [[nodiscard]] std::optional<Failure> look_up(std::int64_t build, const std::string& key,
                                               std::optional<StoredView>& into);
  [[nodiscard]] tl::expected<std::vector<std::string>, Failure> parked(const LoadViews& asked);
  [[nodiscard]] tl::expected<Statement*, Failure> page_of(const std::string& sql);

  const Connection& db_;
  Statement find_{}, view_{}, any_parked_{}, parked_{}, count_{};
  std::map<std::string, Statement, std::less<>> pages_{};  ///< by their SQL: there are few shapes
};

}  // namespace lantern::detail
