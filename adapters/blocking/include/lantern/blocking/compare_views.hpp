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
  [[nodiscard]] bool identical() const noexcept { return different == 0; }
  friend bool operator==(const ViewComparison&, const ViewComparison&) = default;
};

namespace detail {

/// Whether two states of one key are the same; the bytes already differ.
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
  detail::ViewMerge merge(options.keep, {});
  while (!merge.done()) {
    if (stop.stop_requested()) return tl::unexpected(detail::asked_to_stop("comparing generations"));
    const auto page_of = [&](Generation which) -> ScanViews::reply {
      auto page = detail::perform_patiently(
          store, ScanViews{projection, {}, merge.after(), options.page_views, {}, which}, stop);
      if (page && !page->as_of.position) return tl::unexpected(detail::generation_gone(projection, which));
      return page;
    };
    const auto first = page_of(a);
    if (!first) return tl::unexpected(first.error());
    const auto second = page_of(b);
    if (!second) return tl::unexpected(second.error());
    merge.take(*first, *second);
  }
  return std::move(merge).result();
}

}  // namespace lantern
