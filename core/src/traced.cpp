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

}  // namespace lantern
