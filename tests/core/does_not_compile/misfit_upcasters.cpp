// expect: a projector's `upcasters\(\) const` must return
#include "lantern/pipeline.hpp"
struct Misfit {
  const char* name() const { return "misfit"; }
  void apply(const lantern::RecordedEvent&, lantern::Position) {}
  int upcasters() const { return 1; }
};
lantern::Step start(Misfit& projector) { return lantern::ProjectionPipeline(projector).start({}); }
