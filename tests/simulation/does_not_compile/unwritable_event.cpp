#include "lantern/testing/spec.hpp"
struct Deposited {};
struct Totals {
  const char* name() const { return "totals"; }
  void apply(const lantern::RecordedEvent&, lantern::Position) {}
};
auto claimed = lantern::testing::given<Totals>(Deposited{});
