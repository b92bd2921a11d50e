// A store with nothing in it, and a projector that counts: enough to see a driver run.
#pragma once

#include <lantern/store.hpp>

struct EmptyStore {
  lantern::LoadCheckpoint::reply perform(const lantern::LoadCheckpoint&) { return std::nullopt; }
  lantern::ReadEvents::reply perform(const lantern::ReadEvents&) { return lantern::EventPage(); }
  lantern::SaveCheckpoint::reply perform(const lantern::SaveCheckpoint&) { return lantern::Saved(); }
};

struct Counting {
  static const char* name() { return "counting"; }
  void apply(const lantern::RecordedEvent&, lantern::Position) { ++events; }
  int events = 0;
};
