// The edges of the small values: where a range ends, a text stops too early, or a sum would overflow.
#include <catch2/catch.hpp>

#include "held_events.hpp"
#include "instants.hpp"
#include "lantern/backoff.hpp"
#include "lantern/names.hpp"
#include "lantern/refuse.hpp"
#include "lantern/refuse_views.hpp"
#include "lantern/timestamp.hpp"
#include "lantern/view_scope.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST_CASE("a configuration is what was said, and nothing else") {
  CHECK(ProjectionConfig().continuous().batch().mode == PollMode::batch);
  CHECK(ProjectionConfig().continuous().mode == PollMode::continuous);
  CHECK(ProjectionConfig().poll_every(3s).poll.interval.value() == 3s);
  CHECK(ProjectionConfig().with(PollConfig{.max_consecutive_failures = 9}).poll.max_consecutive_failures.value() == 9);
  CHECK(ProjectionConfig().with(EventRetryConfig{.max_attempts = 7}).event_retry.max_attempts.value() == 7);
  CHECK(ProjectionConfig().with(StoreRetryConfig{.max_attempts = 8}).store_retry.max_attempts.value() == 8);
  CHECK(ProjectionConfig().with_seed(5).seed == 5);
  CHECK(ProjectionConfig().page_limit(6).page_events.value() == 6);
  CHECK(ProjectionConfig().page_bytes_limit(7).page_bytes.value() == 7);
  CHECK(ProjectionConfig().cache_views(8).view_cache.value() == 8);
  CHECK_FALSE(ProjectionConfig().publish_changes(false).publish);
  CHECK(ProjectionConfig().rebuild_when(RebuildPolicy::never).rebuild == RebuildPolicy::never);
  CHECK(ProjectionConfig().limit_rebuild(9).rebuild_share.value() == 9);
  CHECK(ProjectionConfig().hold_the_switch().hold_switch);
  CHECK_FALSE(CommitPolicy{.max_age = Delay(1s)}.every_page());
}

TEST_CASE("the preset of eventcore has its quirks, and its limits") {
  const ProjectionConfig config = ProjectionConfig::eventcore_compatible();
  const EventcoreQuirks& quirks = config.quirks;
  CHECK((quirks.batch_is_one_page && quirks.rest_after_every_page && quirks.limit_counts_retries));
  CHECK((quirks.whole_milliseconds && quirks.failed_saves_are_ignored && quirks.wrong_replies_are_accepted));
  CHECK(ProjectionConfig().quirks == EventcoreQuirks{});
}

TEST_CASE("pages are the same when all that they say is the same") {
  const EventPage one = page({1, 2}, 3, 4);
  CHECK(one == page({1, 2}, 3, 4));
  CHECK_FALSE(one == page({1, 2}, 2, 4));
  CHECK_FALSE(one == page({1, 2}, 3, 5));
  CHECK_FALSE(one == page({1, 3}, 3, 4));
}

TEST_CASE("scopes cover keys literally") {
  CHECK(covers(ViewScope(AllKeys{}), ""));
  CHECK(covers(ViewScope(OneKey{"a"}), "a"));
  CHECK_FALSE(covers(ViewScope(OneKey{"a"}), "ab"));
  CHECK(covers(ViewScope(KeyPrefix{"a"}), "ab"));
  CHECK_FALSE(covers(ViewScope(KeyPrefix{"a"}), "ba"));
}

TEST_CASE("a fraction of a second has digits, as many as one likes") {
  const auto micros = [](std::string_view text) {
    const auto parsed = parse_timestamp(text);
    return parsed ? std::optional(parsed->time_since_epoch() % 1s / 1us) : std::nullopt;
  };
  CHECK(micros("2024-05-01T10:00:00.5Z") == 500'000);
  CHECK(micros("2024-05-01T10:00:00.0123456789Z") == 12'345);
  CHECK(micros("2024-05-01T10:00:00.9Z") == 900'000);
  for (const char* text :
       {"2024-05-01T10:00:00.", "2024-05-01T10:00:00.Z", "2024-05-01T10:00:00./Z", "2024-05-01T10:00:00.:Z",
        "2024-05-01T10:00:00.5", "2024-05-01T10:00:00.+01:00", "2024-05-01T10:00:00", "2024-05-01", ""}) {
    INFO(text);
    CHECK_FALSE(parse_timestamp(text));
  }
}

TEST_CASE("instants are told apart, and lengths added, without overflow") {
  using detail::between;
  using detail::sum;
  constexpr nanoseconds most = nanoseconds::max();
  CHECK(sum(1ns, 2ns) == 3ns);
  CHECK(sum(most, 0ns) == most);
  CHECK(sum(most, 1ns) == most);
  CHECK(sum(most - 1ns, 1ns) == most);
  CHECK(sum(1ns, most) == most);
  CHECK(between(Instant(2ns), Instant(5ns)) == 3ns);
  CHECK(between(Instant(-2ns), Instant(5ns)) == 7ns);
  CHECK(between(Instant(-2ns), Instant(most)) == most);
  CHECK(between(Instant(-2ns), Instant(most - 2ns)) == most);
  CHECK(between(Instant(-2ns), Instant(most - 3ns)) == most - 1ns);
  CHECK(between(Instant(0ns), Instant(most)) == most);
  CHECK(between(Instant(nanoseconds::min()), Instant(most)) == most);
}

TEST_CASE("events in hand are one sequence over all pages, and those passed are let go of page by page") {
  detail::HeldEvents held;
  CHECK(held.size() == 0);
  CHECK(held.bytes() == 0);
  for (const Positions& positions : {Positions{1, 2}, Positions{3}, Positions{4, 5, 6}}) held.add(last(positions));
  CHECK(held.size() == 6);
  CHECK(held.bytes() == 6 * 4);  // "s", "T" and two bytes of data
  CHECK(held[0].position == Position{1});
  CHECK(held[2].position == Position{3});
  CHECK(held[5].position == Position{6});
  CHECK(held.run_at(1).size() == 1);
  CHECK(held.run_at(3).size() == 3);
  CHECK(held.scanned_to() == Position{6});
  const auto sizes = [&](std::size_t begin, std::size_t end) {
    std::vector<std::size_t> found;
    for (const auto& run : held.runs(begin, end)) found.push_back(run.size());
    return found;
  };
  CHECK(sizes(0, 6) == std::vector<std::size_t>{2, 1, 3});
  CHECK(sizes(1, 5) == std::vector<std::size_t>{1, 1, 2});
  CHECK(sizes(3, 3).empty());
  CHECK(held.drop_before(1) == 0);
  CHECK(held.drop_before(2) == 2);
  CHECK(held[0].position == Position{3});
  CHECK(held.size() == 4);
  CHECK(held.drop_before(4) == 1);  // the last page stays: it says how far was looked
  CHECK(held[0].position == Position{4});
  held.clear();
  CHECK(held.size() == 0);
  CHECK(held.bytes() == 0);
}

TEST_CASE("names are refused in words that read well") {
  const auto said = [](std::string_view what, std::string_view name) { return refuse_name(what, name)->what; };
  CHECK(said("owner", "") == "an owner's name must not be empty");
  CHECK(said("stream", "") == "a stream's name must not be empty");
  CHECK(said("lease owner", "") == "a lease owner's name must not be empty");
  CHECK(said("", "") == "a 's name must not be empty");
  CHECK_FALSE(refuse_name("stream", std::string(longest_name, 'x')));
  CHECK(said("stream", std::string(longest_name + 1, 'x')) ==
        "a stream's name has 1025 bytes; at most 1024 are allowed");
}

TEST_CASE("requests with good names in all places, and with a bad one in the last") {
  const ProjectionId good("p"), bad("");
  CHECK_FALSE(refuse(AppendEvents{{NewEvent{.stream = "s", .type = "T", .id = "i"}}, {}}));
  CHECK(refuse(ReleaseLease{bad, Lease{"me", Fence{1}}}));
  SaveCheckpoint save{good};
  save.quarantined = {QuarantineRecord{.key = "a"}, QuarantineRecord{.key = std::nullopt},
                      QuarantineRecord{.key = "b"}};
  CHECK_FALSE(refuse(save));
  save.quarantined.back().key = std::string(longest_view_key + 1, 'x');
  CHECK(refuse(save));
}

TEST_CASE("a lease ends after its time, or at the end of all time") {
  CHECK(expiry(5ns, 3ns) == 8ns);
  CHECK(expiry(-5ns, 3ns) == -2ns);
  CHECK(expiry(1ns, nanoseconds::max()) == nanoseconds::max());
  CHECK(expiry(-1ns, nanoseconds::max()) == nanoseconds::max() - 1ns);
  CHECK(expiry(0ns, nanoseconds::max()) == nanoseconds::max());
}

TEST_CASE("a lease is over at its end, and when the clock was set back to long before it was given") {
  struct Case {
    const char* name;
    nanoseconds now, expires, ttl;
    bool over;
  };
  constexpr nanoseconds end = nanoseconds::max();
  const Case cases[] = {
      {"before its end", 14ns, 15ns, 10ns, false},
      {"at its end", 15ns, 15ns, 10ns, true},
      {"after its end", 16ns, 15ns, 10ns, true},
      {"a clock that is a little slow", -5ns, 15ns, 10ns, false},
      {"a clock that was set back", -6ns, 15ns, 10ns, true},
      {"no length is known, so no clock can be found wrong", -1000ns, 15ns, 0ns, false},
      {"nor with one that makes no sense", -1000ns, 15ns, -1ns, false},
      {"half of all time", 1ns, end, end / 2, false},
      {"half of all time, and a clock that was set back", 0ns, end, end / 2, true},
      {"longer than half of all time", -1000ns, end, end / 2 + 1ns, false},
      {"for ever", -1000ns, end, end, false},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(is_over(c.now, c.expires, c.ttl) == c.over);
  }
}
