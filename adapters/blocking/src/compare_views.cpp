#include "lantern/blocking/compare_views.hpp"

#include <ostream>

namespace lantern {
namespace detail {
namespace {

/// True when a side that stands at `as_of` has seen all that made this view.
bool has_seen(const AsOf& as_of, const StoredView* view) { return !view || view->position <= as_of.position; }

}  // namespace

void ViewMerge::take(const ScanViews::Page& first, const ScanViews::Page& second) {
  found_.first = first.as_of;
  found_.second = second.as_of;
  const auto a_end = first.next(), b_end = second.next();  // up to where a page has all views
  const auto end = !a_end ? b_end : !b_end ? a_end : std::optional(std::min(*a_end, *b_end));
  const auto is_within = [&](const StoredView& view) { return !end || view.key <= *end; };
  auto a = first.views.begin(), b = second.views.begin();
  for (;;) {
    const bool has_a = a != first.views.end() && is_within(*a), has_b = b != second.views.end() && is_within(*b);
    if (!has_a && !has_b) break;
    const bool take_a = has_a && (!has_b || a->key <= b->key), take_b = has_b && (!has_a || b->key <= a->key);
    compare(take_a ? &*a : nullptr, take_b ? &*b : nullptr);
    if (take_a) ++a;
    if (take_b) ++b;
  }
  after_ = end;
  done_ = !end;
}

void ViewMerge::compare(const StoredView* first, const StoredView* second) {
  const StoredView& one = first ? *first : *second;
  // One that is missing may have been there until after the other side's checkpoint.
  const bool same_moment = found_.first.position == found_.second.position;
  const bool settled = same_moment       ? true
                       : first && second ? has_seen(found_.second, first) && has_seen(found_.first, second)
                       : first ? has_seen(found_.second, first) && found_.second.position <= found_.first.position
                               : has_seen(found_.first, second) && found_.first.position <= found_.second.position;
  if (!settled) {
    ++found_.unsettled;
    return;
  }
  ++found_.compared;
  if (first && second) {
    const bool replaced = first->edition.value > 0 || second->edition.value > 0;
    const bool same_count = replaced || (first->version == second->version && first->position == second->position);
    const bool of_two_shapes = same_ && first->schema_version != second->schema_version;
    const bool same_state = of_two_shapes ? same_(*first, *second) : first->state == second->state;
    if (same_count && same_state) return;
  }
  ++found_.different;
  if (found_.differences.size() >= keep_) return;
  found_.differences.push_back(
      {one.key, first ? std::optional(*first) : std::nullopt, second ? std::optional(*second) : std::nullopt});
}

}  // namespace detail

namespace {
void print_side(std::ostream& out, const std::optional<StoredView>& side) {
  if (!side) {
    out << "none";
    return;
  }
  constexpr std::size_t most = 200;
  const std::string& state = *side->state;
  out << "version " << side->version << " " << detail::one_line(state.substr(0, most));
  if (state.size() > most) out << "… (" << state.size() << " bytes)";
}
}  // namespace

std::ostream& operator<<(std::ostream& out, const ViewDifference& what) {
  out << '\'' << detail::one_line(what.key) << "': ";
  print_side(out, what.first);
  out << ", ";
  print_side(out, what.second);
  return out;
}

}  // namespace lantern
