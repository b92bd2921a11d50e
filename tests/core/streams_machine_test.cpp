// Explores runs over streams with every kind of reply, and compares what they add to the work with the table of
// docs/state-machine.md, both ways.
#include "keyed_probe.hpp"
#include "lantern/testing/choices.hpp"
#include "state_machine_page.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;

namespace {

/// The model store answers; a departure is one of these instead.
struct World {
  ViewModel store;
  Choices& choices;
  std::string chosen{};

  template <Effect E>
  typename E::reply pick(const E& asked, const char* usual,
                         std::vector<std::pair<const char*, typename E::reply>> others = {}) {
    const std::uint32_t way = choices.choose(About::fault, static_cast<std::uint32_t>(others.size()) + 1);
    chosen = way == 0 ? usual : others[way - 1].first;
    return way == 0 ? store.perform(asked) : std::move(others[way - 1].second);
  }

  ListStreams::reply perform(const ListStreams& asked) {
    using Reply = ListStreams::reply;
    const auto usual = store.perform(asked);
    StreamPage wrong{{{"z", StreamVersion{1}, StreamVersion{1}}, {"a", StreamVersion{1}, StreamVersion{1}}}, {}};
    StreamPage shorter = *usual;
    for (StreamExtent& stream : shorter.streams) stream.first = stream.last = StreamVersion{7};
    const bool full = usual->streams.size() == asked.limit;
    return pick(asked,
                full                     ? "streams, and more"
                : usual->streams.empty() ? "none"
                                         : "the last streams",
                {{"transient", Reply(tl::unexpect, busy)},
                 {"permanent", Reply(tl::unexpect, broken)},
                 {"contract broken", Reply(wrong)},
                 {full ? "streams that were cut off, and more" : "the last streams, cut off", Reply(shorter)}});
  }
  ReadStream::reply perform(const ReadStream& asked) {
    using Reply = ReadStream::reply;
    const auto usual = store.perform(asked);
    StreamSlice wrong = *usual;
    wrong.head = wrong.scanned_to = StreamVersion{};
    StreamSlice nothing;
    nothing.scanned_to = nothing.head = usual->head;
    return pick(asked, usual->at_head() ? "events, at the head" : "events",
                {{"transient", Reply(tl::unexpect, busy)},
                 {"permanent", Reply(tl::unexpect, broken)},
                 {"contract broken", Reply(wrong)},
                 {"empty, at the head", Reply(nothing)}});
  }
  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    const auto no = [](SaveError why) -> SaveCheckpoint::reply { return tl::unexpected(std::move(why)); };
    auto reply = pick(asked, "saved",
                      {{"outcome unknown", no(OutcomeUnknown{busy})},
                       {"outcome unknown", no(OutcomeUnknown{broken})},
                       {"cursor moved", no(CursorMoved{"a", StreamVersion{9}})}});
    // One of the two was stored.
    const auto* unknown = reply ? nullptr : std::get_if<OutcomeUnknown>(&reply.error());
    if (unknown && unknown->cause == broken) static_cast<void>(store.perform(asked));
    return reply;
  }
  LoadCheckpoint::reply perform(const LoadCheckpoint& asked) {
    const auto found = store.perform(asked);
    if (asked.purpose == LoadCheckpoint::Purpose::resolve) return pick(asked, "what became of it");
    return pick(asked, *found ? "found" : "none", {{"a position", LoadCheckpoint::reply(Checkpoint{Position{1}})}});
  }
  template <Effect E>
  typename E::reply perform(const E& asked) {
    return pick(asked, std::same_as<E, Sleep> ? "slept" : "done");
  }
};

Table explored() {
  Table seen;
  for (const auto mode : {PollMode::batch, PollMode::continuous}) {
    for (const auto fails : {WhenStreamFails::go_on, WhenStreamFails::stop}) {
      for (const std::uint32_t page : {1U, 5U}) {
        for (const bool poisoned : {false, true}) {
          const bool known = !poisoned && page == 1;
          auto config = steady().page_limit(*BatchSize::of(page)).over(StreamSelection::all()).when_stream_fails(fails);
          config.store_retry.max_attempts = 1;
          config.poll.max_consecutive_failures = 2;
          config.mode = mode;
          ViewModel store;
          store.log = {{1, "T", "k", "a"}, {2, "T", "k", "b"}, {3, "T", "l", "a"}};
          if (known) {
            Chain before;
            if (!run(before, store, steady().over(StreamSelection::all())))
              throw std::runtime_error("it failed before");
            store.log.push_back({4, "T", "k", "b"});
          }
          explore({.total = 2}, [&](Choices& choices) {
            World world{store, choices};
            Chain chain;
            if (poisoned) chain.fails = {{{3, "l"}, -1}};
            Instant now{};
            Step step = ProjectionPipeline(chain, config).start(now);
            seen[{"start", ""}].insert(name(step));
            for (int effects = 0; effects < 24 && !step.finished(); ++effects) {
              const std::string pending = name(step);
              step = std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
                auto reply = world.perform(request.effect());
                if constexpr (std::same_as<E, Sleep>) now += request.effect().duration;
                now += std::chrono::milliseconds(1);
                return std::move(request).answer(std::move(reply), now);
              });
              seen[{pending, world.chosen}].insert(name(step));
            }
          });
        }
      }
    }
  }
  // What is as without streams is in the other tables.
  for (const char* same : {"LoadCheckpoint[inspect]", "LoadViews", "Publish", "start"}) {
    std::erase_if(seen, [&](const auto& row) { return row.first.first == same; });
  }
  return seen;
}

}  // namespace

TEST_CASE("the page on the state machine says what the machine does: over streams") {
  check_same(table_of_page("Over streams"), explored());
}
