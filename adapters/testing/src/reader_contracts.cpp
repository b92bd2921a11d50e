// Contracts of reading: order, cursors and filters.
#include <limits>

#include "lab.hpp"

namespace lantern::detail {
namespace {

using Data = std::vector<std::string>;

ReadEvents of_prefix(std::string prefix) {
  ReadEvents asked;
  asked.filter.stream_prefix = std::move(prefix);
  return asked;
}

ReadEvents of_types(std::vector<std::string> types) {
  ReadEvents asked;
  asked.filter.types = std::move(types);
  return asked;
}

ReadEvents after(std::optional<Position> position) {
  ReadEvents asked;
  asked.after = position;
  return asked;
}

// ---- order and cursors ----

void order_across_streams(Lab& lab) {
  for (const char* stream : {"a", "b", "c", "b", "a"}) lab.add(stream, "T", {std::string("of ") + stream});
  expect_same("log", lab.walk().data(), Data{"of a", "of b", "of c", "of b", "of a"});
}

void after_is_exclusive(Lab& lab) {
  lab.add("s", "T", {"1", "2", "3", "4", "5"});
  const auto positions = lab.walk().positions();
  const Data all{"1", "2", "3", "4", "5"};
  for (std::size_t i = 0; i < positions.size(); ++i) {
    expect_same("after the event at " + shown(positions[i]), lab.walk(after(positions[i])).data(),
                Data(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end()));
  }
}

void after_the_last(Lab& lab) {
  lab.add("s", "T", {"1", "2"});
  const auto last = lab.walk().positions().back();
  const EventPage page = lab.read(after(last));
  expect(page.empty() && page.at_head(), "after the last event, an empty page at the head is due; got " + shown(page));
  expect_same("scanned_to", page.scanned_to, std::optional(last));
  expect_same("head", page.head, std::optional(last));
  lab.add("s", "T", {"3"});
  expect_same("an event that came later", lab.walk(after(last)).data(), Data{"3"});
}

void empty_log(Lab& lab) {
  const EventPage page = lab.read(ReadEvents{});
  expect(page.empty() && page.at_head(), "an empty log gives an empty page at the head; got " + shown(page));
  expect_same("head", page.head, std::nullopt);
  expect_same("scanned_to", page.scanned_to, std::nullopt);
}

void unknown_stream(Lab& lab) {
  lab.add("s", "T", {"1"});
  ReadEvents asked;
  asked.filter.stream = "nobody";
  const Walk walk = lab.walk(asked);
  expect_same("events of an unknown stream", walk.data(), Data{});
  expect_same("scanned_to", walk.scanned_to, walk.pages.back().head);
}

void extreme_cursors(Lab& lab) {
  lab.add("s", "T", {"1", "2"});
  const auto head = lab.walk().positions().back();
  const ReadEvents beyond = after(Position{std::numeric_limits<std::int64_t>::max()});
  const EventPage page = must(shown(beyond), lab.perform(beyond));
  expect(page.empty(), "after the largest position there is nothing; got " + shown(page));
  expect_same("head", page.head, std::optional(head));
  expect_same("after the smallest position", lab.walk(after(Position{std::numeric_limits<std::int64_t>::min()})).data(),
              Data{"1", "2"});
}

void limit_of_zero(Lab& lab) {
  ReadEvents asked;
  asked.limit = 0;
  must_be_invalid("a limit of 0 on an empty log", lab.perform(asked));
  lab.add("s", "T", {"1"});
  must_be_invalid("a limit of 0", lab.perform(asked));
}

void largest_limit(Lab& lab) {
  lab.add("s", "T", {"1", "2", "3"});
  ReadEvents asked;
  asked.limit = std::numeric_limits<std::uint32_t>::max();
  asked.byte_limit = std::numeric_limits<std::uint64_t>::max();
  expect_same("log", lab.walk(asked).data(), Data{"1", "2", "3"});
}

void limit_gives_the_first(Lab& lab) {
  const Data all = numbered("event", 20);
  lab.add("s", "T", all);
  ReadEvents asked;
  asked.limit = 10;
  const EventPage page = lab.read(asked);
  expect(!page.empty(), "a page of a log that has events is empty");
  for (std::size_t i = 0; i < page.size(); ++i) {
    expect_same("event " + std::to_string(i) + " of a page", std::string(page.events()[i].data), all[i]);
  }
}

void other_stores_see(Lab& lab) {
  const auto other = lab.open();
  for (int i = 0; i < 5; ++i) {
    lab.add("s", "T", {std::to_string(i)});
    const EventPage page = Lab::read(*other, ReadEvents{});
    expect_same("events that another store sees", page.size(), static_cast<std::size_t>(i) + 1);
    expect_same("head that another store sees", page.head, lab.read(ReadEvents{}).head);
  }
}

void pages_own_their_texts(Lab& lab) {
  const Data all = numbered("a text long enough to be kept somewhere else", 50);
  lab.add("s", "T", all);
  Walk walk = lab.walk();
  lab.add("s", "T", numbered("another", 500));
  static_cast<void>(lab.walk());
  lab.reopen();
  static_cast<void>(lab.walk());
  const Walk moved = std::move(walk);
  expect_same("events of an old page", moved.data(), all);
}

// ---- filters ----

void prefix_matches_beginning(Lab& lab) {
  lab.add("account-1", "T", {"1"});
  lab.add("order-1", "T", {"2"});
  lab.add("account-2", "T", {"3"});
  lab.add("my-account-456", "T", {"4"});
  lab.add("account", "T", {"5"});
  expect_same("streams account-…", lab.walk(of_prefix("account-")).data(), Data{"1", "3"});
  expect_same("streams account…", lab.walk(of_prefix("account")).data(), Data{"1", "3", "5"});
  expect_same("streams account-1…", lab.walk(of_prefix("account-1")).data(), Data{"1"});
  expect_same("streams account-12…", lab.walk(of_prefix("account-12")).data(), Data{});
  expect_same("streams …", lab.walk(of_prefix("")).data(), Data{"1", "2", "3", "4", "5"});
}

/// Each name as a prefix, over streams of all names.
void prefix_is_literal(Lab& lab) {
  std::vector<NewEvent> events;
  for (const auto& name : odd_names()) events.push_back({.stream = name, .type = "T", .data = name});
  lab.append(events);
  std::vector<std::string> prefixes = odd_names();
  for (const char* part : {"acc", "ACC", "a", "\xC3", "\xF4\x8F\xBF", "\xF0\x9F", "\xFF", "\xEF"}) {
    prefixes.emplace_back(part);
  }
  for (const auto& prefix : prefixes) {
    lab.trying("prefix " + shown(prefix));
    Data expected;
    for (const auto& name : odd_names()) {
      if (name.substr(0, prefix.size()) == prefix) expected.push_back(name);
    }
    const Walk walk = lab.walk(of_prefix(prefix));
    expect_same("streams of this prefix", walk.data(), expected);
    expect_same("scanned_to", walk.scanned_to, walk.pages.back().head);
  }
}

void types_are_a_set(Lab& lab) {
  lab.add("s", "A", {"1"});
  lab.add("s", "B", {"2"});
  lab.add("s", "C", {"3"});
  lab.add("t", "A", {"4"});
  lab.add("t", "a", {"5"});
  expect_same("type A", lab.walk(of_types({"A"})).data(), Data{"1", "4"});
  expect_same("types C and A", lab.walk(of_types({"C", "A"})).data(), Data{"1", "3", "4"});
  expect_same("type A, named twice", lab.walk(of_types({"A", "A"})).data(), Data{"1", "4"});
  expect_same("an unknown type", lab.walk(of_types({"D"})).data(), Data{});
  std::vector<std::string> many = numbered("type", 3000);
  many.push_back("B");
  expect_same("one of 3001 types", lab.walk(of_types(many)).data(), Data{"2"});
}

void rejected_before_limit(Lab& lab) {
  lab.add("other", "Alpha", numbered("alpha", 50));
  lab.add("wanted", "Beta", {"beta"});
  lab.add("other", "Alpha", numbered("more", 50));
  for (ReadEvents asked : {of_types({"Beta"}), of_prefix("want")}) {
    asked.limit = 3;
    expect_same("the one event that " + shown(asked.filter) + " lets through", lab.walk(asked).data(), Data{"beta"});
  }
}

void rejected_to_the_head(Lab& lab) {
  lab.add("s", "T", numbered("event", 100));
  const auto head = lab.walk().positions().back();
  ReadEvents asked = of_types({"None"});
  asked.limit = 7;
  const Walk walk = lab.walk(asked);
  expect_same("events", walk.data(), Data{});
  expect_same("scanned_to", walk.scanned_to, std::optional(head));
}

void mixed_types_pass(Lab& lab) {
  lab.add("s", "Good", {"{}"});
  lab.add("s", "Broken", {"{\"a\":", "\xFF\xFF", std::string("\0", 1)});
  lab.add("s", "Unheard of", {"<xml/>"});
  lab.add("s", "Good", {"[]"});
  ReadEvents asked;
  asked.limit = 1;
  expect_same("log", lab.walk(asked).data(), Data{"{}", "{\"a\":", "\xFF\xFF", std::string("\0", 1), "<xml/>", "[]"});
}

}  // namespace

std::span<const Rule> reader_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"read: events of several streams come in the order of their appends", nothing, order_across_streams},
      {"read: a page begins after the position that was asked for", nothing, after_is_exclusive},
      {"read: after the last event there is an empty page at the head", nothing, after_the_last},
      {"read: an empty log gives an empty page at the head", nothing, empty_log},
      {"read: an unknown stream has no events", nothing, unknown_stream},
      {"read: the largest and the smallest position are cursors like others", nothing, extreme_cursors},
      {"read: a limit of 0 is refused", nothing, limit_of_zero},
      {"read: the largest limits are limits like others", nothing, largest_limit},
      {"read: a limited page has the first events", nothing, limit_gives_the_first},
      {"read: what one store appended, another sees at once", nothing, other_stores_see},
      {"read: a page keeps its texts whatever happens to the store", nothing, pages_own_their_texts},
      {"read: a stream prefix matches at the beginning only", nothing, prefix_matches_beginning},
      {"read: a stream prefix is literal", nothing, prefix_is_literal},
      {"read: types are a set, however large", nothing, types_are_a_set},
      {"read: what a filter rejects does not count for the limit", nothing, rejected_before_limit},
      {"read: a filter that lets nothing through still reaches the head", nothing, rejected_to_the_head},
      {"read: events that nobody can decode pass through", nothing, mixed_types_pass},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
