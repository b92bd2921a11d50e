// expect: a pure fold has no store
#include "lantern/fold.hpp"
struct Rows {
  static constexpr bool applied_by_store = true;
  const char* name() const { return "rows"; }
};
lantern::FoldResult run(Rows& rows) { return lantern::fold(rows, {}); }
