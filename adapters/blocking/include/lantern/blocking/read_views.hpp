// Reading views: one, one that must be there, all of them; as bytes or as the projector's own states.
#pragma once

#include <algorithm>
#include <iosfwd>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lantern/blocking/patiently.hpp"
#include "lantern/view_decoding.hpp"
#include "lantern/view_effects.hpp"

// Each of these blocks on the store, borrows it until it returns, and is as thread-safe as it is. A transient failure
// is tried again for a while; a store that throws is answered for by a Failure (internal).

namespace lantern {
namespace detail {
/// Its views cannot be read on.
[[nodiscard]] Failure generation_gone(const ProjectionId&, Generation);
}  // namespace detail

/// There is no view of this key: it never was, or it is erased.
struct StateNotFound {
  ProjectionId projection{};
  std::string key{};
  AsOf as_of{};  ///< when there was none
  [[nodiscard]] std::string message() const;
  friend bool operator==(const StateNotFound&, const StateNotFound&) = default;
};
std::ostream& operator<<(std::ostream&, const StateNotFound&);

/// A view that is there, and of which moment of the projection that is.
struct FoundView {
  StoredView view{};
  AsOf as_of{};
  [[nodiscard]] Moment moment() const noexcept { return {as_of.generation, view.edition, view.version}; }
  friend bool operator==(const FoundView&, const FoundView&) = default;
};

/// The same, decoded.
template <class State>
struct FoundState {
  State state{};
  Moment moment{};                     ///< its version among others; a later one of this key is greater
  std::optional<Position> position{};  ///< of the event that changed it last
  AsOf as_of{};
};

/// The view of this key in the active generation, as it was committed last; or none.
template <Performs<GetView> Store>
[[nodiscard]] GetView::reply get(Store& store, const ProjectionId& projection, std::string key) {
  return detail::perform_patiently(store, GetView{projection, std::move(key)});
}

/// The view of this key, which must be there.
template <Performs<GetView> Store>
[[nodiscard]] tl::expected<FoundView, std::variant<StateNotFound, Failure>> require(Store& store,
                                                                                    const ProjectionId& projection,
                                                                                    std::string key) {
  auto answer = get(store, projection, key);
  if (!answer) return tl::make_unexpected(std::move(answer).error());
  if (!answer->view) return tl::make_unexpected(StateNotFound{projection, std::move(key), answer->as_of});
  return FoundView{*std::move(answer->view), answer->as_of};
}

/// The state of this key, which must be there, decoded as the projector's run does it: by its `view_codec`, or by its
/// `upcast_view` where it was written by an older schema. A state that cannot be decoded is a Failure.
template <KeyedProjector P, Performs<GetView> Store>
[[nodiscard]] tl::expected<FoundState<typename P::State>, std::variant<StateNotFound, Failure>> require_state(
    P& projector, Store& store, std::string key, std::string tenant = {}) {
  auto found = require(store, ProjectionId(projector.name(), std::move(tenant)), std::move(key));
  if (!found) return tl::unexpected(std::move(found).error());
  auto state = decode_view(projector, found->view);
  if (!state) return tl::make_unexpected(std::move(state).error());
  return FoundState<typename P::State>{*std::move(state), found->moment(), found->view.position, found->as_of};
}

/// The state of this key, or none.
template <KeyedProjector P, Performs<GetView> Store>
[[nodiscard]] tl::expected<std::optional<FoundState<typename P::State>>, Failure> get_state(P& projector, Store& store,
                                                                                            std::string key,
                                                                                            std::string tenant = {}) {
  auto found = require_state(projector, store, std::move(key), std::move(tenant));
  if (found) return *std::move(found);
  if (auto* failure = std::get_if<Failure>(&found.error())) return tl::unexpected(std::move(*failure));
  return std::nullopt;
}

/// Reads views in the order of their keys, a page at a time, and keeps no more than that. All of them are of the
/// generation that was the active one at the first page, whatever is switched to meanwhile; each page is of one
/// instant, and later pages may be of later ones.
template <Performs<ScanViews> Store>
class ViewScan {
 public:
  /// `first` says where to begin and how long a page is. Borrows the store.
  ViewScan(Store& store, ScanViews first) : store_(&store), ask_(std::move(first)) {}

  /// The next page; empty once all is read, and also where all that it looked at is not to be returned. A generation
  /// that is dropped meanwhile is FailureKind::unavailable.
  [[nodiscard]] ScanViews::reply next() {
    if (done_) return ScanViews::Page{{}, as_of_, false};
    auto page = detail::perform_patiently(*store_, ask_);
    if (!page) return page;
    if (begun_ && !page->as_of.position && as_of_.position) {
      return tl::unexpected(detail::generation_gone(ask_.projection, as_of_.generation));
    }
    as_of_ = page->as_of;
    begun_ = true;
    ask_.generation = as_of_.generation;
    ask_.after = page->next();
    done_ = !ask_.after;
    return page;
  }
  /// True when there are no more pages.
  [[nodiscard]] bool done() const noexcept { return done_; }

 private:
  Store* store_;
  ScanViews ask_;
  AsOf as_of_{};
  bool begun_{}, done_{};
};

/// All views whose keys begin with `prefix`, in the order of their keys, in memory. Of one generation; of one instant
/// only if nothing was committed meanwhile.
template <Performs<ScanViews> Store>
[[nodiscard]] tl::expected<std::vector<StoredView>, Failure> scan_all(Store& store, const ProjectionId& projection,
                                                                      std::string prefix = {},
                                                                      std::uint32_t page_size = 1000) {
  ViewScan scan(store, ScanViews{.projection = projection, .prefix = std::move(prefix), .limit = page_size});
  std::vector<StoredView> all;
  while (!scan.done()) {
    auto page = scan.next();
    if (!page) return tl::unexpected(std::move(page).error());
    std::ranges::move(page->views, std::back_inserter(all));
  }
  return all;
}

}  // namespace lantern
