// expect: fold lantern::ViewsInMemory<P>\(projector\) instead
#include "lantern/fold.hpp"
struct Bytes {
  std::string encode_state(int) const { return {}; }
  std::string encode_delta(int) const { return {}; }
  tl::expected<int, lantern::Failure> decode_state(std::string_view) const { return 0; }
};
struct Counts {
  using State = int;
  using Delta = int;
  using view_codec = Bytes;
  const char* name() const { return "counts"; }
  std::string keys(const lantern::RecordedEvent&) const { return "k"; }
  lantern::Change<int> apply(int&, const lantern::RecordedEvent&) const { return lantern::unchanged; }
};
lantern::FoldResult run(Counts& counts) { return lantern::fold(counts, {}); }
