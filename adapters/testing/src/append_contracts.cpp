// Contracts of appending.
#include <algorithm>
#include <map>

#include "lab.hpp"
#include "lantern/timestamp.hpp"

namespace lantern::detail {
namespace {

NewEvent event(std::string stream, std::string data, std::string id = {}) {
  NewEvent made;
  made.stream = std::move(stream);
  made.type = "Happened";
  made.data = std::move(data);
  made.id = std::move(id);
  return made;
}

using Data = std::vector<std::string>;

Data data_of_stream(Lab& lab, std::string stream) {
  ReadEvents asked;
  asked.filter.stream = std::move(stream);
  return lab.walk(asked).data();
}

std::vector<std::int64_t> versions_of_stream(Lab& lab, const std::string& stream) {
  ReadEvents asked;
  asked.filter.stream = stream;
  const Walk walk = lab.walk(asked);
  std::vector<std::int64_t> versions;
  for (const auto& page : walk.pages) {
    for (const auto& one : page.events()) versions.push_back(one.version);
  }
  return versions;
}

AppendEvents::reply try_append(Lab& lab, std::vector<NewEvent> events, std::vector<ExpectedVersion> expected = {}) {
  return lab.perform(AppendEvents{std::move(events), std::move(expected)});
}

void expect_conflict(const std::string& what, const AppendEvents::reply& reply, const VersionConflict& expected) {
  expect_same(what, must_refuse<VersionConflict>(what, reply), expected);
}

void expect_id_conflict(const std::string& what, const AppendEvents::reply& reply, const IdConflict& expected) {
  expect_same(what, must_refuse<IdConflict>(what, reply), expected);
}

// ---- what is read back ----

void read_back(Lab& lab) {
  const NewEvent written{.stream = "order-1",
                         .type = "Order Placed",
                         .data = R"({"a":1})",
                         .id = "id-1",
                         .meta = R"({"by":"me"})",
                         .ts = "2024-05-01T12:00:00.250+02:00",
                         .schema_version = 7};
  const Appended done = lab.append({written});
  expect_same("events added", done.added, 1u);
  const EventPage page = lab.read(ReadEvents{});
  expect_same("events in the log", page.size(), 1u);
  const RecordedEvent& kept = page.events().front();
  expect_same("stream", std::string(kept.stream), written.stream);
  expect_same("version", kept.version, 1);
  expect_same("type", std::string(kept.type), written.type);
  expect_same("schema version", kept.schema_version, written.schema_version);
  expect_same("data", std::string(kept.data), written.data);
  expect_same("id", std::string(kept.id), written.id);
  expect_same("meta", std::string(kept.meta), written.meta);
  expect_same("time, as the producer wrote it", std::string(kept.ts), written.ts);
  expect_same("head that append gave", done.last, std::optional(kept.position));
  expect_same("head of the page", page.head, std::optional(kept.position));
}

void absent_parts(Lab& lab) {
  lab.append({event("s", "")});
  const EventPage page = lab.read(ReadEvents{});
  expect_same("events in the log", page.size(), 1u);
  const RecordedEvent& kept = page.events().front();
  expect_same("id", std::string(kept.id), "");
  expect_same("meta", std::string(kept.meta), "");
  expect_same("data", std::string(kept.data), "");
  expect_same("schema version", kept.schema_version, 1);
  expect(parse_timestamp(kept.ts).has_value(), "the store's time is not RFC 3339: " + shown(std::string(kept.ts)));
}

void many_without_id(Lab& lab) {
  const Appended done = lab.append({event("s", "same"), event("s", "same"), event("t", "same")});
  expect_same("events added", done.added, 3u);
  expect_same("log", lab.walk().data(), Data{"same", "same", "same"});
}

void any_bytes(Lab& lab) {
  Data payloads{"", std::string("\0", 1), std::string("a\0b\0", 4), "\xFF\xFE", "\xC3", "not JSON", "{\"a\":", "'"};
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  payloads.push_back(all);
  std::vector<NewEvent> events;
  for (const auto& payload : payloads) {
    NewEvent made = event("s", payload);
    made.meta = payload;
    events.push_back(std::move(made));
  }
  lab.append(std::move(events));
  const EventPage page = lab.read(ReadEvents{});
  expect_same("events in the log", page.size(), payloads.size());
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    expect_same("data of event " + std::to_string(i), std::string(page.events()[i].data), payloads[i]);
    expect_same("meta of event " + std::to_string(i), std::string(page.events()[i].meta), payloads[i]);
  }
}

void big_event(Lab& lab) {
  std::string big(5u << 20, 'x');
  for (std::size_t i = 0; i < big.size(); i += 4096) big[i] = static_cast<char>('a' + (i >> 12) % 26);
  lab.append({event("s", "before"), event("s", big), event("s", "after")});
  ReadEvents asked;
  asked.byte_limit = 1000;
  expect(lab.walk(asked).data() == Data{"before", big, "after"},
         "an event of 5 MiB did not come back whole, between its neighbours");
}

void versions_count(Lab& lab) {
  for (int i = 0; i < 3; ++i) lab.append({event("a", "a"), event("b", "b"), event("a", "a")});
  using Versions = std::vector<std::int64_t>;
  expect_same("versions of stream a", versions_of_stream(lab, "a"), Versions{1, 2, 3, 4, 5, 6});
  expect_same("versions of stream b", versions_of_stream(lab, "b"), Versions{1, 2, 3});
  expect_same("data of stream b", data_of_stream(lab, "b"), Data{"b", "b", "b"});
}

void empty_batch(Lab& lab) {
  expect_same("an empty batch on an empty log", lab.append({}), Appended{});
  const Appended first = lab.append({event("s", "1")});
  expect_same("an empty batch", lab.append({}), Appended{0, 0, first.last});
  expect_conflict("an empty batch that expects too much", try_append(lab, {}, {{"s", 4}}), {"s", 4, 1});
}

// ---- expected versions ----

void expected_holds(Lab& lab) {
  lab.append({event("s", "1"), event("s", "2")}, {{"s", 0}});
  lab.append({event("s", "3"), event("new", "1")}, {{"s", 2}, {"new", 0}});
  lab.append({event("s", "4")});
  expect_same("stream s", data_of_stream(lab, "s"), Data{"1", "2", "3", "4"});
}

void conflict_shows_both(Lab& lab) {
  lab.append({event("s", "1"), event("s", "2")});
  expect_conflict("expecting no stream", try_append(lab, {event("s", "x")}, {{"s", 0}}), {"s", 0, 2});
  expect_conflict("expecting an older version", try_append(lab, {event("s", "x")}, {{"s", 1}}), {"s", 1, 2});
  expect_conflict("expecting a newer version", try_append(lab, {event("s", "x")}, {{"s", 3}}), {"s", 3, 2});
  expect_conflict("expecting a stream that is not there", try_append(lab, {event("t", "x")}, {{"t", 1}}), {"t", 1, 0});
  expect_same("log", lab.walk().data(), Data{"1", "2"});
}

void conflict_is_whole(Lab& lab) {
  lab.append({event("a", "a1"), event("b", "b1")});
  const auto batch = std::vector{event("a", "a2"), event("c", "c1"), event("b", "b2")};
  expect_conflict("one stale stream of two", try_append(lab, batch, {{"a", 1}, {"b", 0}}), {"b", 0, 1});
  expect_same("log", lab.walk().data(), Data{"a1", "b1"});
  lab.append(batch, {{"a", 1}, {"b", 1}, {"c", 0}});
  expect_same("log afterwards", lab.walk().data(), Data{"a1", "b1", "a2", "c1", "b2"});
  expect_same("versions of a", versions_of_stream(lab, "a"), std::vector<std::int64_t>{1, 2});
}

void expected_only(Lab& lab) {
  lab.append({event("read", "1")});
  expect_conflict("a stream that is only looked at, stale", try_append(lab, {event("w", "x")}, {{"read", 0}}),
                  {"read", 0, 1});
  expect_same("log", lab.walk().data(), Data{"1"});
  lab.append({event("w", "2")}, {{"read", 1}, {"never", 0}});
  expect_same("log afterwards", lab.walk().data(), Data{"1", "2"});
}

// ---- ids ----

void once_per_id(Lab& lab) {
  const auto batch = std::vector{event("s", "1", "id-1"), event("t", "2", "id-2")};
  lab.append(batch);
  const Appended again = lab.append(batch);
  expect_same("the same batch again: added", again.added, 0u);
  expect_same("the same batch again: duplicates", again.duplicates, 2u);
  const Appended half = lab.append({batch[1], event("t", "3", "id-3"), batch[0]});
  expect_same("a batch that is partly there: added", half.added, 1u);
  expect_same("a batch that is partly there: duplicates", half.duplicates, 2u);
  expect_same("log", lab.walk().data(), Data{"1", "2", "3"});
  expect_same("versions of t", versions_of_stream(lab, "t"), std::vector<std::int64_t>{1, 2});
}

void id_conflicts(Lab& lab) {
  const NewEvent first = event("s", "1", "id");
  lab.append({event("r", "0")});
  lab.append({first});
  const Position existing = lab.walk().positions().back();
  NewEvent stream = first, type = first, data = first, meta = first, time = first;
  stream.stream = "t";
  type.type = "Other";
  data.data = "2";
  meta.meta = "2";
  time.ts = "2001-01-01T00:00:00Z";
  const std::pair<const char*, NewEvent> others[] = {
      {"stream", stream}, {"type", type}, {"payload", data}, {"metadata", meta}};
  for (const auto& [part, other] : others) {
    const std::string what = std::string("the same id with another ") + part;
    expect_id_conflict(what, try_append(lab, {event("q", "x"), other}), {1, "id", existing});
  }
  expect_same("the same id at another time: duplicates", lab.append({time}).duplicates, 1u);
  expect_same("log", lab.walk().data(), Data{"0", "1"});
}

void ids_in_one_batch(Lab& lab) {
  const Appended done = lab.append({event("s", "1", "id"), event("s", "2"), event("s", "1", "id")});
  expect_same("twice in a batch: added", done.added, 2u);
  expect_same("twice in a batch: duplicates", done.duplicates, 1u);
  expect_id_conflict("two events of one id in a batch",
                     try_append(lab, {event("s", "3", "new"), event("s", "4", "new")}), {1, "new", Position{0}});
  expect_same("log", lab.walk().data(), Data{"1", "2"});
  lab.append({event("s", "4", "new")});
  expect_same("log, once the id is used", lab.walk().data(), Data{"1", "2", "4"});
}

void retry_with_stale_version(Lab& lab) {
  const auto batch = std::vector{event("s", "1", "id-1"), event("s", "2", "id-2")};
  lab.append(batch, {{"s", 0}});
  const Appended again = lab.append(batch, {{"s", 0}});
  expect_same("a retry with the version it expected at first: duplicates", again.duplicates, 2u);
  expect_conflict("a retry with a new event in the stream",
                  try_append(lab, {batch[0], batch[1], event("s", "3", "id-3")}, {{"s", 0}}), {"s", 0, 2});
  expect_conflict("a retry after a new event in the stream",
                  try_append(lab, {event("s", "3", "id-3"), batch[0], batch[1]}, {{"s", 0}}), {"s", 0, 2});
  const Appended next = lab.append({batch[1], event("s", "3", "id-3")}, {{"s", 2}});
  expect_same("a partial retry with the right version: added", next.added, 1u);
  expect_same("log", lab.walk().data(), Data{"1", "2", "3"});
}

/// A producer that is never sure what arrived sends pieces again and again; each event counts once, in its first order.
void random_retries(Lab& lab) {
  Data expected;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    lab.trying("seed " + std::to_string(seed));
    Chance chance(seed);
    const std::string run = std::to_string(seed) + "-";
    const auto make = [&](std::size_t i) {
      const std::string text = run + std::to_string(i);
      return event("s" + std::to_string(i % 3), text, "id " + text);
    };
    std::size_t sent = 0;
    while (sent < 40) {
      const std::size_t begin = chance.below(sent + 1);
      const std::size_t end = std::min<std::size_t>(40, begin + 1 + chance.below(8));
      std::vector<NewEvent> batch;
      for (std::size_t i = begin; i < end; ++i) batch.push_back(make(i));
      const Appended done = lab.append(batch);
      const std::size_t added = end > sent ? end - sent : 0;
      expect_same("added", done.added, added);
      expect_same("duplicates", done.duplicates, batch.size() - added);
      sent = std::max(sent, end);
    }
    for (std::size_t i = 0; i < 40; ++i) expected.push_back(run + std::to_string(i));
    expect_same("log", lab.walk().data(), expected);
  }
}

// ---- more than one store ----

void two_stores_append(Lab& lab) {
  const auto other = lab.open();
  lab.append({event("s", "1", "id-1")});
  must("appending through the other store", Lab::perform(*other, AppendEvents{{event("s", "2", "id-2")}, {{"s", 1}}}));
  expect_conflict("a version that the other store has moved", try_append(lab, {event("s", "x")}, {{"s", 1}}),
                  {"s", 1, 2});
  expect_same("an id that the other store has used: duplicates", lab.append({event("s", "2", "id-2")}).duplicates, 1u);
  lab.append({event("s", "3")}, {{"s", 2}});
  expect_same("log", lab.walk().data(), Data{"1", "2", "3"});
  expect_same("log as the other store sees it", Lab::walk(*other, {}).data(), Data{"1", "2", "3"});
}

void log_survives(Lab& lab) {
  lab.append({event("s", "1", "id-1"), event("t", "2")});
  const auto before = lab.walk().positions();
  lab.reopen();
  expect_same("log after reopening", lab.walk().data(), Data{"1", "2"});
  expect_same("positions after reopening", lab.walk().positions(), before);
  expect_same("an id from before: duplicates", lab.append({event("s", "1", "id-1")}).duplicates, 1u);
  expect_conflict("a version from before", try_append(lab, {event("s", "x")}, {{"s", 0}}), {"s", 0, 1});
  lab.append({event("s", "3")}, {{"s", 1}});
  lab.reopen();
  expect_same("log after reopening twice", lab.walk().data(), Data{"1", "2", "3"});
}

void hints_end(Lab& lab) {
  auto calls = std::make_shared<std::size_t>(0);
  {
    const Subscription heard = lab.store().on_append([calls] { ++*calls; });
    const Subscription other = lab.store().on_append([calls] { ++*calls; });
  }
  const std::size_t before = *calls;
  for (int i = 0; i < 10; ++i) lab.append({event("s", "1")});
  expect_same("hints after the subscriptions ended", *calls, before);
}

}  // namespace

std::span<const Rule> append_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"append: an event is read back as it was written", append, read_back},
      {"append: absent parts are absent again, but for the store's time", append, absent_parts},
      {"append: events without an id are never duplicates", append, many_without_id},
      {"append: payload and metadata are any bytes", append, any_bytes},
      {"append: an event of some MiB comes back whole", append, big_event},
      {"append: versions count from 1 in each stream", append, versions_count},
      {"append: an empty batch adds nothing, but its expectations are checked", append, empty_batch},
      {"append: a batch whose expected versions hold is taken", append, expected_holds},
      {"append: a version conflict shows both versions and adds nothing", append, conflict_shows_both},
      {"append: a conflict in one stream leaves all streams as they were", append, conflict_is_whole},
      {"append: a stream that is only expected, not written, is checked too", append, expected_only},
      {"append: an event is added once per id", append, once_per_id},
      {"append: an id that another event has is a conflict, and adds nothing", append, id_conflicts},
      {"append: ids count within one batch too", append, ids_in_one_batch},
      {"append: a producer's retry does not conflict with itself", append, retry_with_stale_version},
      {"append: any pieces sent again, in any order, add nothing twice", append, random_retries},
      {"append: two stores share one log", append, two_stores_append},
      {"append: the log survives reopening", append, log_survives},
      {"append: no hint comes after its subscription ended", append | hints, hints_end},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
