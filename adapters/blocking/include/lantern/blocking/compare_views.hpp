// Compares views, key by key, and a page at a time: those of two generations, or of two stores.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "lantern/blocking/read_views.hpp"

namespace lantern {

/// The views of one key differ.
struct ViewDifference {
  std::string key{};
  std::optional<StoredView> first{};   ///< absent: there is none
  std::optional<StoredView> second{};  ///< absent: there is none
  friend bool operator==(const ViewDifference&, const ViewDifference&) = default;
};
/// One line: the key, and what each has.
std::ostream& operator<<(std::ostream&, const ViewDifference&);

/// What a comparison found.
struct ViewComparison {
  std::uint64_t compared{};   ///< keys
  std::uint64_t different{};  ///< of them
  /// Keys that changed on one side after the other's checkpoint, which therefore say nothing; not among `compared`.
  std::uint64_t unsettled{};
  std::vector<ViewDifference> differences{};  ///< the first of them, in the order of their keys
  AsOf first{}, second{};                     ///< as of the last page
  /// True when all there is was compared, and nothing differs.
  [[nodiscard]] bool identical() const noexcept { return different == 0 && unsettled == 0; }
  friend bool operator==(const ViewComparison&, const ViewComparison&) = default;
};

namespace detail {

/// Whether two states of one key, which are of different schema versions, are the same. Empty: if their bytes are.
using SameState = std::function<bool(const StoredView& first, const StoredView& second)>;

/// Takes pages of both sides, and goes through them in the order of the keys. Knows no store.
class ViewMerge {
 public:
  ViewMerge(std::size_t keep, SameState same) : keep_(keep), same_(std::move(same)) {}

  /// Compares what these pages have both looked at. Each began after `after()`.
  void take(const ScanViews::Page& first, const ScanViews::Page& second);
  [[nodiscard]] const std::optional<std::string>& after() const noexcept { return after_; }
  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] ViewComparison result() && { return std::move(found_); }

 private:
  void compare(const StoredView* first, const StoredView* second);

  std::size_t keep_;
  SameState same_;
  ViewComparison found_{};
  std::optional<std::string> after_{};
  bool done_{};
};

/// `first(after)` reads a page of the views after that key, `second(after, as_of)` one of the other side, once it is
/// known of which moment the first is. Either may end it with a failure.
template <class First, class Second>
[[nodiscard]] tl::expected<ViewComparison, Failure> compare_by_pages(ViewMerge merge, const First& first,
                                                                     const Second& second) {
  while (!merge.done()) {
    const ScanViews::reply one = first(merge.after());
    if (!one) return tl::unexpected(one.error());
    const ScanViews::reply other = second(merge.after(), one->as_of);
    if (!other) return tl::unexpected(other.error());
    merge.take(*one, *other);
  }
  return std::move(merge).result();
}

/// A page of the views of a generation that must be there.
template <class Store>
[[nodiscard]] ScanViews::reply page_of(Store& store, const ProjectionId& projection, Generation generation,
                                       const std::optional<std::string>& after, std::uint32_t limit,
                                       const std::stop_token& stop) {
  if (stop.stop_requested()) return tl::unexpected(asked_to_stop("comparing views"));
  auto page = perform_patiently(store, ScanViews{projection, {}, after, limit, {}, generation}, stop);
  if (page && !page->as_of.position) return tl::unexpected(generation_gone(projection, generation));
  return page;
}

}  // namespace detail

/// How a comparison goes about it.
struct CompareOptions {
  std::size_t keep = 1000;         ///< differences that are told in full; all are counted
  std::uint32_t page_views = 500;  ///< of each side in memory at once, from 1 up
};

/// Compares two generations of a projection, key by key in order, with two pages of views in memory and no lock: states
/// byte for byte, versions and positions where neither view was ever replaced from outside (`StoredView::edition`), and
/// whether there is a view at all. Erased views are no views. `first` and `second` of the result are of `a` and `b`.
///
/// Generations need not stand at the same position: a key counts only where each side has seen all that made the other
/// side's view. Others are `unsettled`: let the one that is behind catch up, and compare again.
///
/// - *Stopping*: between pages, with a Failure. *Errors*: what the store says; a generation that is not there, or goes
/// meanwhile, is FailureKind::unavailable. *Lifetimes*: borrows the store until it returns. *Threads*: the store is
/// used by the calling thread only; runs may go on, as far as it is thread-safe.
template <Performs<ScanViews> Store>
[[nodiscard]] tl::expected<ViewComparison, Failure> compare_generations(Store& store, const ProjectionId& projection,
                                                                        Generation a, Generation b,
                                                                        const CompareOptions& options = {},
                                                                        const std::stop_token& stop = {}) {
  const auto page_of = [&](Generation which) {
    return [&, which](const std::optional<std::string>& after, const AsOf& = {}) {
      return detail::page_of(store, projection, which, after, options.page_views, stop);
    };
  };
  return detail::compare_by_pages(detail::ViewMerge(options.keep, {}), page_of(a), page_of(b));
}

}  // namespace lantern
