// expect: a projector needs a member `apply\(event, lantern::Position\)`
#include "lantern/pipeline.hpp"
struct Idle {
  const char* name() const { return "idle"; }
  void apply(int) {}
};
lantern::Step start(Idle& projector) { return lantern::ProjectionPipeline(projector).start({}); }
