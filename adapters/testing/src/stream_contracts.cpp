// Contracts of stores that read stream by stream, and keep a cursor for each.
#include <algorithm>
#include <limits>
#include <map>

#include "lab.hpp"

namespace lantern::detail {
namespace {

const ProjectionId orders("orders");

constexpr StreamVersion at(std::int64_t version) { return StreamVersion{version}; }

SaveCheckpoint moving(std::vector<CursorMove> moves, const ProjectionId& id = orders) {
  SaveCheckpoint save;
  save.projection = id;
  save.cursors = std::move(moves);
  return save;
}

StreamCursors cursors(Lab& lab, const ProjectionId& id = orders) {
  const auto found = must("loading", lab.perform(LoadCheckpoint{id}));
  return found ? found->cursors : StreamCursors();
}

/// Names of which some begin as others do, or differ in case only.
const std::vector<std::string>& names() {
  static const std::vector<std::string> all{"%",           "T1/a", "t1",    "t1/a", "t1/b",
                                            "t1/\xC3\xA4", "t10",  "t10/a", "t1_a", "u"};
  return all;
}

/// The n-th of them has n + 1 events.
void fill(Lab& lab) {
  std::size_t events = 0;
  for (const std::string& name : names()) lab.add(name, "T", std::vector<std::string>(++events, "{}"));
}

// ---- listing ----

void lists_by_prefix(Lab& lab) {
  fill(lab);
  for (const std::string prefix : {"", "t1", "t1/", "t", "%", "t1/\xC3", "v", "t1/b"}) {
    for (const std::uint32_t limit : {1U, 2U, 3U, 100U}) {
      lab.trying("prefix '" + prefix + "', pages of " + std::to_string(limit));
      std::vector<StreamExtent> found, expected;
      for (std::size_t n = 0; n < names().size(); ++n) {
        if (names()[n].starts_with(prefix)) {
          expected.push_back({names()[n], at(1), at(static_cast<std::int64_t>(n) + 1)});
        }
      }
      ListStreams list{prefix, {}, limit, {}};
      for (;;) {
        const StreamPage page = must("listing streams", lab.perform(list));
        expect(page.streams.size() <= limit, "it listed more streams than it was asked for");
        found.insert(found.end(), page.streams.begin(), page.streams.end());
        expect(found.size() <= expected.size(), "it listed more streams than there are");
        if (page.streams.size() < limit) break;
        list.after = found.back().stream;
      }
      expect(found == expected, "it listed " + std::to_string(found.size()) + " of " + std::to_string(expected.size()) +
                                    " streams, or in another order, or with other extents");
    }
  }
}

void lists_what_changed(Lab& lab) {
  fill(lab);
  for (int round = 0; round < 3; ++round) {
    const StreamPage before = must("listing streams", lab.perform(ListStreams{"t", {}, 100, {}}));
    lab.add("t1/b", "T", {"{}"});
    lab.add("t2", "T", {"{}", "{}"});
    lab.add("other", "T", {"{}"});
    if (!before.as_of) return;  // it lists all streams each time
    const StreamPage now = must("listing streams", lab.perform(ListStreams{"t", {}, 100, before.as_of}));
    const StreamPage all = must("listing streams", lab.perform(ListStreams{"t", {}, 100, {}}));
    for (const StreamExtent& stream : all.streams) {
      const bool changed = std::ranges::find(before.streams, stream) == before.streams.end();
      const bool found = std::ranges::find(now.streams, stream) != now.streams.end();
      expect(found || !changed, "stream '" + stream.stream + "' got events, and was not listed as changed");
    }
  }
}

void refuses_nothing_asked(Lab& lab) {
  must_be_invalid("listing 0 streams", lab.perform(ListStreams{"", {}, 0, {}}));
  must_be_invalid("reading 0 events", lab.perform(ReadStream{"s", {}, {}, 0}));
}

// ---- reading ----

void reads_a_stream(Lab& lab) {
  for (int i = 0; i < 30; ++i) lab.add(i % 3 == 0 ? "b" : "a", i % 2 == 0 ? "even" : "odd", {std::to_string(i)});
  for (const std::vector<std::string>& types : {std::vector<std::string>{}, {"even"}, {"odd", "none"}, {"none"}}) {
    for (const std::uint32_t limit : {1U, 2U, 7U, 100U}) {
      std::vector<std::string> found, expected;
      for (int i = 0; i < 30; ++i) {
        const std::string type = i % 2 == 0 ? "even" : "odd";
        if (i % 3 != 0 && (types.empty() || std::ranges::find(types, type) != types.end())) {
          expected.push_back(std::to_string(i));
        }
      }
      ReadStream read{"a", types, {}, limit};
      std::int64_t before = 0;
      for (;;) {
        const StreamSlice slice = must("reading a stream", lab.perform(read));
        expect(slice.page.size() <= limit, "a slice has more events than were asked for");
        expect_same("the head of the stream", slice.head, std::optional(at(20)));
        for (const RecordedEvent& event : slice.page.events()) {
          expect(event.stream == "a", "it gave an event of another stream");
          expect(event.version > std::exchange(before, event.version), "events are not in the order of the stream");
          found.emplace_back(event.data);
        }
        if (slice.at_head()) break;
        expect(slice.scanned_to > read.after, "a slice before the head looked no further than it was asked to start");
        read.after = slice.scanned_to;
      }
      expect_same("the events of the stream", found, expected);
    }
  }
}

void reads_what_is_not_there(Lab& lab) {
  lab.add("a", "T", {"1", "2"});
  const StreamSlice unknown = must("reading a stream", lab.perform(ReadStream{"nobody", {}, {}, 10}));
  expect(unknown.page.empty() && !unknown.head && unknown.at_head(), "a stream without events is not empty");
  const StreamSlice beyond = must("reading a stream", lab.perform(ReadStream{"a", {}, at(2), 10}));
  expect(beyond.page.empty() && beyond.at_head(), "after the last event of a stream there are more");
  expect_same("what was looked at", beyond.scanned_to, std::optional(at(2)));
}

// ---- cursors ----

void cursors_move(Lab& lab) {
  expect(cursors(lab).empty(), "a projection that was never saved has cursors");
  static_cast<void>(must("a commit", lab.perform(moving({{"a", {}, at(5)}, {"b", {}, at(2)}}))));
  expect_same("the cursors", cursors(lab), StreamCursors{{"a", at(5)}, {"b", at(2)}});
  static_cast<void>(must("a commit", lab.perform(moving({{"b", at(2), at(7)}, {"c", {}, at(1)}}))));
  lab.reopen();
  expect_same("the cursors", cursors(lab), StreamCursors{{"a", at(5)}, {"b", at(7)}, {"c", at(1)}});
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  static_cast<void>(must("a commit", lab.perform(moving({{"a", at(5), at(largest)}}))));
  expect_same("the largest cursor", cursors(lab).of("a"), std::optional(at(largest)));
}

void cursors_are_checked(Lab& lab) {
  static_cast<void>(must("a commit", lab.perform(moving({{"a", {}, at(5)}, {"b", {}, at(2)}}))));
  for (const CursorMove& bad :
       {CursorMove{"a", at(4), at(6)}, CursorMove{"a", {}, at(6)}, CursorMove{"c", at(1), at(2)}}) {
    for (const bool first : {true, false}) {
      std::vector<CursorMove> moves{{"b", at(2), at(3)}};
      moves.insert(first ? moves.begin() : moves.end(), bad);
      const auto actual = bad.stream == "a" ? std::optional(at(5)) : std::nullopt;
      expect_same("why the commit is refused",
                  must_refuse<CursorMoved>("a commit from another cursor", lab.perform(moving(moves))),
                  CursorMoved{bad.stream, actual});
      expect_same("the cursors after a commit that was refused", cursors(lab),
                  StreamCursors{{"a", at(5)}, {"b", at(2)}});
    }
  }
}

void cursors_only_rise(Lab& lab) {
  static_cast<void>(must("a commit", lab.perform(moving({{"a", {}, at(5)}}))));
  for (const CursorMove& bad :
       {CursorMove{"a", at(5), at(5)}, CursorMove{"a", at(5), at(4)}, CursorMove{"b", {}, at(0)}}) {
    must_be_invalid("a commit that lowers a cursor, or keeps it", lab.perform(moving({bad})));
  }
  must_be_invalid("a commit that moves a cursor twice", lab.perform(moving({{"b", {}, at(1)}, {"b", at(1), at(2)}})));
  SaveCheckpoint both = moving({{"b", {}, at(1)}});
  both.through = Position{1};
  must_be_invalid("a commit with a position and cursors", lab.perform(both));
  expect_same("the cursors", cursors(lab), StreamCursors{{"a", at(5)}});
}

void cursors_are_their_own(Lab& lab) {
  const std::vector<ProjectionId> ids{{"a"}, {"a/b"}, {"a", "b"}, {"b", "a"}, {"a:b"}, {"'; --"}, {"a%"}};
  std::int64_t version = 0;
  for (const ProjectionId& id : ids)
    static_cast<void>(must("a commit", lab.perform(moving({{"s", {}, at(++version)}}, id))));
  version = 0;
  for (const ProjectionId& id : ids) {
    expect_same("the cursors of " + to_string(id), cursors(lab, id), StreamCursors{{"s", at(++version)}});
  }
}

}  // namespace

std::span<const Rule> stream_rules() {
  using enum Needs;
  // clang-format off
  static constexpr Rule rules[] = {
      {"streams: they are listed in order, by a literal prefix, page by page, with their extents (T17)", streams | append, lists_by_prefix},
      {"streams: those that got events since are listed (T21)", streams | append, lists_what_changed},
      {"streams: none of them, and a slice of no events, are nothing to ask for", streams, refuses_nothing_asked},
      {"streams: one is read in its own order, after a version, by types, in slices", streams | append, reads_a_stream},
      {"streams: one that is not known has no events, and that is no error (T18)", streams | append, reads_what_is_not_there},
      {"cursors: a commit moves those that it names, and no others (T8, T13)", streams, cursors_move},
      {"cursors: a commit that builds on another one is refused, and changes nothing", streams, cursors_are_checked},
      {"cursors: they only rise (T9)", streams, cursors_only_rise},
      {"cursors: those of projections and tenants are their own (T12, T47)", streams, cursors_are_their_own},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
