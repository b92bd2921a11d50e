// Who does not keep up.
#include "told.hpp"

using namespace broadcast_test;

TEST_CASE("a slow subscriber is told in their place that frames are missing, and others miss none") {
  Broadcaster broadcaster;
  Subscriber slow = subscribed(broadcaster, AllKeys{}, 2);
  Subscriber quick = subscribed(broadcaster, AllKeys{});

  publish(broadcaster, {delta("a", 1), delta("a", 2), delta("a", 3), delta("a", 4)});

  CHECK(told(slow) == Told{"a@1", "a@2", "missed"});
  CHECK(told(quick) == Told{"a@1", "a@2", "a@3", "a@4"});
  publish(broadcaster, {delta("a", 5)});
  CHECK(told(slow) == Told{"a@5"});
}

TEST_CASE("a subscriber that is slow again and again is told each time, in order") {
  Broadcaster broadcaster;
  Subscriber slow = subscribed(broadcaster, AllKeys{}, 2);
  publish(broadcaster, {delta("a", 1), delta("a", 2), delta("a", 3)});

  (void)slow.poll();
  publish(broadcaster, {delta("a", 4), delta("a", 5)});

  CHECK(told(slow) == Told{"a@2", "missed", "a@4", "missed"});
}

TEST_CASE("a queue is bounded, however often it is told that something is missing") {
  Broadcaster broadcaster;
  Subscriber slow = subscribed(broadcaster, AllKeys{}, 2);

  for (int i = 0; i < 1000; ++i) {
    publish(broadcaster, {delta("a", 1)});
    broadcaster.tell_missed({"orders"});
  }

  CHECK(told(slow) == Told{"a@1", "missed", "a@1", "missed"});
}
