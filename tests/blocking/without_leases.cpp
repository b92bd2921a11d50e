// Must not compile: see CMakeLists.txt.
#include "lantern/blocking/run_projection_blocking.hpp"

struct Store {
  lantern::LoadCheckpoint::reply perform(const lantern::LoadCheckpoint&);
  lantern::ReadEvents::reply perform(const lantern::ReadEvents&);
  lantern::SaveCheckpoint::reply perform(const lantern::SaveCheckpoint&);
};
struct Projector {
  std::string name() const;
  void apply(const lantern::RecordedEvent&, lantern::Position);
};

lantern::Finished run(Projector& projector, Store& store) { return lantern::run_projection_blocking(projector, store); }
