#include "lantern/testing/spec.hpp"
struct Statements {
  static constexpr bool applied_by_store = true;
  const char* name() const { return "statements"; }
};
auto claimed = lantern::testing::given<Statements>();
