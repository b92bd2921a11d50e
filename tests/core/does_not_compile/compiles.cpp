// The control: what is right compiles, so what the others fail with is what they are about.
#include "lantern/pipeline.hpp"
struct Fine {
  const char* name() const { return "fine"; }
  void apply(const lantern::RecordedEvent&, lantern::Position) {}
  lantern::FailureStrategy on_error(const lantern::FailureContext&) { return lantern::FailureStrategy::Skip; }
};
lantern::Step start(Fine& projector) {
  return lantern::ProjectionPipeline(projector, lantern::ProjectionConfig().page_limit(500)).start({});
}
