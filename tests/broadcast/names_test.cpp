// T47: names are data. Whatever they contain, the same keys of two tenants, and two projections, never meet.
#include "told.hpp"

using namespace broadcast_test;

namespace {

const std::vector<std::string>& hostile() {
  static const std::vector<std::string> names{"a",
                                              "A",
                                              "a:b",
                                              "b:c",
                                              "a/b",
                                              "a.b",
                                              "a_b",
                                              "a%",
                                              "%",
                                              "_",
                                              "'",
                                              "\"",
                                              ";",
                                              "--",
                                              "\\",
                                              "a b",
                                              " ",
                                              "\n",
                                              "\t",
                                              "\x7f",
                                              "[]",
                                              "{}",
                                              "*",
                                              "?",
                                              "$",
                                              "#",
                                              "\xc3\xa9",
                                              "e\xcc\x81",
                                              "\xf0\x9f\x92\xa9",
                                              "\xe2\x80\x8b",
                                              "null",
                                              "0"};
  return names;
}

}  // namespace

TEST_CASE("T47: frames of hostile tenants, projections and keys reach those who follow just them") {
  Broadcaster broadcaster;
  std::vector<ProjectionId> ids;
  for (const std::string& name : hostile()) {
    ids.emplace_back(name);
    ids.emplace_back("orders", name);
    ids.emplace_back("a", name + "b");
    ids.emplace_back("a" + name, "b");
  }
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<Subscriber> subscribers;
  for (const ProjectionId& id : ids) {
    auto subscriber = broadcaster.subscribe(id, OneKey{"k"});
    REQUIRE(subscriber);
    subscribers.push_back(std::move(*subscriber));
  }

  for (const ProjectionId& id : ids) (void)broadcaster.publish({.projection = id, .frames = {delta("k", 1)}});

  for (Subscriber& subscriber : subscribers) {
    const auto news = subscriber.poll();
    REQUIRE(news);
    CHECK(std::get<0>(*news)->projection == subscriber.projection());
    CHECK_FALSE(subscriber.poll());
  }
}

TEST_CASE("T47: each hostile key reaches its follower, and no other") {
  Broadcaster broadcaster;
  std::vector<Subscriber> subscribers;
  for (const std::string& key : hostile()) subscribers.push_back(subscribed(broadcaster, OneKey{key}));

  for (const std::string& key : hostile()) publish(broadcaster, {delta(key, 7)});

  for (std::size_t i = 0; i < subscribers.size(); ++i) CHECK(told(subscribers[i]) == Told{hostile()[i] + "@7"});
}

TEST_CASE("T48: the empty tenant is a tenant like all others") {
  Broadcaster broadcaster;
  auto none = broadcaster.subscribe({"orders", ""});
  auto acme = broadcaster.subscribe({"orders", "acme"});

  (void)broadcaster.publish({.projection = {"orders"}, .frames = {delta("k", 1)}});

  CHECK(told(*none) == Told{"k@1"});
  CHECK(told(*acme).empty());
}

TEST_CASE("names that no store takes are refused") {
  using namespace std::string_literals;
  Broadcaster broadcaster;
  const std::string nul = "a\0b"s;
  const std::string huge(10'000, 'x');
  for (const std::string& bad : {nul, huge}) {
    CHECK_FALSE(broadcaster.subscribe({bad}));
    CHECK_FALSE(broadcaster.subscribe({"orders", bad}));
    CHECK_FALSE(broadcaster.subscribe({"orders"}, OneKey{bad}));
    CHECK_FALSE(broadcaster.subscribe({"orders"}, KeyPrefix{bad}));
    CHECK_FALSE(broadcaster.attach({bad}));
    CHECK_FALSE(broadcaster.attach({"orders", bad}));
  }
  CHECK_FALSE(broadcaster.subscribe({""}));
  CHECK(broadcaster.subscribe({"orders"}, OneKey{std::string(1024, 'x')}));
}
