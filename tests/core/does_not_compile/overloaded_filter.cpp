// expect: a projector's `filter\(\) const` must return
#include "lantern/pipeline.hpp"
struct Misfit {
  const char* name() const { return "misfit"; }
  void apply(const lantern::RecordedEvent&, lantern::Position) {}
  const char* filter() const { return "orders"; }
  const char* filter(int) const { return "orders"; }
};
lantern::Step start(Misfit& projector) { return lantern::ProjectionPipeline(projector).start({}); }
