// What must be stored, by a fold that knows nothing of effects, stores, pages or crashes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lantern/event.hpp"
#include "lantern/view.hpp"

namespace lantern::testing {

/// Folds the events of one generation, one at a time and in their order. Implementations must not share code with what
/// they judge.
class ReferenceFold {
 public:
  /// One change of one view.
  struct Change {
    std::string key{};
    std::int64_t version{};
    Position position{};
    std::optional<std::string> state{};  ///< from then on; absent: erased
  };
  using Rows = std::map<std::string, StoredView, std::less<>>;

  ReferenceFold() = default;
  ReferenceFold(const ReferenceFold&) = delete;
  ReferenceFold& operator=(const ReferenceFold&) = delete;
  virtual ~ReferenceFold();

  /// The next event; for these keys (sorted) it is left out.
  virtual void add(const RecordedEvent& event, std::span<const std::string> left_out) = 0;
  /// The next event; it is left out as a whole.
  virtual void pass(const RecordedEvent&) {}

  /// The views so far, erased ones too. `edition` and `updated_at` are not set.
  [[nodiscard]] const Rows& rows() const noexcept { return rows_; }
  /// All changes so far, in order.
  [[nodiscard]] const std::vector<Change>& changes() const noexcept { return changes_; }
  /// The change that made this version of this key; null: there is none.
  [[nodiscard]] const Change* find(std::string_view key, std::int64_t version) const noexcept;

 protected:
  /// The key's view is this now; absent: it is erased.
  void set(std::string_view key, std::optional<std::string> state, Position position);
  [[nodiscard]] const StoredView* row(std::string_view key) const noexcept;

 private:
  Rows rows_{};
  std::vector<Change> changes_{};
};

}  // namespace lantern::testing
