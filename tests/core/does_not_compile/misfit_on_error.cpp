// expect: a projector's on_error must be callable
#include "lantern/pipeline.hpp"
struct Misfit {
  const char* name() const { return "misfit"; }
  void apply(const lantern::RecordedEvent&, lantern::Position) {}
  void on_error(const lantern::FailureContext&) {}
};
lantern::Step start(Misfit& projector) { return lantern::ProjectionPipeline(projector).start({}); }
