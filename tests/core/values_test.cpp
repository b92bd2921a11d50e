// The small values: bounds, backoff, timestamps, names, pages, filters, messages.
#include <cmath>
#include <limits>
#include <random>
#include <sstream>

#include "story.hpp"

#include "lantern/names.hpp"
#include "lantern/observer.hpp"
#include "lantern/timestamp.hpp"
#include "lantern/traced.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class T>
std::string refusal(const tl::expected<T, BadValue>& outcome) {
  REQUIRE_FALSE(outcome);
  return outcome.error().message;
}
}  // namespace

// ---- bounds ----

TEST_CASE("counts are refused outside of their range, with a message that says what is allowed and what was given") {
  CHECK(refusal(BatchSize::of(0)) == "BatchSize must be a whole number from 1 to 1000000, but is 0");
  CHECK(refusal(BatchSize::of(-1)) == "BatchSize must be a whole number from 1 to 1000000, but is -1");
  CHECK(refusal(BatchSize::of(1'000'001)) == "BatchSize must be a whole number from 1 to 1000000, but is 1000001");
  CHECK(refusal(BatchSize::of((1LL << 32) + 1)) ==
        "BatchSize must be a whole number from 1 to 1000000, but is 4294967297");
  CHECK(BatchSize::of(1)->value() == 1);
  CHECK(BatchSize::of(1'000'000ULL)->value() == 1'000'000);
  CHECK(refusal(EventCount::of(0)) == "EventCount must be a whole number from 1 up, but is 0");
  CHECK(EventCount::of(std::numeric_limits<std::int64_t>::max()));
  CHECK_FALSE(EventCount::of(std::numeric_limits<std::uint64_t>::max()));
  CHECK(refusal(ByteCount::of(0)) == "ByteCount must be a whole number from 1 to 2^40, but is 0");
  CHECK(ByteCount::of(1ULL << 40));
  CHECK_FALSE(ByteCount::of((1ULL << 40) + 1));
  CHECK(MaxRetryAttempts::of(0)->value() == 0);
  CHECK(MaxRetryAttempts::of(4294967295U));
  CHECK(refusal(MaxRetryAttempts::of(-1)) == "MaxRetryAttempts must be a whole number from 0 to 4294967295, but is -1");
  CHECK_FALSE(MaxRetryAttempts::of(4294967296LL));
  CHECK(refusal(MaxConsecutiveFailures::of(0)) ==
        "MaxConsecutiveFailures must be a whole number from 1 to 4294967295, but is 0");
  const BatchSize literal = 500;
  CHECK(literal == *BatchSize::of(500));
  CHECK(literal < *BatchSize::of(501));
}

TEST_CASE("real numbers are refused when they are not finite or out of range") {
  for (const double bad :
       {0.0, -1.0, 0.999, inf, -inf, not_a_number, -not_a_number, std::numeric_limits<double>::denorm_min()}) {
    CHECK_THAT(refusal(BackoffMultiplier::of(bad)),
               Catch::StartsWith("BackoffMultiplier must be a finite number from 1 up, but is "));
  }
  CHECK(refusal(BackoffMultiplier::of(0.5)) == "BackoffMultiplier must be a finite number from 1 up, but is 0.5");
  CHECK(refusal(BackoffMultiplier::of(0.9999999999999999)) ==
        "BackoffMultiplier must be a finite number from 1 up, but is 0.9999999999999999");
  CHECK(refusal(BackoffMultiplier::of(inf)) == "BackoffMultiplier must be a finite number from 1 up, but is inf");
  CHECK(BackoffMultiplier::of(1));
  CHECK(BackoffMultiplier::of(1e300));
  for (const double bad : {-0.001, 1.001, inf, -inf, not_a_number}) {
    CHECK_THAT(refusal(Jitter::of(bad)), Catch::StartsWith("Jitter must be a number from 0 to 1, but is "));
  }
  CHECK(Jitter::of(0));
  CHECK(Jitter::of(1));
  CHECK(Jitter::of(-0.0));
}

TEST_CASE("durations are refused when they are zero, negative, too long for nanoseconds, or not a number") {
  const std::string must = "Delay must be a duration from 1 ns to 292 years, but is ";
  CHECK(refusal(Delay::of(0ns)) == must + "0 ns");
  CHECK(refusal(Delay::of(-5ms)) == must + "-5000000 ns");
  CHECK_FALSE(Delay::of(std::chrono::hours::max()));
  CHECK_FALSE(Delay::of(std::chrono::hours::min()));
  CHECK_FALSE(Delay::of(std::chrono::years(293)));
  CHECK(Delay::of(std::chrono::years(292)));
  CHECK(Delay::of(nanoseconds::max())->value() == nanoseconds::max());
  CHECK_FALSE(Delay::of(nanoseconds::min()));
  CHECK_FALSE(Delay::of(std::chrono::duration<double>(not_a_number)));
  CHECK_FALSE(Delay::of(std::chrono::duration<double>(inf)));
  CHECK_FALSE(Delay::of(std::chrono::duration<double>(-inf)));
  CHECK_FALSE(Delay::of(std::chrono::duration<double>(1e300)));
  CHECK_FALSE(Delay::of(std::chrono::duration<double, std::nano>(0.5)));
  CHECK(refusal(Delay::of(std::chrono::duration<double, std::nano>(0.5))) == must + "0.5 ns");
  CHECK(Delay::of(std::chrono::duration<double>(0.25))->value() == 250ms);
  CHECK_FALSE(Delay::of(std::chrono::duration<std::int64_t, std::pico>(999)));
  CHECK(Delay::of(std::chrono::duration<std::int64_t, std::pico>(1000))->value() == 1ns);
  const Delay literal = 3s;
  CHECK(literal.value() == 3s);
}

// ---- backoff ----

TEST_CASE("a delay is the base times the multiplier to the power, cut to the cap, and taken from a table by hand") {
  SeededRandom random(0);
  const Backoff doubling{.base = 100ms, .multiplier = 2, .cap = 5s, .jitter = 0};
  const nanoseconds expected[] = {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5s, 5s};
  for (std::uint64_t i = 0; i < std::size(expected); ++i) CHECK(delay_before(doubling, i + 1, random) == expected[i]);
  const Backoff long_base{
      .base = *Delay::of(nanoseconds::max() - 1ns), .cap = *Delay::of(nanoseconds::max()), .jitter = 0};
  CHECK(delay_before(long_base, 1, random) == nanoseconds::max() - 1ns);  // exact, though no double is
  const Backoff large_base{.base = 10s, .cap = 5s, .jitter = 0};
  CHECK(delay_before(large_base, 1, random) == 5s);
}

TEST_CASE("backoff never overflows, for any attempt, base, multiplier and cap, and without jitter it never shrinks") {
  const std::uint64_t attempts[] = {0, 1, 2, 3, 63, 64, 1000, 1ULL << 31, 1ULL << 32, 1ULL << 63, ~0ULL};
  const nanoseconds lengths[] = {1ns, 1ms, 100ms, 24h * 365, nanoseconds::max() - 1ns, nanoseconds::max()};
  const double multipliers[] = {1, 1.0000001, 1.5, 2, 1e9, 1e300, std::numeric_limits<double>::max()};
  for (const auto base : lengths) {
    for (const auto cap : lengths) {
      for (const double multiplier : multipliers) {
        for (const double jitter : {0.0, 0.2, 1.0}) {
          const Backoff backoff{*Delay::of(base), *BackoffMultiplier::of(multiplier), *Delay::of(cap),
                                *Jitter::of(jitter)};
          SeededRandom random(7);
          nanoseconds before{};
          for (const auto attempt : attempts) {
            const auto delay = delay_before(backoff, attempt, random);
            const bool fits =
                delay >= 0ns && delay <= cap && (jitter > 0 || (delay >= before && delay >= std::min(base, cap)));
            if (!fits)
              FAIL_CHECK(base.count() << " x" << multiplier << " cap " << cap.count() << " jitter " << jitter
                                      << " attempt " << attempt << ": " << delay.count());
            before = delay;
          }
        }
      }
    }
  }
}

TEST_CASE("jitter stays within its part, and draws a number only when there is jitter") {
  SeededRandom a(1), b(1);
  const Backoff plain{.base = 1s, .multiplier = 1, .jitter = 0};
  static_cast<void>(delay_before(plain, 1, a));
  CHECK(a.next() == b.next());
  const Backoff jittered{.base = 1s, .multiplier = 1, .jitter = 0.3};
  for (int i = 0; i < 10'000; ++i) {
    const auto delay = delay_before(jittered, 1, a);
    if (delay <= 700ms || delay > 1s) FAIL_CHECK(delay.count());
  }
  CHECK(SeededRandom(1).next() != SeededRandom(2).next());
}

TEST_CASE("the random numbers are those of SplitMix64") {
  // From the reference implementation with seed 1234567: 6457827717110365317, 3203168211198807973.
  SeededRandom random(1234567);
  CHECK(random.next() == std::ldexp(static_cast<double>(6457827717110365317ULL >> 11), -53));
  CHECK(random.next() == std::ldexp(static_cast<double>(3203168211198807973ULL >> 11), -53));
}

// ---- timestamps ----

namespace {
/// Days since 1970 by counting, year by year and month by month.
std::int64_t days_by_counting(int year, int month, int day) {
  const auto leap = [](int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; };
  std::int64_t days = 0;
  for (int y = 1970; y < year; ++y) days += leap(y) ? 366 : 365;
  for (int y = year; y < 1970; ++y) days -= leap(y) ? 366 : 365;
  const int lengths[] = {31, leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int m = 1; m < month; ++m) days += lengths[m - 1];
  return days + day - 1;
}
std::string text_of(const char* format, int a, int b, int c) {
  char text[64];
  std::snprintf(text, sizeof text, format, a, b, c);
  return text;
}
}  // namespace

TEST_CASE("timestamps are read as a calendar counted by hand reads them, and printed so that they read the same") {
  std::mt19937 dice(20240501);
  const auto roll = [&dice](int from, int to) { return std::uniform_int_distribution<int>(from, to)(dice); };
  for (int i = 0; i < 3000; ++i) {
    const int y = roll(1, 9998), mo = roll(1, 12), d = roll(1, 28), h = roll(0, 23), mi = roll(0, 59), s = roll(0, 59);
    const int micro = roll(0, 999'999), zone = roll(-23 * 60 - 59, 23 * 60 + 59);
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%06d", micro);
    const std::string clock = text_of("%02d:%02d:%02d", h, mi, s) + fraction;
    const std::string text =
        text_of("%04d-%02d-%02d", y, mo, d) + "T" + clock +
        text_of(zone < 0 ? "-%02d:%02d" : "+%02d:%02d", std::abs(zone) / 60, std::abs(zone) % 60, 0);
    const std::int64_t expected =
        ((days_by_counting(y, mo, d) * 86'400 + h * 3600 + mi * 60 + s - zone * 60) * 1'000'000) + micro;
    const auto parsed = parse_timestamp(text);
    INFO(text);
    REQUIRE(parsed);
    REQUIRE(parsed->time_since_epoch().count() == expected);
    const auto again = parse_timestamp(to_string(*parsed));
    REQUIRE(again);
    REQUIRE(*again == *parsed);
  }
}

TEST_CASE("timestamps in all spellings that RFC 3339 allows, and no others") {
  const auto value = [](std::string_view text) { return to_string(parse_timestamp(text).value()); };
  CHECK(value("2024-05-01T10:00:00Z") == "2024-05-01T10:00:00.000000Z");
  CHECK(value("2024-05-01t10:00:00z") == "2024-05-01T10:00:00.000000Z");
  CHECK(value("2024-05-01 12:00:00.25+02:00") == "2024-05-01T10:00:00.250000Z");
  CHECK(value("2024-05-01T10:00:00.1234567899Z") == "2024-05-01T10:00:00.123456Z");
  CHECK(value("2024-02-29T23:59:60Z") == "2024-03-01T00:00:00.000000Z");
  CHECK(value("0000-01-01T00:00:00Z") == "0000-01-01T00:00:00.000000Z");
  CHECK(value("9999-12-31T23:59:59.999999Z") == "9999-12-31T23:59:59.999999Z");
  CHECK(value("1969-12-31T23:59:59.5-00:00") == "1969-12-31T23:59:59.500000Z");
  for (const char* bad : {"",
                          "2024",
                          "2024-05-01",
                          "2024-05-01T10:00:00",
                          "2024-05-01T10:00Z",
                          "2023-02-29T10:00:00Z",
                          "2024-13-01T10:00:00Z",
                          "2024-00-01T10:00:00Z",
                          "2024-05-00T10:00:00Z",
                          "2024-04-31T10:00:00Z",
                          "2024-05-01T24:00:00Z",
                          "2024-05-01T10:60:00Z",
                          "2024-05-01T10:00:61Z",
                          "2024-05-01T10:00:00.Z",
                          "2024-05-01T10:00:00,5Z",
                          "2024-05-01T10:00:00+2:00",
                          "2024-05-01T10:00:00+24:00",
                          "2024-05-01T10:00:00+02:60",
                          "2024-05-01T10:00:00+0200",
                          "2024-05-01T10:00:00Z ",
                          " 2024-05-01T10:00:00Z",
                          "24-05-01T10:00:00Z",
                          "+2024-05-01T10:00:00Z",
                          "2024-05-01_10:00:00Z",
                          "2024-05-01T10:00:00ZZ",
                          "２024-05-01T10:00:00Z"}) {
    const auto parsed = parse_timestamp(bad);
    INFO(bad);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == FailureKind::invalid);
    CHECK_FALSE(parsed.error().advice.empty());
  }
}

// ---- names ----

namespace {
/// Encodes a code point without asking whether it may be encoded, in so many bytes.
std::string encoded(std::uint32_t point, int bytes) {
  if (bytes == 1) return {static_cast<char>(point)};
  std::string text;
  for (int i = 0; i < bytes - 1; ++i, point >>= 6) text.insert(text.begin(), static_cast<char>(0x80 | (point & 0x3F)));
  const std::uint32_t lead = (0xFF00U >> bytes) & 0xFF;
  text.insert(text.begin(), static_cast<char>(lead | point));
  return text;
}
}  // namespace

TEST_CASE("UTF-8 is every code point in its shortest form, but for surrogates, and nothing else") {
  int wrong = 0;
  for (std::uint32_t point = 0; point <= 0x1FFFFF; ++point) {
    const int shortest = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    const bool exists = point <= 0x10FFFF && !(point >= 0xD800 && point <= 0xDFFF);
    wrong += is_utf8(encoded(point, shortest)) != exists;
    if (point < 0x10000) {
      for (int bytes = shortest + 1; bytes <= 4; ++bytes) wrong += is_utf8(encoded(point, bytes));
    }
  }
  CHECK(wrong == 0);
  for (const std::string good : {"", "plain", "e\xcc\x81", "日本語", "🏮"}) CHECK(is_utf8(good));
  for (const std::string bad :
       {"\x80", "\xc3", "a\xe6\x97", "\xf0\x9f\x8f", "\xff", "\xfe", "\xc3(", "\xe6\x97(", "ok\xc0\x80"})
    CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("names are data: all but a few are allowed, and those are refused with a reason") {
  for (const std::string good : {"orders", "a/b", "../x", "%", "_", "';--", "a.b.*.>", " ", "\n", "日本語", "a\"b"}) {
    CHECK_FALSE(refuse_name("stream", good));
  }
  CHECK_FALSE(refuse_name("stream", std::string(1024, 'x')));
  CHECK(refuse_name("stream", std::string(1025, 'x'))->what ==
        "a stream's name has 1025 bytes; at most 1024 are allowed");
  CHECK(refuse_name("stream", "")->what == "a stream's name must not be empty");
  CHECK(refuse_name("tenant", std::string_view("a\0b", 3))->what == "a tenant's name must not contain a NUL");
  CHECK(refuse_name("owner", "\xff")->what == "an owner's name must be UTF-8");
  CHECK(refuse_name("owner", "\xff")->kind == FailureKind::invalid);
}

// ---- pages and filters ----

TEST_CASE("a page owns its texts: they outlive their source, and stay while the page grows, moves and is copied") {
  EventPage original;
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  for (std::int64_t p = 1; p <= 500; ++p) {
    texts.push_back(std::string(static_cast<std::size_t>(p * 37 % 9000), static_cast<char>('a' + p % 26)));
    const std::string temporary = texts.back();
    original.add({.position = Position{p}, .stream = "s", .version = p, .type = "T", .data = temporary, .ts = "now"});
    bytes += temporary.size() + 5;
  }
  CHECK(original.bytes() == bytes);
  original.scanned_to = original.head = Position{500};
  const auto same = [&texts](const EventPage& page) {
    if (page.size() != texts.size() || !page.at_head()) return false;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (page.events()[i].data != texts[i] || page.events()[i].stream != "s" || page.events()[i].ts != "now")
        return false;
    }
    return true;
  };
  CHECK(same(original));
  EventPage copy = original;
  CHECK(copy == original);
  CHECK(copy.events()[9].data.data() != original.events()[9].data.data());
  EventPage moved = std::move(original);
  CHECK(same(moved));
  CHECK(original.empty());  // NOLINT: a moved-from page is empty
  CHECK(original.bytes() == 0);
  CHECK_FALSE(original.head);
  original.add({.position = Position{1}, .data = "again"});
  CHECK(original.events()[0].data == "again");
  original = copy;
  CHECK(same(original));
  copy = std::move(original);
  CHECK(same(copy));
  EventPage& self = copy;
  copy = self;
  CHECK(same(copy));
  copy = std::move(self);
  CHECK(same(copy));
}

TEST_CASE("a page lets go of its last events, and of no more than these") {
  for (const std::size_t kept : {0U, 1U, 2U, 3U}) {
    EventPage page, expected;
    for (std::int64_t p = 1; p <= 3; ++p) {
      const std::string data(static_cast<std::size_t>(p), 'x');
      const RecordedEvent event{.position = Position{p}, .stream = "s", .type = "T", .data = data};
      page.add(event);
      if (p <= static_cast<std::int64_t>(kept)) expected.add(event);
    }
    page.drop_after(kept);
    CHECK(page == expected);
    CHECK(page.bytes() == expected.bytes());
    page.add({.position = Position{9}, .data = "nine"});
    expected.add({.position = Position{9}, .data = "nine"});
    CHECK(page == expected);
    CHECK(page.bytes() == expected.bytes());
  }
}

TEST_CASE("events without any text, and events with embedded NULs, are events") {
  EventPage page;
  page.add({.position = Position{1}});
  page.add({.position = Position{2}, .data = std::string_view("a\0b", 3)});
  CHECK(page.events()[0] == RecordedEvent{.position = Position{1}});
  CHECK(page.events()[1].data == std::string_view("a\0b", 3));
}

TEST_CASE("a page is at the head when what it looked at reached it") {
  CHECK(page({}, {}, {}).at_head());
  CHECK(page({1}, 1, 1).at_head());
  CHECK_FALSE(page({1}, 1, 2).at_head());
  CHECK_FALSE(page({}, {}, 2).at_head());
  CHECK_FALSE(page({1}, 1, {}).at_head());  // it cannot tell
}

TEST_CASE("a filter lets through what meets all of its parts, literally") {
  const auto matches = [](const EventFilter& filter, std::string_view stream, std::string_view type) {
    return filter.matches({.stream = stream, .type = type});
  };
  CHECK(matches({}, "s", "T"));
  CHECK(matches({.stream = "s"}, "s", "T"));
  CHECK_FALSE(matches({.stream = "s"}, "s2", "T"));
  CHECK_FALSE(matches({.stream = ""}, "s", "T"));
  CHECK(matches({.stream_prefix = ""}, "s", "T"));
  CHECK(matches({.stream_prefix = "a%_"}, "a%_1", "T"));
  CHECK_FALSE(matches({.stream_prefix = "a%_"}, "abc1", "T"));
  CHECK_FALSE(matches({.stream_prefix = "A"}, "a", "T"));
  CHECK_FALSE(matches({.stream_prefix = "account-"}, "my-account-456", "T"));
  CHECK(matches({.types = {"U", "T"}}, "s", "T"));
  CHECK_FALSE(matches({.types = {"U", "t"}}, "s", "T"));
  CHECK_FALSE(matches({.stream = "s", .types = {"U"}}, "s", "T"));
}

TEST_CASE("writes are the same when their events are, however they are divided") {
  const EventPage a = last({1, 2, 3, 4}), b = last({1, 2, 3, 4}), c = last({1, 2, 3, 5});
  const auto cut = [](const EventPage& page, std::vector<std::size_t> lengths) {
    Writes writes;
    std::size_t at = 0;
    for (const auto length : lengths) {
      writes.runs.push_back(page.events().subspan(at, length));
      at += length;
    }
    return writes;
  };
  CHECK(cut(a, {4}) == cut(b, {1, 0, 2, 0, 1}));
  CHECK(cut(a, {0, 4}) == cut(b, {4, 0}));
  CHECK_FALSE(cut(a, {4}) == cut(b, {3}));
  CHECK_FALSE(cut(a, {4}) == cut(c, {4}));
  CHECK(cut(a, {1, 2}).size() == 3);
  CHECK(Writes{} == Writes{{{}}});
}

// ---- messages ----

TEST_CASE("an error's message says what happened, where, and what to do now, on one line") {
  ProjectionError e;
  e.kind = ErrorKind::retries_exhausted;
  e.projection = ProjectionId("orders", "acme");
  e.what = "an event still failed on its last retry";
  e.position = Position{42};
  e.stream = "order-7";
  e.event_type = "OrderPlaced";
  e.attempt = 4;
  e.cause = Failure(FailureKind::rejected, "no such customer\nof this name", "add it");
  CHECK(e.message() ==
        "projection orders of tenant acme: an event still failed on its last retry: no such customer\\nof this name: "
        "add it / at position 42, OrderPlaced of stream order-7, attempt 4 / mend the projector or the event's policy, "
        "then run again: it goes on with this event");
  ProjectionError other;
  other.kind = ErrorKind::poll_failed;
  other.projection = ProjectionId("orders");
  other.what = "the log could not be read";
  CHECK(
      other.message() ==
      "projection orders: the log could not be read / at the beginning of the log / mend the store, then run again: it "
      "goes on from the checkpoint");
  other.position = Position{9};
  CHECK_THAT(other.message(), Catch::Contains(" / after position 9 / "));
}

TEST_CASE("an error that is found before the run begins names no place, and no projection that is not known") {
  ProjectionError e;
  e.kind = ErrorKind::projector;
  e.what = "the projector could not say what it is";
  e.cause = Failure(FailureKind::rejected, "nameless");
  CHECK(e.message() ==
        "the projector could not say what it is: nameless / mend the projector or its configuration, then run again");
  CHECK(to_string(e.kind) == "projector");
}

TEST_CASE("no name can forge a line of a log or command a terminal") {
  ProjectionError e;
  e.projection = ProjectionId("a\nb");
  e.what = "failed";
  e.stream = "s\x1b[2J\t\r\x7f";
  e.event_type = "日本";
  const auto message = e.message();
  CHECK_THAT(message, Catch::Contains("a\\nb") && Catch::Contains("s\\x1b[2J\\t\\x0d\\x7f") && Catch::Contains("日本"));
  CHECK(std::ranges::none_of(message, [](unsigned char c) { return c < 0x20 || c == 0x7F; }));
}

TEST_CASE("whatever is printed or traced stays on its line, with control characters in every text") {
  const std::string evil = "x\ny\x1b[2Jz";
  std::ostringstream out;
  int texts = 0;
  const auto print = [&](const auto&... values) { ((out << values << '|', ++texts), ...); };
  const ProjectionId id(evil, evil);
  const Lease lease{evil, Fence{1}};
  const Failure failure(FailureKind::rejected, evil, evil);
  const QuarantineRecord record{.stream = evil, .type = evil, .error = evil};
  RecordedEvent event;
  event.id = event.stream = event.type = event.data = event.meta = event.ts = evil;
  SaveCheckpoint save;
  save.projection = id;
  ProjectionError error;
  error.projection = id;
  error.what = error.stream = error.event_type = evil;
  print(id, failure, event, record, save, error, LoadCheckpoint{id}, AcquireLease{id, evil, 1s},
        RenewLease{id, lease, 1s}, ReleaseLease{id, lease},
        EventFilter{.stream = evil, .stream_prefix = evil, .types = {evil}});
  print(Happening(happening::EventFailed{Position{1}, 1, failure}), Happening(happening::Quarantined{record}),
        Happening(happening::StoreFailed{failure}), Happening(happening::LeaseGained{lease}),
        Happening(happening::LeaseLost{evil}), Happening(happening::StandingBy{evil}));
  print(to_string(SaveError(LostLeadership{evil})), to_string(SaveError(WriteFailed{0, failure})),
        to_string(SaveError(OutcomeUnknown{failure})), to_string(SaveError(failure)));
  using Taken = std::variant<LeaseHeld, Failure>;
  using Renewed = std::variant<LostLeadership, Failure>;
  using Appended = AppendEvents::reply::error_type;
  print(describe(AcquireLease::reply(lease)), describe(AcquireLease::reply(tl::unexpected(Taken(LeaseHeld{evil, 1s})))),
        describe(RenewLease::reply(tl::unexpected(Renewed(LostLeadership{evil})))),
        describe(AppendEvents::reply(tl::unexpected(Appended(VersionConflict{.stream = evil})))),
        describe(AppendEvents::reply(tl::unexpected(Appended(IdConflict{.id = evil})))),
        describe(ReadEvents::reply(tl::unexpected(failure))));
  const std::string printed = out.str();
  CHECK(std::ranges::none_of(printed, [](unsigned char c) { return c < 0x20 || c == 0x7F; }));
  std::size_t shown = 0;
  for (std::size_t at = 0; (at = printed.find("x\\ny\\x1b[2Jz", at)) != printed.npos; ++at) ++shown;
  CHECK(shown >= static_cast<std::size_t>(texts));  // nothing was left out either
}

TEST_CASE("effects print as one line of a trace") {
  const auto line = [](const auto& value) {
    std::ostringstream out;
    out << value;
    return out.str();
  };
  const ProjectionId p("p");
  CHECK(line(LoadCheckpoint{p}) == "LoadCheckpoint{p, start}");
  CHECK(line(read(41, 2)) == "ReadEvents{after=41, limit=2}");
  CHECK(line(ReadEvents{.filter = {.stream_prefix = "a", .types = {"T"}}}) ==
        "ReadEvents{after=-, limit=1000, filter=[prefix=a T ]}");
  CHECK(line(save({}, 3)) == "SaveCheckpoint{p, from=-, through=3, writes=0, quarantined=0}");
  CHECK(line(sleep(100ms, Sleep::Reason::poll_retry, 2)) == "Sleep{100ms, poll_retry 2}");
  CHECK(line(sleep(7ms, Sleep::Reason::yielding)) == "Sleep{7ms, yielding}");
  CHECK(line(sleep(1500us, Sleep::Reason::idle)) == "Sleep{1500000ns, idle}");
  CHECK(line(AcquireLease{p, "me", 10s}) == "AcquireLease{p, me, 10000ms}");
  CHECK(line(RenewLease{p, {"me", Fence{3}}, 10s}) == "RenewLease{p, me, fence=3}");
  CHECK(line(ReleaseLease{p, {"me", Fence{3}}}) == "ReleaseLease{p, me, fence=3}");
  CHECK(to_string(SaveError(CheckpointMoved{Position{4}})) == "checkpoint moved: 4");
  CHECK(to_string(SaveError(WriteFailed{2, broken})) == "write 2 failed: broken");
}

// ---- what an observer sees ----

TEST_CASE("an observer sees what happens, in order, as values") {
  std::vector<std::string> seen;
  Observer observer([&seen](const ProjectionId& id, const Happening& what) {
    std::ostringstream line;
    line << what;
    CHECK(id == ProjectionId("p", "acme"));
    seen.push_back(line.str());
  });
  Probe<> probe{.fails = {{2, 1}, {3, -1}}, .strategy = FailureStrategy::Retry};
  auto config = steady().of_tenant("acme").tell(observer).with(Leadership("me"));
  config.event_retry.max_attempts = 1;
  config.event_retry.when_exhausted = Escalation::quarantine;
  config.leadership->when_not_leader = WhenNotLeader::stand_by;
  constexpr Instant t0{};
  Step s = ProjectionPipeline(probe, config).start(t0);
  s = expect<AcquireLease>(s).answer(tl::unexpected(std::variant<LeaseHeld, Failure>(LeaseHeld{"other", 1s})), t0);
  s = expect<Sleep>(s).answer(Slept::through, t0);
  s = expect<AcquireLease>(s).answer(Lease{"me", Fence{5}}, t0);
  s = expect<LoadCheckpoint>(s).answer(Checkpoint{Position{0}, Generation{2}}, t0);
  s = expect<ReadEvents>(s).answer(tl::unexpected(busy), t0);
  s = expect<Sleep>(s).answer(Slept::through, t0);
  s = expect<ReadEvents>(s).answer(last({1, 2, 3}), t0);
  s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
  s = expect<Sleep>(s).answer(Slept::through, t0);
  s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
  s = expect<Sleep>(s).answer(Slept::through, t0);
  s = expect<SaveCheckpoint>(s).answer(Saved{}, t0);
  s = expect<ReleaseLease>(s).answer(ReleaseLease::Released{}, t0);
  static_cast<void>(success(s));
  CHECK(seen == std::vector<std::string>{
                    "standing by, other leads",
                    "lease gained by me, fence 5",
                    "started after 0, generation 2",
                    "store failed: busy: busy",
                    "retry 1 (poll_retry) in 100ms",
                    "page of 3, scanned to 3, head 3",
                    "committed 1 applied, 0 quarantined, through 1",
                    "event 2 failed, attempt 1: rejected: cannot take e2",
                    "retry 1 (event_retry) in 100ms",
                    "committed 1 applied, 0 quarantined, through 2",
                    "event 3 failed, attempt 1: rejected: cannot take e3",
                    "retry 1 (event_retry) in 100ms",
                    "event 3 failed, attempt 2: rejected: cannot take e3",
                    "quarantined 3 T@s exhausted after 2: cannot take e3",
                    "committed 0 applied, 1 quarantined, through 3",
                    "caught up at 3",
                });
}

TEST_CASE("an observer that throws misses what it was told, and the run goes on") {
  int told = 0;
  Observer observer([&told](const ProjectionId&, const Happening&) {
    if (++told % 2 == 1) throw std::runtime_error("no room");
    throw 42;
  });
  Probe<> probe;
  Step s = ProjectionPipeline(probe, ProjectionConfig().tell(observer)).start(Instant{});
  s = expect<LoadCheckpoint>(s).answer(std::nullopt, Instant{});
  s = expect<ReadEvents>(s).answer(last({1, 2}), Instant{});
  s = expect<SaveCheckpoint>(s).answer(Saved{}, Instant{});
  CHECK(success(s).applied == 2);
  CHECK(told == 4);  // started, a page, a commit, caught up
}

TEST_CASE("an observer is told that a run has caught up once for each time that it does") {
  int times = 0;
  Observer observer([&times](const ProjectionId&, const Happening& what) {
    times += std::holds_alternative<happening::CaughtUp>(what);
  });
  Probe<> probe;
  Step s = ProjectionPipeline(probe, ProjectionConfig().continuous().tell(observer)).start(Instant{});
  s = expect<LoadCheckpoint>(s).answer(std::nullopt, Instant{});
  for (std::int64_t p = 1; p <= 3; ++p) {
    s = expect<ReadEvents>(s).answer(last({p}), Instant{});
    s = expect<SaveCheckpoint>(s).answer(Saved{}, Instant{});
    s = expect<Sleep>(s).answer(Slept::through, Instant{});
    s = expect<ReadEvents>(s).answer(nothing(p), Instant{});
    CHECK(times == p);
    s = expect<Sleep>(s).answer(Slept::through, Instant{});
  }
}
