// Every way in which a store cannot be opened or used, made to happen.
#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <csignal>

#include "children.hpp"
#include "files.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;
using Catch::Contains;

namespace {

std::string kind_and_text(const Failure& failure) {
  return std::string(to_string(failure.kind)) + "/" + to_string(failure);
}

std::string outcome(const tl::expected<SqliteStore, Failure>& opened) {
  return opened ? "opened" : kind_and_text(opened.error());
}

std::string outcome(const AppendEvents::reply& done) {
  return done ? "appended" : kind_and_text(std::get<Failure>(done.error()));
}

/// Gives up the right to do everything; true when this process has it no more.
bool become_nobody() {
  if (::geteuid() != 0) return true;
  return ::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0;
}

void write_file(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("an absent file becomes a store that only its owner can read") {
  const Folder folder;
  {
    auto store = open_store(folder / "new.db");
    appended(store, {event("s")});
    for (const char* name : {"new.db", "new.db-wal", "new.db-shm"}) {
      CAPTURE(name);
      struct stat found {};
      REQUIRE(::stat((folder / name).c_str(), &found) == 0);
      CHECK((found.st_mode & 0777) == 0600);
    }
  }
  const PlainSqlite plain(folder / "new.db");
  CHECK(plain.run("PRAGMA application_id") == std::vector<std::string>{std::to_string(0x4C4E5452)});
  CHECK(plain.run("PRAGMA user_version") == std::vector<std::string>{"4"});
  CHECK(plain.run("PRAGMA journal_mode") == std::vector<std::string>{"wal"});
  CHECK(plain.run("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'lantern~_%' ESCAPE '~'") ==
        std::vector<std::string>{"sqlite_sequence"});
}

TEST_CASE("an empty file is a store that has not begun") {
  const Folder folder;
  write_file(folder / "empty.db", "");
  SqliteOptions reading;
  reading.access = StoreAccess::read_only;
  CHECK(failure_to_open(folder / "empty.db", reading).kind == FailureKind::not_a_store);
  auto store = open_store(folder / "empty.db");
  CHECK(appended(store, {event("s")}).last == Position{1});
}

TEST_CASE("everything is there after the store was closed and opened again") {
  const Folder folder;
  const ProjectionId id("p", "t");
  {
    auto store = open_store(folder / "a.db");
    appended(store, {event("s", "A", "1", "id-1"), event("s", "B", "2")});
    SaveCheckpoint save;
    save.projection = id;
    save.generation = Generation{1};
    save.through = Position{2};
    save.quarantined = {{Position{1}, "s", "A", QuarantineReason::skipped, 1, "bad"}};
    REQUIRE(store.perform(save));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "a.db-wal"));  // the last to close tidies up
  auto store = open_store(folder / "a.db");
  CHECK(*store.perform(LoadCheckpoint{id}) == Checkpoint{Position{2}, Generation{1}});
  CHECK(store.quarantined(id)->size() == 1);
  CHECK(appended(store, {event("s", "A", "1", "id-1")}).duplicates == 1);
  CHECK(*store.head() == Position{2});
}

TEST_CASE("a missing file or folder is told apart from a store") {
  const Folder folder;
  SqliteOptions options;
  options.access = GENERATE(StoreAccess::open_existing, StoreAccess::read_only);
  const Failure failure = failure_to_open(folder / "absent.db", options);
  CHECK(failure.kind == FailureKind::not_a_store);
  CHECK_THAT(to_string(failure), Contains("there is no store") && Contains("absent.db"));
  CHECK_FALSE(std::filesystem::exists(folder / "absent.db"));

  CHECK(failure_to_open(folder / "no-such-folder/a.db").kind == FailureKind::not_a_store);
}

TEST_CASE("what is not a plain file of its own name is refused") {
  const Folder folder;
  open_store(folder / "real.db");
  std::filesystem::create_symlink(folder / "real.db", folder / "link.db");
  const Failure link = failure_to_open(folder / "link.db");
  CHECK(link.kind == FailureKind::denied);
  CHECK_THAT(link.what, Contains("symbolic link"));

  CHECK_THAT(failure_to_open(folder.path()).what, Contains("a folder cannot be a store"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(failure_to_open(folder / "pipe").what, Contains("plain file"));
  for (const char* path : {"", ":memory:"}) CHECK(failure_to_open(path).kind == FailureKind::invalid);
}

TEST_CASE("a folder that is a symbolic link is followed, and a URI is a file's name like any other") {
  const Folder folder;
  std::filesystem::create_directory(folder / "real");
  std::filesystem::create_directory_symlink(folder / "real", folder / "link");
  CHECK(open_store(folder / "link/a.db").file() == std::filesystem::canonical(folder / "real") / "a.db");

  open_store(folder / "file:b.db?mode=memory");
  CHECK(std::filesystem::exists(folder / "file:b.db?mode=memory"));
}

TEST_CASE("a file that is no database is refused and left as it is") {
  const Folder folder;
  const std::string text = GENERATE(as<std::string>{}, "x", "{\"stream\":\"s\"}\n", std::string(100'000, 'y'),
                                    std::string("SQLite format 3\0 but no more", 28));
  write_file(folder / "notes.txt", text);
  const Failure failure = failure_to_open(folder / "notes.txt");
  CAPTURE(failure);
  CHECK(failure.kind == FailureKind::not_a_store);
  CHECK_THAT(failure.what, Contains("notes.txt"));
  CHECK(content(folder / "notes.txt") == text);
}

TEST_CASE("a database of another application is refused and left as it is") {
  const Folder folder;
  const auto sql = GENERATE(as<std::string>{}, "CREATE TABLE orders(id)", "PRAGMA application_id=42",
                            "PRAGMA user_version=7", "CREATE TABLE lantern_events(position INTEGER PRIMARY KEY)");
  CAPTURE(sql);
  PlainSqlite(folder / "other.db").run(sql);
  const std::string before = content(folder / "other.db");
  for (const auto access : {StoreAccess::create, StoreAccess::open_existing, StoreAccess::read_only}) {
    SqliteOptions options;
    options.access = access;
    const Failure failure = failure_to_open(folder / "other.db", options);
    CHECK(failure.kind == FailureKind::not_a_store);
    CHECK_THAT(failure.what, Contains("another application") && Contains("other.db"));
  }
  CHECK(content(folder / "other.db") == before);
}

TEST_CASE("a store from the future is refused and left as it is") {
  const Folder folder;
  open_store(folder / "a.db");
  PlainSqlite(folder / "a.db").run("PRAGMA user_version=5");
  const Failure failure = failure_to_open(folder / "a.db");
  CHECK(failure.kind == FailureKind::incompatible);
  CHECK_THAT(to_string(failure), Contains("later lantern") && Contains("schema version 5; this one knows 4"));
  CHECK(PlainSqlite(folder / "a.db").run("PRAGMA user_version") == std::vector<std::string>{"5"});
}

TEST_CASE("an older store is brought up to date when it is opened for writing, in one transaction") {
  const Folder folder;
  PlainSqlite(folder / "old.db").run("PRAGMA application_id=0x4C4E5452");  // of version 0: without any tables
  SqliteOptions reading;
  reading.access = StoreAccess::read_only;
  const Failure failure = failure_to_open(folder / "old.db", reading);
  CHECK(failure.kind == FailureKind::incompatible);
  CHECK_THAT(to_string(failure), Contains("earlier lantern") && Contains("schema version 0"));

  SECTION("whole") {
    auto store = open_store(folder / "old.db");
    CHECK(appended(store, {event("s")}).last == Position{1});
    CHECK(PlainSqlite(folder / "old.db").run("PRAGMA user_version") == std::vector<std::string>{"4"});
  }
  SECTION("or not at all, where something is in the way") {
    PlainSqlite(folder / "old.db").run("CREATE TABLE lantern_leases(a)");
    CHECK_THAT(failure_to_open(folder / "old.db").what, Contains("lantern_leases already exists"));
    const PlainSqlite plain(folder / "old.db");
    CHECK(plain.run("SELECT group_concat(name) FROM sqlite_schema") == std::vector<std::string>{"lantern_leases"});
    CHECK(plain.run("PRAGMA user_version") == std::vector<std::string>{"0"});
  }
}

TEST_CASE("a store whose tables were changed by somebody else is refused") {
  const Folder folder;
  open_store(folder / "a.db");
  PlainSqlite(folder / "a.db").run("DROP TABLE lantern_leases");
  const Failure failure = failure_to_open(folder / "a.db");
  CAPTURE(failure);
  CHECK(failure.kind == FailureKind::corrupt);
  CHECK_THAT(failure.what, Contains("lantern_leases") && Contains("a.db"));
}

TEST_CASE("damaged bytes are reported as damage, with the file's name") {
  const Folder folder;
  {
    auto store = open_store(folder / "a.db");
    std::vector<NewEvent> events;
    for (int i = 0; i < 2000; ++i) events.push_back(event("s", "T", std::string(200, 'd'), "id-" + std::to_string(i)));
    appended(store, std::move(events));
  }
  {
    std::fstream file(folder / "a.db", std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 20; page < 60; ++page) {
      file.seekp(page * 4096);
      file << std::string(512, '\xA5');
    }
  }
  auto store = open_store(folder / "a.db");
  Failure failure;
  for (ReadEvents ask{{}, std::nullopt, 100};;) {
    const auto page = store.perform(ask);
    if (!page) {
      failure = page.error();
      break;
    }
    REQUIRE_FALSE(page->at_head());
    ask.after = page->scanned_to;
  }
  CHECK(failure.kind == FailureKind::corrupt);
  CHECK_THAT(to_string(failure), Contains("damaged") && Contains("a.db") && Contains("restore a backup"));
}

TEST_CASE("a store that is opened read-only can be read and refuses every write") {
  const Folder folder;
  auto writing = open_store(folder / "a.db");
  appended(writing, {event("s")});
  SqliteOptions options;
  options.access = StoreAccess::read_only;
  auto store = open_store(folder / "a.db", options);
  CHECK(walk(store).size() == 1);
  CHECK_THAT(outcome(store.append({event("s")})), Contains("denied/") && Contains("read-only") && Contains("a.db"));
  CHECK(std::get<Failure>(store.perform(AcquireLease{ProjectionId("p"), "me", std::chrono::seconds(1)}).error()).kind ==
        FailureKind::denied);
  CHECK(std::get<Failure>(store.perform(SaveCheckpoint{ProjectionId("p"), Generation{1}}).error()).kind ==
        FailureKind::denied);
  CHECK(store.record_run(ProjectionId("p"), Generation{1}, {}).error().kind == FailureKind::denied);
}

TEST_CASE("missing permissions are told, for the file and for its folder") {
  const Folder folder;
  open_store(folder / "a.db");
  const auto as_nobody = [&](const std::filesystem::path& file, StoreAccess access) {
    return in_child([&] {
      if (!become_nobody()) return std::string("cannot drop privileges");
      SqliteOptions options;
      options.access = access;
      return outcome(SqliteStore::open(file, options));
    });
  };
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  const bool is_root = ::geteuid() == 0;

  REQUIRE(::chmod((folder / "a.db").c_str(), 0000) == 0);
  CHECK_THAT(as_nobody(folder / "a.db", StoreAccess::open_existing), Contains("denied/") && Contains("a.db"));
  if (is_root) {  // an owner could not be kept out otherwise
    REQUIRE(::chmod((folder / "a.db").c_str(), 0644) == 0);
    CHECK_THAT(as_nobody(folder / "a.db", StoreAccess::open_existing), Contains("denied/") && Contains("read-only"));
    CHECK_THAT(as_nobody(folder / "new.db", StoreAccess::create), Contains("denied/") && Contains("new.db"));
    CHECK_THAT(as_nobody(folder / "a.db", StoreAccess::read_only), Contains("denied/") && Contains("folder"));
  }
  REQUIRE(::chmod(folder.path().c_str(), 0000) == 0);
  CHECK_THAT(as_nobody(folder / "a.db", StoreAccess::open_existing), Contains("denied/"));
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
}

TEST_CASE("a store that another connection writes to is busy, and free again afterwards") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  appended(store, {event("s")});
  const PlainSqlite other(folder / "a.db");
  other.run("BEGIN IMMEDIATE");
  CHECK_THAT(outcome(store.append({event("s")})), Contains("busy/") && Contains("locked") && Contains("a.db"));
  CHECK(std::get<Failure>(store.perform(AcquireLease{ProjectionId("p"), "me", std::chrono::seconds(1)}).error()).kind ==
        FailureKind::busy);
  CHECK(walk(store).size() == 1);              // a reader never waits for a writer
  CHECK_NOTHROW(open_store(folder / "a.db"));  // nor does opening a store that is up to date
  other.run("COMMIT");
  CHECK(outcome(store.append({event("s")})) == "appended");
}

TEST_CASE("a write waits as long as it was told to for another connection that writes") {
  const Folder folder;
  auto store = open_store(folder / "a.db", {.busy_timeout = std::chrono::milliseconds(50)});
  const PlainSqlite other(folder / "a.db");
  other.run("BEGIN IMMEDIATE");
  const auto began = std::chrono::steady_clock::now();
  CHECK_THAT(outcome(store.append({event("s")})), Contains("busy/"));
  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(50));
}

TEST_CASE("a reader waits a moment for a connection that is closing or recovers the file") {
  const Folder folder;
  appended(*std::make_unique<SqliteStore>(open_store(folder / "a.db")), {event("s")});
  auto store = open_store(folder / "a.db", {.access = StoreAccess::read_only});
  {
    const PlainSqlite alone(folder / "a.db");
    alone.run("PRAGMA locking_mode = EXCLUSIVE");
    alone.run("BEGIN IMMEDIATE");
    const auto began = std::chrono::steady_clock::now();
    const auto refused = store.perform(ReadEvents{});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == FailureKind::busy);
    CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(500));
  }
  CHECK(walk(store).size() == 1);
}

TEST_CASE("a full disk loses nothing that was acknowledged, and the store goes on when there is room") {
  const Folder folder;
  appended(*std::make_unique<SqliteStore>(open_store(folder / "a.db")), {event("s", "T", "first")});
  const std::string answer = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    auto store = open_store(folder / "a.db");
    const rlimit little{256 << 10, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &little);
    int acknowledged = 0;
    std::string last;
    for (; acknowledged < 100; ++acknowledged) {
      const auto done = store.append({event("s", "T", std::string(20'000, 'x'))});
      if (!done) {
        last = outcome(done);
        break;
      }
    }
    const rlimit enough{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &enough);
    last += " then " + outcome(store.append({event("s", "T", "last")}));
    return std::to_string(acknowledged) + " " + last;
  });
  CAPTURE(answer);
  CHECK_THAT(answer, Contains("full/") && Contains("no space is left") && Contains("then appended"));
  const int acknowledged = std::stoi(answer);
  CHECK(acknowledged > 0);
  CHECK(acknowledged < 100);
  auto store = open_store(folder / "a.db");
  CHECK(walk(store).size() == static_cast<std::size_t>(acknowledged) + 2);
  CHECK(PlainSqlite(folder / "a.db").run("PRAGMA integrity_check") == std::vector<std::string>{"ok"});
}

TEST_CASE("many processes may create one store at once") {
  const Folder folder;
  int gate[2];
  REQUIRE(::pipe(gate) == 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(gate[1]);
      char none = 0;
      (void)!::read(gate[0], &none, 1);  // ends when the parent opens the gate
      SqliteOptions options;
      options.busy_timeout = std::chrono::seconds(20);
      auto store = SqliteStore::open(folder / "a.db", options);
      ::_exit(store && store->append({event("s" + std::to_string(i))}) ? 0 : 1);
    }
    children.push_back(child);
  }
  ::close(gate[0]);
  ::close(gate[1]);
  for (const pid_t child : children) {
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  auto store = open_store(folder / "a.db");
  CHECK(walk(store).size() == 6);
}
