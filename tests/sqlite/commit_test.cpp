// Commits and leases: what is stored together, and what keeps a commit from being stored.
#include "files.hpp"
#include "schema.hpp"
#include "sqlite_parts.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

const ProjectionId orders("orders", "acme");

SaveCheckpoint save_of(std::optional<std::int64_t> from, std::optional<std::int64_t> through,
                       std::optional<Fence> fence = {}) {
  SaveCheckpoint save;
  save.projection = orders;
  save.generation = Generation{1};
  if (from) save.from = Position{*from};
  if (through) save.through = Position{*through};
  save.fence = fence;
  return save;
}

QuarantineRecord record(std::int64_t position, std::string error = "bad") {
  return {Position{position}, "s", "T", QuarantineReason::exhausted, 4, std::move(error)};
}

template <class E>
E error_of(const SaveCheckpoint::reply& saved) {
  if (saved) FAIL("it was saved");
  if (!std::holds_alternative<E>(saved.error())) FAIL(to_string(saved.error()));
  return std::get<E>(saved.error());
}

std::optional<Checkpoint> checkpoint(const SqliteStore& store) { return store.perform(LoadCheckpoint{orders}).value(); }

AcquireLease::reply acquire(SqliteStore& store, const char* owner, std::chrono::nanoseconds ttl = 10s) {
  return store.perform(AcquireLease{orders, owner, ttl});
}

/// Runs any function as the projection's statements.
struct FakeRunner final : detail::StatementRunner {
  explicit FakeRunner(std::function<std::optional<Failure>(const RecordedEvent&)> f)
      : StatementRunner(std::string()), work(std::move(f)) {}
  std::optional<Failure> run(const RecordedEvent& e) override { return work(e); }
  std::optional<Failure> make(std::int64_t, std::optional<std::int64_t>) override { return std::nullopt; }
  std::function<std::optional<Failure>(const RecordedEvent&)> work;
};

/// The store's parts that commit, with statements of the test's own.
struct Bench {
  Folder folder;
  std::unique_ptr<detail::Writer> writer;

  Bench() {
    open_store(folder / "a.db");
    PlainSqlite(folder / "a.db").run("CREATE TABLE seen(position INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)");
    auto opened = detail::Connection::open({(folder / "a.db").string()}, detail::Access::write, 0ms);
    writer = detail::Writer::prepare(*std::move(opened)).value();
  }
  std::optional<Failure> execute(const std::string& sql) const {
    const auto& db = writer->connection->db();
    const int code = sqlite3_exec(db.get(), sql.c_str(), nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? std::nullopt : std::optional(db.failure(code, "testing", detail::Blame::statement));
  }
  /// Commits three events through `work`, and returns what is stored then.
  SaveCheckpoint::reply commit(std::function<std::optional<Failure>(const RecordedEvent&)> work) const {
    std::vector<RecordedEvent> events(3);
    for (std::size_t i = 0; i < 3; ++i) events[i].position = Position{static_cast<std::int64_t>(i) + 1};
    SaveCheckpoint save = save_of({}, 3);
    const std::span<const RecordedEvent> all(events);
    save.writes.runs = {all.first(2), all.subspan(2)};
    save.quarantined = {record(9)};
    FakeRunner runner(std::move(work));
    return writer->committer.save(save, writer->leases, &runner, 0ns);
  }
  std::optional<Failure> insert(const RecordedEvent& e) const {
    return execute("INSERT INTO seen VALUES(" + std::to_string(e.position.value) + ")");
  }
  void check_that_nothing_is_stored() const {
    const PlainSqlite plain(folder / "a.db");
    for (const char* table : {"seen", "lantern_projections", "lantern_quarantine"}) {
      CAPTURE(table);
      CHECK(plain.run(std::string("SELECT count(*) FROM ") + table) == std::vector<std::string>{"0"});
    }
    CHECK_FALSE(writer->connection->db().in_transaction());
  }
};

}  // namespace

TEST_CASE("a checkpoint moves only from where it is, forward, and within its generation") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  CHECK(checkpoint(store) == std::nullopt);
  CHECK(error_of<CheckpointMoved>(store.perform(save_of(3, 5))).actual == std::nullopt);
  REQUIRE(store.perform(save_of({}, 5)));
  CHECK(checkpoint(store) == Checkpoint{Position{5}, Generation{1}});
  CHECK(error_of<CheckpointMoved>(store.perform(save_of({}, 6))).actual == Position{5});
  CHECK(error_of<CheckpointMoved>(store.perform(save_of(4, 6))).actual == Position{5});
  CHECK(error_of<Failure>(store.perform(save_of(5, 4))).kind == FailureKind::invalid);
  CHECK(error_of<Failure>(store.perform(save_of(5, {}))).kind == FailureKind::invalid);
  SaveCheckpoint other_generation = save_of(5, 6);
  other_generation.generation = Generation{2};
  CHECK(error_of<GenerationMoved>(store.perform(other_generation)).active == Generation{1});
  CHECK(checkpoint(store) == Checkpoint{Position{5}, Generation{1}});
  CHECK(store.perform(save_of(5, 5)));
  CHECK(store.perform(save_of(5, 6)));
}

TEST_CASE("a rebuild that has not begun has a generation and no position") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  REQUIRE(store.perform(save_of({}, 5)));
  PlainSqlite(folder / "a.db").run("UPDATE lantern_projections SET generation = 2, position = NULL");
  CHECK(checkpoint(store) == Checkpoint{std::nullopt, Generation{2}});
  CHECK(error_of<GenerationMoved>(store.perform(save_of(5, 6))).active == Generation{2});
  SaveCheckpoint save = save_of({}, 1);
  save.generation = Generation{2};
  CHECK(store.perform(save));
  CHECK(checkpoint(store) == Checkpoint{Position{1}, Generation{2}});
}

TEST_CASE("tenants and names never meet, however they are cut") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  const std::vector<ProjectionId> ids{{"a", ""},        {"a", "a"},       {"b", "a"},
                                      {"ab", ""},       {"a/b", ""},      {"b", "a/"},
                                      {"A", ""},        {"a'", ""},       {"a\"; DROP TABLE lantern_events; --", ""},
                                      {"\xC3\xA9", ""}, {"e\xCC\x81", ""}};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    SaveCheckpoint save = save_of({}, static_cast<std::int64_t>(i) + 1);
    save.projection = ids[i];
    REQUIRE(store.perform(save));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    CHECK(store.perform(LoadCheckpoint{ids[i]}).value()->position == Position{static_cast<std::int64_t>(i) + 1});
  }
  for (const ProjectionId& bad : {ProjectionId(""), ProjectionId(std::string("a\0", 2)), ProjectionId("a", "\xFF")}) {
    CHECK(store.perform(LoadCheckpoint{bad}).error().kind == FailureKind::invalid);
    SaveCheckpoint save = save_of({}, 1);
    save.projection = bad;
    CHECK(error_of<Failure>(store.perform(save)).kind == FailureKind::invalid);
    CHECK(std::get<Failure>(store.perform(AcquireLease{bad, "o", 1s}).error()).kind == FailureKind::invalid);
  }
}

TEST_CASE(
    "records of passed events are stored with the checkpoint, or alone where there is none, and again is no error") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  SaveCheckpoint save = save_of({}, 5);
  save.quarantined = {record(2), record(4, "with 'quotes' and \0 inside")};
  REQUIRE(store.perform(save));
  CHECK(*store.quarantined(orders) == save.quarantined);

  SaveCheckpoint refused = save_of(4, 6);
  refused.quarantined = {record(5)};
  CHECK_FALSE(store.perform(refused));
  CHECK(store.quarantined(orders)->size() == 2);

  SaveCheckpoint alone = save_of({}, {});
  alone.quarantined = {record(4, "again")};
  REQUIRE(store.perform(alone));
  REQUIRE(store.perform(alone));
  CHECK(*store.quarantined(orders) == std::vector{record(2), record(4, "again")});
  CHECK(*store.quarantined(orders, 1) == std::vector{record(2)});
  CHECK(checkpoint(store)->position == Position{5});
}

TEST_CASE("statements, quarantine and checkpoint are one commit") {
  Bench bench;
  REQUIRE(bench.commit([&](const RecordedEvent& e) { return bench.insert(e); }));
  const PlainSqlite plain(bench.folder / "a.db");
  CHECK(plain.run("SELECT group_concat(position) FROM seen") == std::vector<std::string>{"1,2,3"});
  CHECK(plain.run("SELECT position FROM lantern_projections") == std::vector<std::string>{"3"});
  CHECK(plain.run("SELECT position FROM lantern_quarantine") == std::vector<std::string>{"9"});
}

TEST_CASE("an event that fails is named by its index, and nothing is stored") {
  Bench bench;
  const std::int64_t failing = GENERATE(1, 2, 3);
  const auto saved = bench.commit([&](const RecordedEvent& e) -> std::optional<Failure> {
    if (e.position.value == failing) return bench.execute("INSERT INTO no_such_table VALUES(1)");
    return bench.insert(e);
  });
  const auto failed = error_of<WriteFailed>(saved);
  CHECK(failed.index == static_cast<std::size_t>(failing - 1));
  CHECK(failed.cause.kind == FailureKind::rejected);
  CHECK_THAT(failed.cause.what, Contains("no_such_table"));
  bench.check_that_nothing_is_stored();
}

TEST_CASE("a failure of the store while statements run is not blamed on the event") {
  Bench bench;
  const auto saved = bench.commit([&](const RecordedEvent&) { return Failure(FailureKind::full, "disk full"); });
  CHECK(error_of<Failure>(saved).kind == FailureKind::full);
  bench.check_that_nothing_is_stored();
}

TEST_CASE("a statement cannot end the transaction under the store's feet") {
  Bench bench;
  const auto at_second = [&](auto work) {
    return bench.commit([&bench, work](const RecordedEvent& e) -> std::optional<Failure> {
      if (e.position.value == 2) return work(e);
      return bench.insert(e);
    });
  };
  SECTION("by a conflict that rolls back") {
    const auto failed = error_of<WriteFailed>(
        at_second([&](const RecordedEvent&) { return bench.execute("INSERT INTO seen VALUES(1)"); }));
    CHECK(failed.index == 1);
  }
  SECTION("by a conflict that rolls back, and that nobody noticed") {
    const auto failed = error_of<WriteFailed>(at_second([&](const RecordedEvent&) -> std::optional<Failure> {
      CHECK(bench.execute("INSERT INTO seen VALUES(1)"));
      CHECK(bench.execute("INSERT INTO seen VALUES(7)"));  // would be a transaction of its own by now
      return std::nullopt;
    }));
    CHECK(failed.index == 1);
    CHECK_THAT(failed.cause.what, Contains("ended the transaction"));
  }
  SECTION("by committing") {
    CHECK_FALSE(at_second([&](const RecordedEvent&) -> std::optional<Failure> {
      (void)bench.execute("COMMIT");
      return std::nullopt;
    }));
  }
  SECTION("by rolling back") {
    CHECK_FALSE(at_second([&](const RecordedEvent&) { return bench.execute("ROLLBACK"); }));
  }
  bench.check_that_nothing_is_stored();
  CHECK(bench.commit([&](const RecordedEvent& e) { return bench.insert(e); }));  // and the store goes on
}

TEST_CASE("writes for a projection that is not installed are refused") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  const std::vector<RecordedEvent> events(1);
  SaveCheckpoint save = save_of({}, 1);
  save.writes.runs = {events};
  CHECK(error_of<Failure>(store.perform(save)).kind == FailureKind::invalid);
  CHECK(checkpoint(store) == std::nullopt);
}

TEST_CASE("a commit counts only with the fence of the lease that is held, checked inside of it") {
  const Folder folder;
  const HandClock clock;
  auto a = open_store(folder / "a.db", {.clock = clock.source()});
  auto b = open_store(folder / "a.db", {.clock = clock.source()});
  CHECK(error_of<LostLeadership>(a.perform(save_of({}, 1, Fence{1}))).holder.empty());  // nobody ever led

  const Lease first = acquire(a, "a").value();
  CHECK(a.perform(save_of({}, 1, first.fence)));
  CHECK(std::get<LeaseHeld>(acquire(b, "b").error()) == LeaseHeld{"a", 10s});
  clock.advance(10s);
  const Lease second = acquire(b, "b").value();
  CHECK(second.fence > first.fence);

  SaveCheckpoint stale = save_of(1, 2, first.fence);
  stale.quarantined = {record(2)};
  CHECK(error_of<LostLeadership>(a.perform(stale)).holder == "b");
  CHECK(checkpoint(a)->position == Position{1});
  CHECK(a.quarantined(orders)->empty());
  CHECK(b.perform(save_of(1, 2, second.fence)));

  REQUIRE(b.perform(ReleaseLease{orders, second}));
  CHECK(error_of<LostLeadership>(b.perform(save_of(2, 3, second.fence))).holder.empty());
  CHECK(b.perform(save_of(2, 3)));  // without a fence none is checked
}

TEST_CASE("fences grow over expiry, release and acquiring again, and survive a restart") {
  const Folder folder;
  const HandClock clock;
  std::optional<Fence> last;
  const auto grows = [&](const AcquireLease::reply& lease) {
    REQUIRE(lease);
    CHECK(lease->fence > last);
    last = lease->fence;
    return *lease;
  };
  {
    auto store = open_store(folder / "a.db", {.clock = clock.source()});
    grows(acquire(store, "a"));
    const Lease again = grows(acquire(store, "a"));
    REQUIRE(store.perform(ReleaseLease{orders, again}));
    grows(acquire(store, "b"));
    clock.advance(1h);
    grows(acquire(store, "a"));
    clock.advance(1h);
  }
  auto store = open_store(folder / "a.db", {.clock = clock.source()});
  const Lease after_restart = grows(acquire(store, "c"));
  CHECK(store.perform(ReleaseLease{ProjectionId("other"), after_restart}));
  CHECK_FALSE(acquire(store, "d"));
}

TEST_CASE("a lease can be renewed while nobody else took it, and not after") {
  const Folder folder;
  const HandClock clock;
  auto store = open_store(folder / "a.db", {.clock = clock.source()});
  const Lease lease = acquire(store, "a").value();
  clock.advance(9s);
  CHECK(store.perform(RenewLease{orders, lease, 10s}).value() == lease);
  clock.advance(9s);
  CHECK(std::get<LeaseHeld>(acquire(store, "b").error()).expires_in == 1s);
  clock.advance(1h);
  CHECK(store.perform(RenewLease{orders, lease, 10s}));  // expired, and still nobody's but this owner's
  clock.advance(10s);
  const Lease taken = acquire(store, "b").value();
  const auto lost = store.perform(RenewLease{orders, lease, 10s});
  CHECK(std::get<LostLeadership>(lost.error()).holder == "b");
  CHECK(store.perform(ReleaseLease{orders, lease}));  // giving back what is lost changes nothing
  CHECK_FALSE(acquire(store, "a"));
  CHECK(store.perform(ReleaseLease{orders, taken}));
  CHECK(std::get<LostLeadership>(store.perform(RenewLease{orders, taken, 10s}).error()).holder.empty());
  CHECK(acquire(store, "a"));
}

TEST_CASE("a lease of any length neither overflows nor is forgotten") {
  const Folder folder;
  const HandClock clock;
  auto store = open_store(folder / "a.db", {.clock = clock.source()});
  for (const auto ttl : {0ns, -1ns, std::chrono::nanoseconds::min()}) {
    CHECK(std::get<Failure>(acquire(store, "a", ttl).error()).kind == FailureKind::invalid);
  }
  const Lease lease = acquire(store, "a", std::chrono::nanoseconds::max()).value();
  clock.advance(std::chrono::hours(24 * 365 * 200));
  CHECK(std::get<LeaseHeld>(acquire(store, "b").error()).owner == "a");
  *clock.now = -1h;
  CHECK(std::get<LeaseHeld>(acquire(store, "b").error()).expires_in == std::chrono::nanoseconds::max());
  CHECK(store.perform(RenewLease{orders, lease, 1ns}));
  *clock.now = 0ns;
  CHECK(acquire(store, "b", 1ns));
}
