// Who is told of what.
#include "told.hpp"

using namespace broadcast_test;

TEST_CASE("T34: a subscriber is told of each frame once, in the order in which they were published") {
  Broadcaster broadcaster;
  Subscriber all = subscribed(broadcaster, AllKeys{});

  publish(broadcaster, {delta("a", 1), delta("b", 1), delta("a", 2)});
  publish(broadcaster, {delta("a", 3)});

  CHECK(told(all) == Told{"a@1", "b@1", "a@2", "a@3"});
  CHECK_FALSE(all.poll());
}

TEST_CASE("a frame says projection, tenant, generation, key, version and position") {
  Broadcaster broadcaster;
  auto subscriber = broadcaster.subscribe({"orders", "acme"});
  const Frame frame{"a", {Generation{2}, Revision{3}, 4}, Position{5}, Frame::Kind::snapshot, "state"};

  (void)broadcaster.publish({.projection = {"orders", "acme"}, .frames = {frame}});

  const auto news = subscriber->poll();
  REQUIRE(news);
  CHECK(*std::get<0>(*news) == PublishedFrame{{"orders", "acme"}, frame});
}

TEST_CASE("each is told of the keys that it follows, and of no others") {
  Broadcaster broadcaster;
  Subscriber key = subscribed(broadcaster, OneKey{"ab"});
  Subscriber empty_key = subscribed(broadcaster, OneKey{""});
  Subscriber prefix = subscribed(broadcaster, KeyPrefix{"ab"});
  Subscriber shorter = subscribed(broadcaster, KeyPrefix{"a"});
  Subscriber none = subscribed(broadcaster, KeyPrefix{"abd"});
  Subscriber empty_prefix = subscribed(broadcaster, KeyPrefix{""});
  Subscriber all = subscribed(broadcaster, AllKeys{});

  publish(broadcaster, {delta("a", 1), delta("ab", 2), delta("abc", 3), delta("b", 4), delta("", 5)});

  CHECK(told(key) == Told{"ab@2"});
  CHECK(told(empty_key) == Told{"@5"});
  CHECK(told(prefix) == Told{"ab@2", "abc@3"});
  CHECK(told(shorter) == Told{"a@1", "ab@2", "abc@3"});
  CHECK(told(none).empty());
  CHECK(told(empty_prefix) == Told{"a@1", "ab@2", "abc@3", "b@4", "@5"});
  CHECK(told(all) == Told{"a@1", "ab@2", "abc@3", "b@4", "@5"});
}

TEST_CASE("prefixes are found among many that sort between them and the key") {
  // Every set of prefixes over a small alphabet, against starts_with.
  const std::vector<std::string> texts{"", "a", "aa", "aab", "ab", "aba", "b", "ba", "\xff", "a\xff", "a\xff\xff"};
  for (std::size_t set = 0; set < (1U << texts.size()); ++set) {
    Broadcaster broadcaster;
    std::vector<Subscriber> some;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (set >> i & 1U) some.push_back(subscribed(broadcaster, KeyPrefix{texts[i]}));
    }
    for (const std::string& key : texts) {
      (void)broadcaster.publish({.projection = {"orders"}, .frames = {delta(key, 1)}});
      for (Subscriber& one : some) {
        const bool heard = one.poll().has_value();
        if (heard != covers(one.scope(), key)) FAIL("set " << set << ", key " << key);
      }
    }
  }
}

TEST_CASE("all who are told of a frame share it") {
  Broadcaster broadcaster;
  Subscriber one = subscribed(broadcaster, OneKey{"a"});
  Subscriber all = subscribed(broadcaster, AllKeys{});

  publish(broadcaster, {delta("a", 1)});

  CHECK(std::get<0>(*one.poll()) == std::get<0>(*all.poll()));
}

TEST_CASE("who unsubscribes is told nothing more, and nobody need be there") {
  Broadcaster broadcaster;
  Subscriber left = subscribed(broadcaster, OneKey{"a"});
  Subscriber stays = subscribed(broadcaster, OneKey{"a"});
  left = Subscriber();

  publish(broadcaster, {delta("a", 1)});

  CHECK(told(left).empty());
  CHECK(told(stays) == Told{"a@1"});
  stays = Subscriber();
  publish(broadcaster, {delta("a", 2)});
}

TEST_CASE("subscribers and attachments may outlive their broadcaster, and be moved") {
  std::optional<Broadcaster> broadcaster(std::in_place);
  Subscriber first = subscribed(*broadcaster, AllKeys{});
  Attachment attachment = *broadcaster->attach({"orders"});
  publish(*broadcaster, {delta("a", 1)});
  Subscriber moved = std::move(first);
  broadcaster.reset();

  CHECK(told(moved) == Told{"missed", "a@1"});
}

TEST_CASE("T40: attaching a projection twice is refused, and possible again after detaching") {
  Broadcaster broadcaster;
  auto first = broadcaster.attach({"orders"});
  REQUIRE(first);

  const auto second = broadcaster.attach({"orders"});

  REQUIRE_FALSE(second);
  CHECK(second.error().kind == FailureKind::invalid);
  CHECK(second.error().what == "orders is attached to this broadcaster already");
  CHECK(broadcaster.attach({"orders", "acme"}));
  CHECK(broadcaster.attach({"orders2"}));
  *first = Attachment();
  CHECK(broadcaster.attach({"orders"}));
}

TEST_CASE("who followed before the projection was attached is told that something may be missing") {
  Broadcaster broadcaster;
  Subscriber early = subscribed(broadcaster, OneKey{"a"});
  const auto attachment = broadcaster.attach({"orders"});
  Subscriber late = subscribed(broadcaster, OneKey{"a"});

  CHECK(told(early) == Told{"missed"});
  CHECK(told(late).empty());
}
