// expect: a projector's codec must have
#include "lantern/pipeline.hpp"
struct Decimal {
  using event_type = int;
  int decode(const lantern::RecordedEvent&) const { return 0; }
};
struct Misfit {
  using codec = Decimal;
  const char* name() const { return "misfit"; }
  template <class Event>
  void apply(const Event&, lantern::Position) {}
};
lantern::Step start(Misfit& projector) { return lantern::ProjectionPipeline(projector).start({}); }
