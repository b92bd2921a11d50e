// A leader that is paused for longer than its lease, while another process takes over and rebuilds.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "child.hpp"

namespace {

std::string chain(int version) {
  return "-- projection: chain\n-- version: " + std::to_string(version) + R"(
-- setup
CREATE TABLE chain (one INTEGER PRIMARY KEY, events INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT;
-- on *
INSERT INTO chain VALUES (1, 1, :position) ON CONFLICT (one) DO UPDATE
SET events = events + 1, hash = (hash * 31 + :position) % 1000003;
)";
}

std::string table(const std::string& store) {
  const Ended ended = lantern_run({"query", "--store", store, "--csv", "SELECT * FROM chain"});
  REQUIRE(ended.err == "");
  return ended.out;
}

char state_of(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/stat");
  const std::string line{std::istreambuf_iterator<char>(in), {}};
  return line.at(line.rfind(") ") + 2);
}

// Whether any process holds the store's write lock (https://sqlite.org/walformat.html, "WAL locks").
bool is_being_written(const std::string& store) {
  const int shared = ::open((store + "-shm").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(shared >= 0);
  struct flock write_lock {};
  write_lock.l_type = F_WRLCK;
  write_lock.l_start = 120;
  write_lock.l_len = 1;
  const bool asked = ::fcntl(shared, F_GETLK, &write_lock) == 0;
  ::close(shared);
  REQUIRE(asked);
  return write_lock.l_type != F_UNLCK;
}

// Stops it where it holds no lock, so that all others can go on.
void pause(Child& child, const std::string& store) {
  for (;;) {
    child.send(SIGSTOP);
    while (state_of(child.pid()) != 'T') REQUIRE_FALSE(child.ends_within(std::chrono::milliseconds(1)));
    if (!is_being_written(store)) return;
    child.send(SIGCONT);
    // It gets on with its commit, however busy the machine is, before it is stopped again.
    while (is_being_written(store)) REQUIRE_FALSE(child.ends_within(std::chrono::milliseconds(1)));
  }
}

}  // namespace

TEST_CASE("a leader that was paused while another rebuilt its projection commits nothing when it goes on") {
  constexpr int count = 30'000;
  const TempFolder folder;
  const std::string store = folder / "s.db", undisturbed = folder / "u.db";
  std::string text;
  for (int n = 0; n < count; ++n) text += R"({"stream":"s","type":"t","data":)" + std::to_string(n) + "}\n";
  for (const auto& each : {store, undisturbed}) {
    REQUIRE(lantern_run({"import", "--store", each, "-"}, {.input = text}).code == 0);
  }
  write_file(folder / "one.sql", chain(1));
  write_file(folder / "two.sql", chain(2));
  REQUIRE(lantern_run({"run", "--store", undisturbed, folder / "two.sql"}).code == 0);
  const std::string expected = table(undisturbed);

  // Paused half-way, with events in hand.
  Child leader(lantern_words({"run", "--store", store, "--json", "--batch", "10", folder / "one.sql"}));
  REQUIRE(leader.read_until("\"progress\""));
  pause(leader, store);
  REQUIRE(table(store) != expected);
  // It is alive, so its lease has to run out.
  const Ended rebuilt = lantern_run({"run", "--store", store, "--standby", folder / "two.sql"});
  CHECK(rebuilt.err == "");
  CHECK(rebuilt.code == 0);
  CHECK(table(store) == expected);

  leader.send(SIGCONT);
  const Ended refused = leader.wait();
  CAPTURE(refused.out, refused.err);
  CHECK(refused.code == 4);
  CHECK(refused.out.find("\"outcome\":\"failed\"") != refused.out.npos);
  CHECK(refused.out.find("\"position\":30000") == refused.out.npos);
  CHECK(table(store) == expected);
  const Ended status = lantern_run({"status", "--store", store, "--json"});
  CHECK(status.out.find(R"("version":2,"generation":2,"position":30000,)") != status.out.npos);
  CHECK(status.out.find(R"("state":"caught up","leader":null)") != status.out.npos);
}
