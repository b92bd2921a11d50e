// What no store may do to views is refused by one set of functions, and what a store may do passes.
#include <catch2/catch.hpp>

#include "lantern/names.hpp"
#include "lantern/refuse_views.hpp"

using namespace lantern;

namespace {

const ProjectionId good("orders", "acme");

template <class E>
void check_invalid(const E& asked) {
  const auto failure = refuse(asked);
  REQUIRE(failure);
  CHECK(failure->kind == FailureKind::invalid);
}

}  // namespace

TEST_CASE("keys of views are any UTF-8 without NUL, the empty one too, up to their longest") {
  for (const std::string& key : {std::string(), std::string(longest_view_key, 'k'), std::string("a/b:c%_'\"\xC3\xA9"),
                                 std::string("\xF0\x9F\x90\x8B")}) {
    CHECK_FALSE(refuse_view_key(key));
    CHECK_FALSE(refuse(GetView{good, key}));
    CHECK_FALSE(refuse(LoadViews{good, {}, {"x", key}}));
  }
  for (const std::string& key : {std::string(longest_view_key + 1, 'k'), std::string(10'000, 'k'),
                                 std::string("a\0b", 3), std::string("\xFF")}) {
    check_invalid(GetView{good, key});
    check_invalid(LoadViews{good, {}, {"x", key}});
    check_invalid(ReplaceView{.projection = good, .key = key});
    SaveCheckpoint save{good};
    save.through = Position{1};
    save.views = {StoredView{.key = "x"}, StoredView{.key = key}};
    check_invalid(save);
    save.views.clear();
    CHECK_FALSE(refuse(save));
    save.quarantined = {QuarantineRecord{.position = Position{1}, .key = key}};
    check_invalid(save);
  }
}

TEST_CASE("a scan goes by bytes, so its prefix may end within a character") {
  CHECK_FALSE(refuse(ScanViews{.projection = good, .prefix = "\xC3"}));
  CHECK_FALSE(refuse(ScanViews{.projection = good, .prefix = "\xFF", .after = "\xFF\xFF"}));
  check_invalid(ScanViews{.projection = good, .limit = 0});
  check_invalid(ScanViews{.projection = good, .prefix = std::string("\0", 1)});
  check_invalid(ScanViews{.projection = good, .after = std::string(longest_view_key + 1, 'k')});
}

TEST_CASE("a view that is put in place of another counts its changes, and one that is reset has none") {
  ReplaceView replace{.projection = good, .key = "k", .state = "s", .version = 1};
  CHECK_FALSE(refuse(replace));
  replace.version = 0;
  check_invalid(replace);
  replace.state.reset();
  CHECK_FALSE(refuse(replace));
  replace.version = 1;
  check_invalid(replace);
  replace.version = 0;
  replace.schema_version = 0;
  check_invalid(replace);
}

TEST_CASE("names of projections are refused in all that is asked about views and generations") {
  for (const ProjectionId& bad : {ProjectionId(""), ProjectionId(std::string("a\0b", 3)),
                                  ProjectionId("a", std::string(longest_name + 1, 'x')), ProjectionId("a", "\xFF")}) {
    check_invalid(LoadViews{bad});
    check_invalid(GetView{bad});
    check_invalid(ScanViews{bad});
    check_invalid(ReplaceView{bad});
    check_invalid(BeginRebuild{bad});
    check_invalid(ActivateGeneration{bad});
    check_invalid(ListGenerations{bad});
    check_invalid(RollBack{bad});
    check_invalid(FinalizeRebuild{bad});
    check_invalid(CancelRebuild{bad});
  }
}
