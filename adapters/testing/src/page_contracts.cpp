// Contracts of pages, as properties over random logs, filters, limits and schedules.
#include <algorithm>
#include <map>
#include <set>

#include "lab.hpp"

namespace lantern::detail {
namespace {

using Data = std::vector<std::string>;

/// The log as the suite believes it to be.
struct Oracle {
  std::vector<NewEvent> log{};

  [[nodiscard]] Data data(const EventFilter& filter) const {
    Data found;
    for (const auto& event : log) {
      if (lets_through(filter, event.stream, event.type)) found.push_back(event.data);
    }
    return found;
  }
};

const std::vector<std::string> streams{"a", "a/b", "a%", "a_", "ab", "A", "b", "\xC3\xA1", "'"};
const std::vector<std::string> types{"T", "t", "Two words", "T,U", "U"};

NewEvent random_event(Chance& chance, std::size_t number) {
  NewEvent made;
  made.stream = chance.of(streams);
  made.type = chance.of(types);
  made.data = std::to_string(number) + std::string(chance.below(40), '.');
  return made;
}

EventFilter random_filter(Chance& chance) {
  EventFilter filter;
  if (chance.one_in(4)) filter.stream = chance.of(streams);
  if (chance.one_in(2)) {
    const std::string& stream = chance.of(streams);
    filter.stream_prefix = stream.substr(0, chance.below(stream.size() + 1));
  }
  for (std::size_t n = chance.below(4); n > 0; --n) filter.types.push_back(chance.of(types));
  return filter;
}

Oracle random_log(Lab& lab, Chance& chance, std::size_t count) {
  Oracle oracle;
  while (oracle.log.size() < count) {
    std::vector<NewEvent> batch;
    for (std::size_t n = 1 + chance.below(9); n > 0; --n) {
      batch.push_back(random_event(chance, oracle.log.size() + batch.size()));
    }
    oracle.log.insert(oracle.log.end(), batch.begin(), batch.end());
    lab.append(std::move(batch));
  }
  return oracle;
}

std::string limits(const ReadEvents& asked) {
  return "limit " + std::to_string(asked.limit) + ", byte limit " + std::to_string(asked.byte_limit);
}

/// For every page size and many filters, all pages together are the log.
void pages_make_the_log(Lab& lab) {
  Chance chance(1);
  const Oracle oracle = random_log(lab, chance, 60);
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    ReadEvents asked;
    asked.filter = seed == 1 ? EventFilter{} : random_filter(chance);
    const Data expected = oracle.data(asked.filter);
    for (asked.limit = 1; asked.limit <= oracle.log.size() + 1; asked.limit += 1 + asked.limit / 8) {
      lab.trying("seed 1, filter " + std::to_string(seed) + ": " + shown(asked.filter) + ", " + limits(asked));
      const Walk walk = lab.walk(asked);
      expect_same("all pages together", walk.data(), expected);
      expect_same("where the walk ended", walk.scanned_to, walk.pages.back().head);
    }
  }
}

/// A page may end early because of its bytes; that loses nothing.
void byte_limits(Lab& lab) {
  Chance chance(2);
  const Oracle oracle = random_log(lab, chance, 40);
  const EventPage first = lab.read(ReadEvents{});
  std::vector<std::uint64_t> bounds{1, 10, 43, 100, 333, 1000, 100'000};
  std::uint64_t sum = 0;
  for (const auto& event : first.events()) bounds.push_back(sum += size_in_bytes(event));  // reached exactly
  for (const std::uint64_t bytes : bounds) {
    ReadEvents asked;
    asked.byte_limit = bytes;
    for (int filter = 0; filter < 4; ++filter) {
      if (filter > 0) asked.filter = random_filter(chance);
      lab.trying("seed 2, " + shown(asked.filter) + ", " + limits(asked));
      expect_same("all pages together", lab.walk(asked).data(), oracle.data(asked.filter));
    }
  }
}

/// Whatever was scanned is scanned: nothing that the filter lets through lies between a page's events and scanned_to.
void scanned_is_scanned(Lab& lab) {
  Chance chance(3);
  const Oracle oracle = random_log(lab, chance, 60);
  const auto positions = lab.walk().positions();
  expect_same("events in the log", positions.size(), oracle.log.size());
  for (int round = 0; round < 60; ++round) {
    ReadEvents asked;
    asked.filter = random_filter(chance);
    asked.limit = static_cast<std::uint32_t>(1 + chance.below(12));
    if (!chance.one_in(4)) asked.after = chance.of(positions);
    lab.trying("seed 3, round " + std::to_string(round));
    const EventPage page = lab.read(asked);
    Data expected, found;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      const auto& event = oracle.log[i];
      if (std::optional(positions[i]) > asked.after && std::optional(positions[i]) <= page.scanned_to &&
          lets_through(asked.filter, event.stream, event.type)) {
        expected.push_back(event.data);
      }
    }
    for (const auto& event : page.events()) found.emplace_back(event.data);
    expect_same(shown(asked) + " scanned to " + shown(page.scanned_to) + ", so its events", found, expected);
  }
}

/// Several stores append in turn, several cursors read in between: each sees each of its events once, in order.
void cursors_and_appends(Lab& lab) {
  struct Cursor {
    std::unique_ptr<SuiteStore> store;
    ReadEvents asked;
    Data seen;
  };
  const auto second = lab.open();
  Oracle oracle;
  std::set<Position> given;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    lab.trying("seed " + std::to_string(seed));
    Chance chance(seed);
    std::vector<Cursor> cursors(3);
    for (std::size_t i = 0; i < cursors.size(); ++i) {
      cursors[i].store = lab.open();
      if (i > 0) cursors[i].asked.filter = random_filter(chance);
      cursors[i].asked.limit = static_cast<std::uint32_t>(1 + chance.below(5));
    }
    for (int round = 0; round < 80; ++round) {
      if (chance.one_in(3)) {
        SuiteStore& store = chance.one_in(2) ? lab.store() : *second;
        AppendEvents batch;
        for (std::size_t n = 1 + chance.below(4); n > 0; --n) {
          batch.events.push_back(random_event(chance, oracle.log.size()));
          oracle.log.push_back(batch.events.back());
        }
        must("appending", Lab::perform(store, batch));
      } else {
        Cursor& cursor = cursors[chance.below(cursors.size())];
        const EventPage page = Lab::read(*cursor.store, cursor.asked);
        for (const auto& event : page.events()) cursor.seen.emplace_back(event.data);
        cursor.asked.after = page.scanned_to;
      }
    }
    for (auto& cursor : cursors) {
      const Data rest = Lab::walk(*cursor.store, cursor.asked).data();
      cursor.seen.insert(cursor.seen.end(), rest.begin(), rest.end());
      expect_same("all that a cursor with " + shown(cursor.asked.filter) + " saw", cursor.seen,
                  oracle.data(cursor.asked.filter));
    }
  }
}

}  // namespace

std::span<const Rule> page_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"read: for every page size and filter, all pages together are the log", nothing, pages_make_the_log},
      {"read: a page ends once it reaches its byte limit, and loses nothing", nothing, byte_limits},
      {"read: scanned_to passes no event that the filter lets through", nothing, scanned_is_scanned},
      {"read: cursors between appends see each event once, in order", nothing, cursors_and_appends},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
