#include "lantern/testing/spec.hpp"
struct Totals {
  const char* name() const { return "totals"; }
  void apply(const lantern::RecordedEvent&, lantern::Position) {}
};
auto claimed = lantern::testing::given<Totals>().when().then_view("alice", {});
