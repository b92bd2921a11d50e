// expect: a keyed projector needs a `view_codec`
#include "lantern/pipeline.hpp"
struct Misfit {
  using State = int;
  using Delta = int;
  const char* name() const { return "misfit"; }
  std::string keys(const lantern::RecordedEvent&) const { return "k"; }
  lantern::Change<int> apply(int&, const lantern::RecordedEvent&) const { return lantern::unchanged; }
};
lantern::Step start(Misfit& projector) { return lantern::ProjectionPipeline(projector).start({}); }
