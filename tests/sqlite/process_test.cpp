// Leadership among real processes on one file: at most one leads, a dead leader is replaced, and one that was frozen
// past its lease cannot commit when it wakes.
#include "files.hpp"
#include "talking_child.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;
using Catch::Contains;

namespace {

/// A lease_runner.
struct Runner : Child {
  Runner(const std::filesystem::path& file, const std::string& owner, int ttl_ms, const std::string& when_not_leader,
         const std::string& before_save = "go")
      : Child({LEASE_RUNNER, file.string(), owner, std::to_string(ttl_ms), when_not_leader, before_save}) {}
};

/// The store, and what the projection has made of it.
struct World {
  Folder folder;
  std::filesystem::path file = folder / "a.db";

  World() { open_store(file); }
  void append(int count) const {
    SqliteOptions options;
    options.busy_timeout = std::chrono::seconds(30);
    auto store = open_store(file, options);
    std::vector<NewEvent> events;
    for (int i = 0; i < count; ++i) events.push_back(event("s"));
    appended(store, std::move(events));
  }
  /// Positions in the order in which they were applied; all must be there once.
  [[nodiscard]] std::string ledger() const {
    const auto rows =
        PlainSqlite(file).run("SELECT group_concat(position, ' ') FROM (SELECT * FROM ledger ORDER BY entry)");
    return rows.at(0);
  }
};

}  // namespace

TEST_CASE("of many processes that start at once exactly one leads, and the others say who does") {
  const World world;
  world.append(3);
  std::vector<std::unique_ptr<Runner>> runners;
  for (int i = 0; i < 4; ++i) {
    runners.push_back(std::make_unique<Runner>(world.file, "runner " + std::to_string(i), 60'000, "fail"));
  }
  int leaders = 0;
  Runner* leader = nullptr;
  for (auto& runner : runners) {
    const std::string said = runner->line();
    CAPTURE(said);
    if (said.starts_with("leads ")) {
      ++leaders;
      leader = runner.get();
      continue;
    }
    CHECK_THAT(said, Contains("failed: ") && Contains("runner ") && Contains(" leads"));
    CHECK(runner->end() == 4);
  }
  REQUIRE(leaders == 1);
  leader->line_like("committed 3");
  leader->send(SIGTERM);
  leader->line_like("stopped at 3");
  CHECK(leader->end() == 0);
  CHECK(world.ledger() == "1 2 3");

  // It gave the lease back, so the next need not wait for its end.
  Runner next(world.file, "next", 60'000, "fail");
  CHECK(next.line() == "leads 2");
}

TEST_CASE("a leader that is killed is replaced when its lease has expired, and no event is lost or repeated") {
  const World world;
  Runner first(world.file, "first", 400, "fail");
  first.line_like("leads 1");
  Runner second(world.file, "second", 400, "stand_by");
  second.line_like("behind first");
  world.append(2);
  first.line_like("committed 2");
  first.send(SIGKILL);
  CHECK(first.end() == -SIGKILL);
  world.append(2);
  CHECK(second.line_like("leads") == "leads 2");
  second.line_like("committed 4");
  second.send(SIGTERM);
  CHECK(second.line_like("stopped") == "stopped at 4");
  CHECK(second.end() == 0);
  CHECK(world.ledger() == "1 2 3 4");
}

TEST_CASE("a leader that was frozen past its lease cannot commit when it wakes") {
  const World world;
  world.append(3);
  Runner frozen(world.file, "frozen", 400, "fail", "freeze");
  frozen.line_like("leads 1");
  frozen.line_like("saving");
  frozen.wait_until_frozen();  // with a commit in its hand

  // Another leads now, and has committed nothing: the checkpoint is where the frozen one saw it. Only the fence
  // differs.
  Runner other(world.file, "other", 60'000, "stand_by", "ask");
  CHECK(other.line_like("leads") == "leads 2");
  other.line_like("saving");

  frozen.send(SIGCONT);
  CHECK(frozen.line_like("lost") == "lost to other");
  CHECK_THAT(frozen.line(), Contains("failed: ") && Contains("leadership"));
  CHECK(frozen.end() == 4);
  CHECK(world.ledger() == "NULL");
  CHECK(PlainSqlite(world.file).run("SELECT position FROM lantern_projections") == std::vector<std::string>{"NULL"});

  other.answer();
  other.line_like("committed 3");
  CHECK(world.ledger() == "1 2 3");
}

TEST_CASE("appends of another process wake a projection that waits") {
  const World world;
  Runner runner(world.file, "runner", 60'000, "fail");
  runner.line_like("leads");
  for (int i = 1; i <= 5; ++i) {
    world.append(1);
    runner.line_like("committed " + std::to_string(i));
  }
  CHECK(world.ledger() == "1 2 3 4 5");
}
