// The whole table of requests and replies: at each request that a run can come by, each reply that does not fit is
// refused, and the run goes on as if it had not come. (That each reply that fits is understood, docs/state-machine.md
// says, and machine_test.cpp sees to.)
#include <set>
#include <sstream>

#include "keyed_probe.hpp"
#include "lantern/testing/choices.hpp"
#include "state_machine_page.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kinds = std::variant_size_v<Step::Base> - 1;  // of requests, and so of replies

AnyReply intruder(std::size_t kind, std::uint64_t number) {
  switch (kind) {
    case 0: return any_reply<LoadCheckpoint>(number, Checkpoint{Position{77}, Generation{7}});
    case 1: return any_reply<ReadEvents>(number, last({77, 78}));
    case 2: return any_reply<SaveCheckpoint>(number, Saved{Position{77}});
    case 3: return any_reply<Sleep>(number, Slept::woken);
    case 4: return any_reply<AcquireLease>(number, Lease{"intruder", Fence{77}});
    case 5: return any_reply<RenewLease>(number, Lease{"intruder", Fence{77}});
    case 6: return any_reply<ReleaseLease>(number, ReleaseLease::Released{});
    case 7: return any_reply<LoadViews>(number, LoadedViews{{StoredView{.key = "a", .state = "77"}}, {"b"}});
    case 8: return any_reply<Publish>(number, Publish::Published{});
    case 9: return any_reply<BeginRebuild>(number, Checkpoint{Position{77}, Generation{7}});
    case 10: return any_reply<ActivateGeneration>(number, ActivateGeneration::Activated{});
    case 11:
      return any_reply<ListStreams>(number, StreamPage{{{"a", StreamVersion{1}, StreamVersion{77}}}, Position{77}});
    case 12: return any_reply<ReadStream>(number, StreamSlice{{}, StreamVersion{77}, StreamVersion{78}});
  }
  throw std::logic_error("a kind of reply that this test does not know");
}

std::string printed(const Step& step) {
  std::ostringstream out;
  out << step;
  return std::move(out).str();
}

/// Answers truthfully, but where a choice departs from that.
struct World {
  ViewModel store;
  Choices& choices;
  Instant now{};
  std::int64_t seen_moving{};

  template <Effect E>
  typename E::reply perform(const E& asked) {
    now += 1ms;
    if constexpr (std::same_as<E, Sleep>) {
      now += asked.duration;
      return choices.choose(About::fault, 2) == 0 ? Slept::through : Slept::woken;
    } else {
      switch (choices.choose(About::fault, 3)) {
        case 0: break;
        case 1:
          if constexpr (std::same_as<E, SaveCheckpoint>) {
            (void)store.perform(asked);
            return tl::unexpected(SaveError(OutcomeUnknown{busy}));
          } else return tl::make_unexpected(busy);
        default:
          if constexpr (std::same_as<E, AcquireLease>) {
            return tl::unexpected(std::variant<LeaseHeld, Failure>(LeaseHeld{"other", 2ms}));
          } else if constexpr (std::same_as<E, RenewLease>) {
            return tl::unexpected(std::variant<LostLeadership, Failure>(LostLeadership{"other"}));
          } else if constexpr (std::same_as<E, SaveCheckpoint>) {
            return tl::unexpected(SaveError(OutcomeUnknown{busy}));
          } else return tl::make_unexpected(broken);
      }
      auto reply = store.perform(asked);
      if constexpr (std::same_as<E, SaveCheckpoint>) {
        if (reply && asked.generation.value == store.building) reply = Saved{Position{++seen_moving}};
      }
      return reply;
    }
  }
};

struct Setting {
  std::string name;
  bool keyed = false;
  bool durable = true;
  bool older = false;  ///< what is stored was made by older code
  PollMode mode = PollMode::batch;
  bool streams = false;
};

struct Seen {
  std::vector<std::string> trace{};
  std::set<std::string> pending{};
  int refused{};
};

/// Throws all that does not fit at the step: each kind under each number, and the reply to the request before.
void disturb(Step& step, const std::optional<AnyReply>& late, Instant now, Seen& seen) {
  const std::string before = printed(step);
  const std::uint64_t pending = pending_request(step);
  const auto refuse = [&](AnyReply reply, const char* what) {
    const std::uint64_t number = reply.request;
    const auto outcome = answer(step, std::move(reply), now + 1h);
    if (!outcome && !outcome.error().message.empty()) return void(++seen.refused);
    FAIL(what << " under number " << number << " is taken by " << before);
  };
  for (const std::uint64_t number : {pending, pending - 1, pending + 1, std::uint64_t{0}, ~std::uint64_t{0}}) {
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      if (number == pending && kind == step.index()) continue;  // this one fits
      refuse(intruder(kind, number), "a reply of another kind");
    }
  }
  if (late) {
    refuse(*late, "the reply to the request before");
    AnyReply second = *late;
    second.request = pending;  // the same, addressed to the wrong request
    if (second.reply.index() != step.index()) refuse(std::move(second), "the reply to the request before");
  }
  if (printed(step) != before || pending_request(step) != pending) FAIL("a reply that was refused changed " << before);
}

template <class P>
Seen walk(P probe, const Setting& setting, ProjectionConfig config, const std::vector<Departure>& chosen,
          bool disturbed, std::vector<Choices::Offered>* offered = nullptr) {
  Choices choices = Choices::by_script_remembering(chosen);
  World world{store_of({"a", "a b", "b"}), choices};
  if (setting.older) {
    Chain old;
    (void)run(old, world.store);
  }
  Seen seen;
  std::optional<AnyReply> late;
  Step step = ProjectionPipeline(probe, std::move(config)).start(world.now);
  for (int effects = 0; !step.finished(); ++effects) {
    REQUIRE(effects < 200);
    if (effects == (setting.older ? 60 : 20)) step.ask_to_stop(Stop::at_checkpoint);
    seen.trace.push_back(printed(step));
    seen.pending.insert(name(step));
    if (disturbed) disturb(step, late, world.now, seen);
    std::optional<AnyReply> reply;
    std::visit(
        [&](const auto& pending) {
          if constexpr (requires { pending.effect(); }) {
            using E = std::remove_cvref_t<decltype(pending.effect())>;
            reply = any_reply<E>(pending.number(), world.perform(pending.effect()));
          }
        },
        static_cast<const Step::Base&>(step));
    late = reply;
    REQUIRE(answer(step, *std::move(reply), world.now));
  }
  seen.trace.push_back(printed(step));
  if (disturbed) disturb(step, late, world.now, seen);
  if (offered) *offered = choices.offered();
  return seen;
}

Seen walk(const Setting& setting, const std::vector<Departure>& chosen, bool disturbed,
          std::vector<Choices::Offered>* offered = nullptr) {
  auto config = steady().page_limit(2).with(Leadership("me"));
  config.mode = setting.mode;
  if (setting.streams) config.over(StreamSelection::all());
  config.leadership->ttl = 9ms;
  config.leadership->when_not_leader = WhenNotLeader::stand_by;
  config.store_retry.max_attempts = 2;
  if (setting.keyed) {
    Chain chain{.code = setting.older ? 2 : 1, .fails = {{{2, "b"}, 1}}, .strategy = FailureStrategy::Retry};
    return walk(std::move(chain), setting, config, chosen, disturbed, offered);
  }
  const auto plain = [&](auto probe) {
    probe.fails = {{2, 1}};
    probe.strategy = FailureStrategy::Retry;
    return walk(std::move(probe), setting, config, chosen, disturbed, offered);
  };
  return setting.durable ? plain(Probe<true>{}) : plain(Probe<false>{});
}

/// What the page on the state machine knows of, but for the start.
std::set<std::string> requests_of_page() {
  std::set<std::string> all;
  for (const char* heading :
       {"The work", "The lease", "Stopping", "Stopping a leader", "Views and generations", "Over streams"}) {
    for (const auto& [from, nexts] : table_of_page(heading)) all.insert(from.first);
  }
  all.erase("start");
  return all;
}

}  // namespace

TEST_CASE("S12: each reply that does not fit is refused at each request, and the run goes on as if it had not come") {
  const std::vector<Setting> settings = {
      {.name = "in memory", .durable = false, .mode = PollMode::continuous},
      {.name = "stored", .mode = PollMode::continuous},
      {.name = "stored, to the head"},
      {.name = "keyed", .keyed = true, .mode = PollMode::continuous},
      {.name = "rebuilt", .keyed = true, .older = true, .mode = PollMode::continuous},
      {.name = "rebuilt, to the head", .keyed = true, .older = true},
      {.name = "over streams", .keyed = true, .mode = PollMode::continuous, .streams = true},
  };
  std::set<std::string> pending;
  for (const Setting& setting : settings) {
    INFO(setting.name);
    int runs = 0;
    explore({.total = 1}, [&](Choices& choices) {
      std::vector<Choices::Offered> offered;
      const std::vector<Departure> script = choices.script();
      const Seen calm = walk(setting, script, false, &offered);
      for (const auto& one : offered) (void)choices.choose(one.about, one.ways);  // so that each is departed from
      const Seen disturbed = walk(setting, script, true);
      if (disturbed.trace != calm.trace) FAIL("it goes another way, from " << calm.trace.back());
      const int steps = static_cast<int>(calm.trace.size());
      // Five numbers for each kind, but for the one that fits; the end fits none.
      const int least = (steps - 1) * (5 * static_cast<int>(kinds) - 1) + 5 * static_cast<int>(kinds);
      if (disturbed.refused < least) FAIL("not everything was refused");
      pending.insert(disturbed.pending.begin(), disturbed.pending.end());
      ++runs;
    });
    CHECK(runs > 20);
  }
  CHECK(pending == requests_of_page());
}
