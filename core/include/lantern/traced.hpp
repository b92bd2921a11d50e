// Shows what a store is asked, and what it answers.
#pragma once

#include <functional>
#include <sstream>
#include <string>
#include <utility>

#include "lantern/generation_effects.hpp"
#include "lantern/store.hpp"
#include "lantern/view_effects.hpp"

namespace lantern {

// How replies look in a trace: one line each.
[[nodiscard]] std::string describe(const LoadCheckpoint::reply&);
[[nodiscard]] std::string describe(const ReadEvents::reply&);
[[nodiscard]] std::string describe(const SaveCheckpoint::reply&);
[[nodiscard]] std::string describe(const AcquireLease::reply&);
[[nodiscard]] std::string describe(const RenewLease::reply&);
[[nodiscard]] std::string describe(const ReleaseLease::reply&);
[[nodiscard]] std::string describe(const AppendEvents::reply&);
[[nodiscard]] std::string describe(const LoadViews::reply&);
[[nodiscard]] std::string describe(const Publish::reply&);
[[nodiscard]] std::string describe(const BeginRebuild::reply&);
[[nodiscard]] std::string describe(const ActivateGeneration::reply&);
[[nodiscard]] std::string describe(const ListStreams::reply&);
[[nodiscard]] std::string describe(const ReadStream::reply&);
[[nodiscard]] std::string describe(const GetView::reply&);
[[nodiscard]] std::string describe(const ScanViews::reply&);
[[nodiscard]] std::string describe(const ReplaceView::reply&);
[[nodiscard]] std::string describe(const ListGenerations::reply&);
[[nodiscard]] std::string describe(const RollBack::reply&);
/// The reply to FinalizeRebuild and CancelRebuild.
[[nodiscard]] std::string describe(const FinalizeRebuild::reply&);

/// A store that tells each effect and its reply to a sink, one line each, and is otherwise the store that it borrows:
/// `Traced traced(store, [](std::string line) { std::clog << line << '\n'; });`
///
/// The sink is called on the thread that calls `perform`, and must not throw. As thread-safe as store and sink are.
template <class Store>
class Traced {
 public:
  using Sink = std::function<void(std::string)>;
  Traced(Store& store, Sink sink) : store_(&store), sink_(std::move(sink)) {}

  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    std::ostringstream line;
    line << effect;
    sink_(std::move(line).str());
    typename E::reply reply = store_->perform(effect);
    sink_("  -> " + describe(reply));
    return reply;
  }
  Subscription on_append(std::function<void()> callback) requires AppendNotifier<Store> {
    return store_->on_append(std::move(callback));
  }
  FailedRun failed_run(const ProjectionId& projection) requires TellsFailedRuns<Store> {
    return store_->failed_run(projection);
  }

 private:
  Store* store_;
  Sink sink_;
};

}  // namespace lantern
