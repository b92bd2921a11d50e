// Waiting for another connection's lock: often enough to find it free, and no longer than was asked for.
#include "patience.hpp"

#include <atomic>
#include <set>
#include <thread>

#include "files.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;
using detail::Patience;
using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST_CASE("who waits for a lock looks several times a millisecond, never in step, until the time is up") {
  Patience patience(milliseconds(10'000), 7);
  const Patience::Clock::time_point began{};
  std::set<microseconds> pauses;
  microseconds waited{0};
  int looks = 0;
  for (;; ++looks) {
    const auto pause = patience.next(looks, began + waited);
    if (!pause) break;
    REQUIRE(*pause > microseconds(0));
    REQUIRE(*pause <= microseconds(500));
    pauses.insert(*pause);
    waited += *pause;
  }
  CHECK(waited == milliseconds(10'000));
  CHECK(looks > 20'000);
  CHECK(pauses.size() > 200);

  // The next wait has all of its time again.
  CHECK(patience.next(0, began + waited));
  CHECK(patience.next(1, began + waited + milliseconds(9'999)));
  CHECK_FALSE(patience.next(2, began + waited + milliseconds(10'000)));
}

TEST_CASE("who has no time gives up at once, and two that wait do not look at the same moments") {
  Patience none(milliseconds(0)), less(milliseconds(-1)), ever(milliseconds::max());
  const Patience::Clock::time_point now{};
  CHECK_FALSE(none.next(0, now));
  CHECK_FALSE(less.next(0, now));
  CHECK(ever.next(0, now));
  Patience one(milliseconds(100), 1), other(milliseconds(100), 2'000);
  int same = 0;
  for (int look = 0; look < 100; ++look) same += one.next(look, now) == other.next(look, now) ? 1 : 0;
  CHECK(same < 10);
}

TEST_CASE("a producer that appends without a pause lets others write") {
  const Folder folder;
  SqliteOptions patient;
  patient.busy_timeout = std::chrono::seconds(30);
  auto store = open_store(folder / "a.db", patient);
  std::atomic<bool> done = false;
  std::atomic<int> failed = 0;
  std::thread producer([&] {
    auto other = SqliteStore::open(folder / "a.db", patient);
    while (!done) {
      if (!other->append({event("s")})) ++failed;
    }
  });
  for (int turn = 0; turn < 50; ++turn) {
    if (!store.record_run(ProjectionId("p"), Generation{1}, RunNote{})) ++failed;
  }
  done = true;
  producer.join();
  CHECK(failed == 0);
}
