// Must not compile: see CMakeLists.txt.
#include "lantern/asio/run_projection.hpp"
#include "lantern/memory/memory_store.hpp"

struct Projector {
  std::string name() const;
  void apply(const lantern::RecordedEvent&, lantern::Position);
};

void run(Projector& projector, lantern::MemoryStore& store) {
  lantern::run_projection(projector, store, lantern::ProjectionConfig(), [](const lantern::Finished&) {});
}
