// What a run tells those who watch it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <variant>

#include "lantern/effects.hpp"

namespace lantern {

namespace happening {
/// The checkpoint is known; the run begins after it.
struct Started {
  std::optional<Position> position{};
  Generation generation{};
};
/// A page has arrived.
struct PageRead {
  std::size_t events{};
  std::optional<Position> scanned_to{};
  std::optional<Position> head{};
};
/// Over streams: some that may have new events were found.
struct StreamsListed {
  std::size_t streams{};  ///< that are to be read
};
/// Over streams: events of one of them have arrived.
struct StreamRead {
  std::string stream{};
  std::size_t events{};
  std::optional<StreamVersion> scanned_to{};
  std::optional<StreamVersion> head{};
};
/// Over streams: this one is left where it is, and the others go on.
struct StreamSetAside {
  std::string stream{};
  std::optional<StreamVersion> at{};
  std::string what{};
  std::optional<Failure> cause{};
};
/// An event failed. `attempt` counts from 1.
struct EventFailed {
  Position position{};
  std::uint32_t attempt{};
  Failure cause{};
};
/// The run is about to wait before trying again.
struct RetryScheduled {
  Sleep::Reason reason{};
  std::uint32_t attempt{};
  std::chrono::nanoseconds delay{};
};
/// An event was passed; its record goes into the next commit.
struct Quarantined {
  QuarantineRecord record{};
};
/// A commit went through: of events, of records, or of a cursor that moved past what the filter rejects.
struct Committed {
  std::uint64_t applied{};
  std::uint64_t quarantined{};
  std::optional<Position> through{};
};
/// Everything up to the head is applied and committed.
struct CaughtUp {
  std::optional<Position> position{};
};
/// A read, load, save or lease failed.
struct StoreFailed {
  Failure cause{};
};
/// This run leads now.
struct LeaseGained {
  Lease lease{};
};
/// Somebody else leads now; `holder` is empty when nobody does.
struct LeaseLost {
  std::string holder{};
};
/// Somebody else leads, and the run waits for its turn.
struct StandingBy {
  std::string holder{};
};
/// Committed changes could not be published. What is stored stays; followers heal by reading again.
struct PublishFailed {
  Failure cause{};
  std::size_t frames{};  ///< how many were lost
};
/// Views were replaced from outside: the batch that built on them is dropped, and begun anew.
struct ViewsReloaded {
  Revision revision{};
};
/// A generation is being filled, from this position on; readers do not see it.
struct RebuildBegun {
  Generation generation{};
  std::optional<Position> position{};
};
/// A rebuild is done: this generation is the active one now.
struct Activated {
  Generation generation{};
};
}  // namespace happening

/// Something that happened in a run.
using Happening =
    std::variant<happening::Started, happening::PageRead, happening::EventFailed, happening::RetryScheduled,
                 happening::Quarantined, happening::Committed, happening::CaughtUp, happening::StoreFailed,
                 happening::LeaseGained, happening::LeaseLost, happening::StandingBy, happening::PublishFailed,
                 happening::ViewsReloaded, happening::RebuildBegun, happening::Activated, happening::StreamsListed,
                 happening::StreamRead, happening::StreamSetAside>;

/// Receives happenings as values, on the thread that drives the run. When it throws, the exception is dropped, and the
/// happening with it; the run goes on. Attach it with `ProjectionConfig::tell`; with none attached a run builds no
/// happenings at all.
class Observer {
 public:
  using Callback = std::function<void(const ProjectionId&, const Happening&)>;
  explicit Observer(Callback callback) : callback_(std::move(callback)) {}
  void operator()(const ProjectionId& id, const Happening& what) const { callback_(id, what); }

 private:
  Callback callback_;
};

std::ostream& operator<<(std::ostream&, const Happening&);

}  // namespace lantern
