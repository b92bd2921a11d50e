// expect: a projector's apply must return void or tl::expected
#include "lantern/pipeline.hpp"
struct Misfit {
  const char* name() const { return "misfit"; }
  tl::expected<void, int> apply(const lantern::RecordedEvent&, lantern::Position) { return {}; }
};
lantern::Step start(Misfit& projector) { return lantern::ProjectionPipeline(projector).start({}); }
