// expect: a projector needs a member `name\(\) const`
#include "lantern/pipeline.hpp"
struct Nameless {
  void apply(const lantern::RecordedEvent&, lantern::Position) {}
};
lantern::Step start(Nameless& projector) { return lantern::ProjectionPipeline(projector).start({}); }
