// expect: a keyed projector needs a member `keys\(event\)` that returns a string
#include "lantern/pipeline.hpp"
struct Bytes {
  std::string encode_state(int) const { return {}; }
  std::string encode_delta(int) const { return {}; }
  tl::expected<int, lantern::Failure> decode_state(std::string_view) const { return 0; }
};
struct Misfit {
  using State = int;
  using Delta = int;
  using view_codec = Bytes;
  const char* name() const { return "misfit"; }
  int keys(const lantern::RecordedEvent&) const { return 1; }
  lantern::Change<int> apply(int&, const lantern::RecordedEvent&) const { return lantern::unchanged; }
};
lantern::Step start(Misfit& projector) { return lantern::ProjectionPipeline(projector).start({}); }
