// The disk itself: what a loss of power leaves, what is shared and locked, and what fails.
#include "disk_support.hpp"

#include <algorithm>
#include <set>

using namespace lantern::testing_disk;
using Catch::Contains;
using lantern::testing::Departure;
using lantern::testing::explore;

namespace {

/// A file by SQLite's own VFS methods, as a journal or a database would be.
class RawFile {
 public:
  RawFile(const SimulatedDisk& disk, const char* name, int kind = SQLITE_OPEN_MAIN_DB)
      : vfs_(sqlite3_vfs_find(disk.vfs())), bytes_(static_cast<std::size_t>(vfs_->szOsFile)) {
    opened = vfs_->xOpen(vfs_, name, get(), kind | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  ~RawFile() {
    if (get()->pMethods) get()->pMethods->xClose(get());
  }
  int write(const std::string& text, int offset) {
    return get()->pMethods->xWrite(get(), text.data(), static_cast<int>(text.size()), offset);
  }
  int sync() { return get()->pMethods->xSync(get(), SQLITE_SYNC_NORMAL); }
  int truncate(int size) { return get()->pMethods->xTruncate(get(), size); }
  int lock(int level) { return get()->pMethods->xLock(get(), level); }
  int unlock(int level) { return get()->pMethods->xUnlock(get(), level); }
  int remove(const char* name, bool sync_folder) { return vfs_->xDelete(vfs_, name, sync_folder ? 1 : 0); }
  int opened{};

 private:
  sqlite3_file* get() { return reinterpret_cast<sqlite3_file*>(bytes_.data()); }
  sqlite3_vfs* vfs_;
  std::vector<std::max_align_t> bytes_;
};

/// Everything that a loss of power may leave of this file.
std::set<std::string> all_that_may_be_left(const SimulatedDisk::Image& image, const char* name) {
  std::set<std::string> left;
  explore({.total = 100}, [&](Choices& choices) {
    SimulatedDisk disk;
    disk.restore(image);
    disk.lose_power(choices);
    left.insert(disk.contents(name).value_or("(none)"));
  });
  return left;
}

using Texts = std::set<std::string>;

}  // namespace

TEST_CASE("what is written is read, what is not synced is kept or lost with the power, each write by itself") {
  SimulatedDisk disk;
  RawFile file(disk, "/a", SQLITE_OPEN_MAIN_JOURNAL);
  REQUIRE(file.opened == SQLITE_OK);
  file.write("aaa", 0);
  file.sync();
  file.write("B", 0);
  file.write("C", 2);
  CHECK(disk.contents("/a") == "BaC");
  CHECK(all_that_may_be_left(disk.image(), "/a") == Texts{"aaa", "Baa", "aaC", "BaC"});
  file.sync();
  CHECK(all_that_may_be_left(disk.image(), "/a") == Texts{"BaC"});
  CHECK(disk.changes() == 6);  // made, written and synced, written twice, synced
}

TEST_CASE("a write that is torn is kept in some of its sectors, and bytes around it never change") {
  SimulatedDisk disk;
  RawFile file(disk, "/a", SQLITE_OPEN_MAIN_JOURNAL);
  file.write(std::string(1536, '.'), 0);
  file.sync();
  file.write(std::string(1024, 'x'), 256);  // in three sectors: 256, 512 and 256 bytes
  const auto seen = all_that_may_be_left(disk.image(), "/a");
  CHECK(seen.size() == 8);
  for (const std::string& each : seen) {
    CHECK(each.size() == 1536);
    CHECK(each.substr(0, 256) == std::string(256, '.'));
    CHECK(each.substr(1280) == std::string(256, '.'));
    for (const auto& part : {each.substr(256, 256), each.substr(512, 512), each.substr(1024, 256)}) {
      CHECK(part.find_first_not_of(part.front()) == part.npos);
    }
  }
}

TEST_CASE("a write beyond what is left leaves zeros between, and a truncation is kept or lost") {
  SimulatedDisk disk;
  RawFile file(disk, "/a", SQLITE_OPEN_MAIN_JOURNAL);
  file.write("ab", 0);
  file.sync();
  file.write("c", 2);
  file.write("d", 3);
  CHECK(all_that_may_be_left(disk.image(), "/a") == Texts{"ab", "abc", "abcd", {'a', 'b', '\0', 'd'}});
  file.sync();
  file.truncate(1);
  CHECK(disk.contents("/a") == "a");
  CHECK(all_that_may_be_left(disk.image(), "/a") == Texts{"abcd", "a"});
}

TEST_CASE("a file that was made or deleted may be gone or back until its folder is synced") {
  SimulatedDisk disk;
  RawFile database(disk, "/f/a.db");
  database.write("1", 0);
  database.sync();  // says nothing of its name
  CHECK(all_that_may_be_left(disk.image(), "/f/a.db") == Texts{"(none)", "1"});
  {
    RawFile elsewhere(disk, "/g/x-journal", SQLITE_OPEN_MAIN_JOURNAL);
    elsewhere.sync();
    CHECK(all_that_may_be_left(disk.image(), "/f/a.db") == Texts{"(none)", "1"});
  }
  {
    RawFile journal(disk, "/f/a.db-journal", SQLITE_OPEN_MAIN_JOURNAL);
    journal.write("j", 0);
    journal.sync();
  }
  CHECK(all_that_may_be_left(disk.image(), "/f/a.db") == Texts{"1"});
  CHECK(all_that_may_be_left(disk.image(), "/f/a.db-journal") == Texts{"j"});

  database.remove("/f/a.db-journal", false);
  CHECK_FALSE(disk.contents("/f/a.db-journal"));
  CHECK(all_that_may_be_left(disk.image(), "/f/a.db-journal") == Texts{"(none)", "j"});
  RawFile again(disk, "/f/a.db-journal", SQLITE_OPEN_MAIN_JOURNAL);
  again.write("k", 0);
  CHECK(all_that_may_be_left(disk.image(), "/f/a.db-journal") == Texts{"(none)", "j", "", "k"});
  again.remove("/f/a.db-journal", true);
  CHECK(all_that_may_be_left(disk.image(), "/f/a.db-journal") == Texts{"(none)"});
}

TEST_CASE("by the same choices the same is left, and without departures all of it") {
  SimulatedDisk disk;
  Client client(disk, "/a.db");
  CHECK(client.ask("PRAGMA synchronous=OFF; CREATE TABLE t(x); INSERT INTO t VALUES (randomblob(9000))") == "");
  const auto image = disk.image();
  const auto left_by = [&](Choices choices) {
    disk.restore(image);
    disk.lose_power(choices);
    return disk.contents("/a.db");
  };
  const auto whole = left_by(Choices::by_script({}));
  CHECK(whole == (disk.restore(image), disk.contents("/a.db")));
  std::set<std::optional<std::string>> different;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto left = left_by(Choices::by_seed(seed));
    CHECK(left == left_by(Choices::by_seed(seed)));
    different.insert(left);
  }
  CHECK(different.size() > 10);
}

TEST_CASE("who dies changes nothing any more, whatever it does when it is closed") {
  SimulatedDisk disk;
  auto old = std::make_unique<Client>(disk, "/a.db");
  CHECK(old->ask("PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1)") == "wal");
  disk.die_at(disk.changes() + 2);
  CHECK_THAT(old->ask("INSERT INTO t VALUES (2)"), Contains("disk I/O error"));
  CHECK(disk.is_dead());
  CHECK_THAT(old->ask("SELECT * FROM t"), Contains("disk I/O error"));
  disk.restart();
  CHECK_FALSE(disk.is_dead());
  Client next(disk, "/a.db");
  CHECK(next.ask("SELECT * FROM t") == "1");
  const auto before = disk.changes();
  CHECK_THAT(old->ask("INSERT INTO t VALUES (3)"), Contains("disk I/O error"));
  old.reset();
  CHECK(disk.changes() == before);
  CHECK(next.ask("INSERT INTO t VALUES (4); SELECT * FROM t; PRAGMA integrity_check") == "1 4 ok");
}

TEST_CASE("connections share a WAL and its memory, see each other's commits, and exclude each other's writes") {
  SimulatedDisk disk;
  Client one(disk, "/a.db"), two(disk, "/a.db");
  CHECK(one.ask("PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1)") == "wal");
  CHECK(two.ask("SELECT * FROM t") == "1");
  CHECK_FALSE(disk.is_in_transaction());
  CHECK(one.ask("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)") == "");
  CHECK(disk.is_in_transaction());
  CHECK(two.run("BEGIN IMMEDIATE") == SQLITE_BUSY);
  CHECK(two.ask("BEGIN; SELECT * FROM t") == "1");
  CHECK(one.ask("COMMIT") == "");
  CHECK(two.ask("SELECT * FROM t") == "1");  // its snapshot
  CHECK(disk.is_in_transaction());
  CHECK(two.ask("COMMIT; SELECT * FROM t") == "1 2");
  CHECK_FALSE(disk.is_in_transaction());
  CHECK(one.ask("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
  CHECK(disk.contents("/a.db-wal") == "");
}

TEST_CASE("in rollback mode locks go from shared to exclusive as on any disk") {
  SimulatedDisk disk;
  RawFile one(disk, "/a.db"), two(disk, "/a.db"), three(disk, "/a.db");
  CHECK(one.lock(SQLITE_LOCK_SHARED) == SQLITE_OK);
  CHECK(two.lock(SQLITE_LOCK_SHARED) == SQLITE_OK);
  CHECK(one.lock(SQLITE_LOCK_RESERVED) == SQLITE_OK);
  CHECK(two.lock(SQLITE_LOCK_RESERVED) == SQLITE_BUSY);
  CHECK(three.lock(SQLITE_LOCK_SHARED) == SQLITE_OK);
  CHECK(three.unlock(SQLITE_LOCK_NONE) == SQLITE_OK);
  CHECK(one.lock(SQLITE_LOCK_EXCLUSIVE) == SQLITE_BUSY);  // it is pending now
  CHECK(three.lock(SQLITE_LOCK_SHARED) == SQLITE_BUSY);
  CHECK(two.unlock(SQLITE_LOCK_NONE) == SQLITE_OK);
  CHECK(one.lock(SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK);
  CHECK(one.unlock(SQLITE_LOCK_NONE) == SQLITE_OK);
  CHECK(three.lock(SQLITE_LOCK_SHARED) == SQLITE_OK);
}

TEST_CASE("an operation fails once or for ever, as its trouble has it, until the disk is healed") {
  const auto codes_of = [](DiskFault fault, const std::string& sql) {
    SimulatedDisk disk;
    Client client(disk, "/a.db");
    REQUIRE(client.run("CREATE TABLE t(x); INSERT INTO t VALUES (1)") == SQLITE_OK);
    disk.fail(fault);
    std::vector<int> codes{client.run(sql)};
    codes.push_back(client.run(sql));
    disk.heal();
    codes.push_back(client.run(sql));
    CHECK(disk.failures() >= 1);
    CHECK(client.ask("PRAGMA integrity_check") == "ok");
    return codes;
  };
  const std::string write = "INSERT INTO t VALUES (2)";
  CHECK(codes_of({Trouble::busy, 1, false}, write) == std::vector{SQLITE_BUSY, SQLITE_OK, SQLITE_OK});
  CHECK(codes_of({Trouble::busy, 1, true}, write) == std::vector{SQLITE_BUSY, SQLITE_BUSY, SQLITE_OK});
  CHECK(codes_of({Trouble::full, 2, false}, write) == std::vector{SQLITE_FULL, SQLITE_OK, SQLITE_OK});
  CHECK(codes_of({Trouble::io_error, 1, false}, write) == std::vector{SQLITE_IOERR_LOCK, SQLITE_OK, SQLITE_OK});
}

TEST_CASE("a sync that failed has forgotten what it should have synced, and a later one does not make up for it") {
  SimulatedDisk disk;
  RawFile file(disk, "/a", SQLITE_OPEN_MAIN_JOURNAL);
  file.write("aa", 0);
  REQUIRE(file.sync() == SQLITE_OK);
  file.write("b", 0);
  disk.fail({Trouble::io_error, 1, false});
  CHECK(file.sync() == SQLITE_IOERR_FSYNC);
  CHECK(disk.contents("/a") == "ba");
  CHECK(file.sync() == SQLITE_OK);
  CHECK(all_that_may_be_left(disk.image(), "/a") == Texts{"aa"});
  file.write("c", 1);
  CHECK(all_that_may_be_left(disk.image(), "/a") == Texts{"aa", "ac"});
}

TEST_CASE("an image is a value: what is done after it was taken is not in it, and it can be restored again and again") {
  SimulatedDisk disk;
  { CHECK(Client(disk, "/a.db").ask("CREATE TABLE t(x)") == ""); }
  const auto image = disk.image();
  for (int round = 0; round < 3; ++round) {
    disk.restore(image);
    CHECK(Client(disk, "/a.db").ask("INSERT INTO t VALUES (1); SELECT count(*) FROM t") == "1");
  }
  SimulatedDisk other;
  other.restore(image);
  CHECK(Client(other, "/a.db").ask("SELECT count(*) FROM t") == "0");
  other.restore({});
  CHECK_FALSE(other.contents("/a.db"));
}

TEST_CASE("images are equal when the same names have the same bytes, and the same of them is not synced") {
  const auto after = [](const auto& work) {
    SimulatedDisk disk;
    work(disk);
    return disk.image();
  };
  const auto writes = [&](const char* name, const std::string& text, bool syncs) {
    return after([&](const SimulatedDisk& disk) {
      RawFile file(disk, name, SQLITE_OPEN_MAIN_JOURNAL);
      file.write(text, 0);
      if (syncs) CHECK(file.sync() == SQLITE_OK);
    });
  };
  const auto image = writes("/a", "text", true);
  CHECK(image == writes("/a", "text", true));
  CHECK_FALSE(image == writes("/a", "Text", true));
  CHECK_FALSE(image == writes("/a", "tex", true));
  CHECK_FALSE(image == writes("/b", "text", true));
  CHECK_FALSE(image == writes("/a", "text", false));
  CHECK(after([](const SimulatedDisk&) {}) == SimulatedDisk::Image{});
  CHECK_FALSE(image == SimulatedDisk::Image{});
}

TEST_CASE("disks are apart, and a disk that is gone is no VFS any more") {
  std::string name;
  {
    SimulatedDisk one, two;
    CHECK(Client(one, "/a.db").ask("CREATE TABLE t(x)") == "");
    CHECK(Client(two, "/a.db").ask("SELECT count(*) FROM sqlite_schema") == "0");
    CHECK(std::string(one.vfs()) != two.vfs());
    name = one.vfs();
    CHECK(sqlite3_vfs_find(name.c_str()));
  }
  CHECK_FALSE(sqlite3_vfs_find(name.c_str()));
}
