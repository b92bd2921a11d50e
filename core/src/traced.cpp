#include "lantern/traced.hpp"

#include <variant>

namespace lantern {
namespace {

template <class T>
std::string shown(const T& value) {
  std::ostringstream out;
  out << value;
  return std::move(out).str();
}

std::string shown(const Failure& failure) { return "failed, " + shown<Failure>(failure); }
std::string shown(const Lease& lease) {
  return "fence " + shown(lease.fence) + " for " + detail::one_line(lease.owner);
}
std::string shown(const LeaseHeld& held) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(held.expires_in);
  return "held by " + detail::one_line(held.owner) + " for another " + std::to_string(left.count()) + " ms";
}
std::string shown(const LostLeadership& lost) {
  return lost.holder.empty() ? "lost" : "lost to " + detail::one_line(lost.holder);
}
std::string shown(const CheckpointMoved& moved) { return to_string(SaveError(moved)); }
std::string shown(const BehindActive& behind) {
  if (behind.stream) return "behind the active one in stream " + detail::one_line(*behind.stream);
  return "behind the active one, which is at " + (behind.active ? shown(*behind.active) : std::string("-"));
}
std::string shown(const VersionConflict& conflict) {
  return "stream " + detail::one_line(conflict.stream) + " is at version " + std::to_string(conflict.actual) +
         ", not " + std::to_string(conflict.expected);
}
std::string shown(const IdConflict& conflict) {
  return "the id " + detail::one_line(conflict.id) + " is taken at " + shown(conflict.existing);
}

template <class... Errors>
std::string shown(const std::variant<Errors...>& error) {
  return std::visit([](const auto& one) { return shown(one); }, error);
}

}  // namespace

std::string describe(const LoadCheckpoint::reply& found) {
  if (!found) return shown(found.error());
  return *found ? shown(**found) : "none";
}
std::string describe(const ReadEvents::reply& page) { return page ? shown(*page) : shown(page.error()); }
std::string describe(const SaveCheckpoint::reply& saved) { return saved ? "saved" : to_string(saved.error()); }
std::string describe(const AcquireLease::reply& got) { return got ? shown(*got) : shown(got.error()); }
std::string describe(const RenewLease::reply& got) { return got ? shown(*got) : shown(got.error()); }
std::string describe(const ReleaseLease::reply& done) { return done ? "released" : shown(done.error()); }
std::string describe(const AppendEvents::reply& appended) {
  if (!appended) return shown(appended.error());
  return std::to_string(appended->added) + " added, " + std::to_string(appended->duplicates) + " there already";
}

std::string describe(const LoadViews::reply& found) {
  if (!found) return shown(found.error());
  return std::to_string(found->views.size()) + " views, " + std::to_string(found->parked.size()) + " parked";
}
std::string describe(const Publish::reply& published) { return published ? "published" : shown(published.error()); }
std::string describe(const BeginRebuild::reply& begun) { return begun ? shown(*begun) : shown(begun.error()); }
std::string describe(const ActivateGeneration::reply& done) { return done ? "activated" : shown(done.error()); }
std::string describe(const ListStreams::reply& found) { return found ? shown(*found) : shown(found.error()); }
std::string describe(const ReadStream::reply& slice) { return slice ? shown(*slice) : shown(slice.error()); }
std::string describe(const GetView::reply& found) {
  if (!found) return shown(found.error());
  return (found->view ? shown(*found->view) : "none") + ", as of " + shown(found->as_of);
}
std::string describe(const ScanViews::reply& page) {
  if (!page) return shown(page.error());
  return std::to_string(page->views.size()) + " views" + (page->more ? " and more" : "") + ", as of " +
         shown(page->as_of);
}
std::string describe(const ReplaceView::reply& replaced) {
  return replaced ? "replaced, at " + shown(replaced->moment) : shown(replaced.error());
}
std::string describe(const ListGenerations::reply& list) {
  if (!list) return shown(list.error());
  std::string line = std::to_string(list->size()) + " generations";
  for (const auto& one : *list) line += "; " + shown(one);
  return line;
}
std::string describe(const RollBack::reply& active) {
  return active ? "active: " + shown(*active) : shown(active.error());
}
std::string describe(const FinalizeRebuild::reply& dropped) {
  if (!dropped) return shown(dropped.error());
  return *dropped ? "dropped " + shown(**dropped) : "nothing to drop";
}

}  // namespace lantern
