// What each reply means: one handler for each effect. It writes down what the reply says, and goes back to `proceed`.
#pragma once

#include "run.hpp"

namespace lantern::detail {

/// Decides what comes next; the whole of the machine's will.
[[nodiscard]] Step proceed(RunPtr run);

[[nodiscard]] Step handle(RunPtr run, const LoadCheckpoint& asked, LoadCheckpoint::reply&& found);
[[nodiscard]] Step handle(RunPtr run, const ReadEvents& asked, ReadEvents::reply&& page);
[[nodiscard]] Step handle(RunPtr run, const SaveCheckpoint& asked, SaveCheckpoint::reply&& saved);
[[nodiscard]] Step handle(RunPtr run, const Sleep& asked, Sleep::reply slept);
[[nodiscard]] Step handle(RunPtr run, const AcquireLease& asked, AcquireLease::reply&& got);
[[nodiscard]] Step handle(RunPtr run, const RenewLease& asked, RenewLease::reply&& got);
[[nodiscard]] Step handle(RunPtr run, const ReleaseLease& asked, ReleaseLease::reply&& released);
[[nodiscard]] Step handle(RunPtr run, const LoadViews& asked, LoadViews::reply&& found);
[[nodiscard]] Step handle(RunPtr run, const Publish& asked, Publish::reply&& published);
[[nodiscard]] Step handle(RunPtr run, const BeginRebuild& asked, BeginRebuild::reply&& begun);
[[nodiscard]] Step handle(RunPtr run, const ActivateGeneration& asked, ActivateGeneration::reply&& activated);

[[nodiscard]] Step handle(RunPtr run, const ListStreams& asked, ListStreams::reply&& page);
[[nodiscard]] Step handle(RunPtr run, const ReadStream& asked, ReadStream::reply&& slice);

}  // namespace lantern::detail
