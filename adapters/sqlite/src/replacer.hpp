// Putting one view in place of another, from outside of the run that keeps it.
#pragma once

#include <chrono>

#include "generations.hpp"
#include "lantern/view_effects.hpp"
#include "view_table.hpp"

namespace lantern::detail {

/// Statements of replacements, on a write connection that must outlive them. One thread at a time.
class Replacer {
 public:
  [[nodiscard]] static tl::expected<Replacer, Failure> prepare(WriteConnection& connection);

  /// In one transaction of its own.
  [[nodiscard]] ReplaceView::reply replace(const ReplaceView& asked, std::chrono::nanoseconds now);

 private:
  Replacer(WriteConnection& connection, ViewTable table) : connection_(&connection), table_(std::move(table)) {}
  [[nodiscard]] std::optional<Failure> store(const ReplaceView& asked, std::int64_t build, Revision revision,
                                             std::string_view now);

  WriteConnection* connection_;
  ViewTable table_;
  Statement find_{}, revise_{}, drop_records_{};
};

}  // namespace lantern::detail
