// expect: a keyed projector's apply must return lantern::Change<Delta>
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
  std::string keys(const lantern::RecordedEvent&) const { return "k"; }
  int apply(int&, const lantern::RecordedEvent&) const { return 1; }
};
lantern::Step start(Misfit& projector) { return lantern::ProjectionPipeline(projector).start({}); }
