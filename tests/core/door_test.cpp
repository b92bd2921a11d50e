// The dynamic door: every kind of reply to every kind of request, under every number.
#include <sstream>
#include <tuple>

#include "model_store.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;
using namespace std::chrono_literals;

namespace {

std::vector<AnyReply> every_kind(std::uint64_t number) {
  std::vector<AnyReply> all;
  all.push_back(any_reply<LoadCheckpoint>(number, Checkpoint{Position{77}, Generation{7}}));
  all.push_back(any_reply<ReadEvents>(number, last({77, 78})));
  all.push_back(any_reply<SaveCheckpoint>(number, Saved{}));
  all.push_back(any_reply<Sleep>(number, Slept::woken));
  all.push_back(any_reply<AcquireLease>(number, Lease{"intruder", Fence{77}}));
  all.push_back(any_reply<RenewLease>(number, Lease{"intruder", Fence{77}}));
  all.push_back(any_reply<ReleaseLease>(number, ReleaseLease::Released{}));
  return all;
}

std::string printed(const Step& step) {
  std::ostringstream out;
  out << step;
  return out.str();
}

/// Throws every reply that does not fit at the door. Returns how many there were.
int disturb(Step& step, Instant now) {
  const std::string before = printed(step);
  const std::uint64_t pending = pending_request(step);
  const auto kind = static_cast<std::size_t>(step.index());
  int refused = 0;
  for (const std::uint64_t number : {pending, pending - 1, pending + 1, std::uint64_t{0}, ~std::uint64_t{0}}) {
    auto replies = every_kind(number);
    for (std::size_t i = 0; i < replies.size(); ++i) {
      if (number == pending && i == kind && !step.finished()) continue;  // this one fits
      const auto outcome = answer(step, std::move(replies[i]), now + 1h);
      INFO("reply of kind " << i << " to request " << number << ", pending " << pending << ": " << before);
      REQUIRE_FALSE(outcome.has_value());
      CHECK_FALSE(outcome.error().message.empty());
      CHECK(printed(step) == before);
      CHECK(pending_request(step) == pending);
      ++refused;
    }
  }
  return refused;
}

struct Seen {
  std::vector<std::string> trace{};
  std::vector<std::size_t> kinds{};
  int refused{};
  RunSummary summary{};
  std::vector<std::int64_t> ledger{};
};

/// A run that comes by every kind of request, through the door, with or without disturbance.
Seen run(bool disturbed) {
  ModelStore store = store_with(4);
  store.poison = {{3, 1}};
  Probe<true, true> probe{.strategy = FailureStrategy::Retry};
  auto config = steady().page_limit(2).with(Leadership("me"));
  config.leadership->ttl = 6ms;
  config.leadership->when_not_leader = WhenNotLeader::stand_by;
  Instant now{};
  Step step = ProjectionPipeline(probe, config).start(now);
  Seen seen;
  int saves = 0, acquires = 0;
  while (!step.finished()) {
    seen.trace.push_back(printed(step));
    seen.kinds.push_back(step.index());
    if (disturbed) seen.refused += disturb(step, now);
    const auto number = pending_request(step);
    REQUIRE(number == seen.trace.size());
    now += 1ms;
    std::optional<AnyReply> reply;
    if (auto* load = step.asks<LoadCheckpoint>())
      reply = any_reply<LoadCheckpoint>(number, store.perform(load->effect()));
    else if (auto* read = step.asks<ReadEvents>()) reply = any_reply<ReadEvents>(number, store.perform(read->effect()));
    else if (auto* nap = step.asks<Sleep>()) {
      now += nap->effect().duration;
      reply = any_reply<Sleep>(number, Slept::through);
    } else if (auto* take = step.asks<AcquireLease>()) {
      if (++acquires == 1) {
        reply = any_reply<AcquireLease>(number, tl::unexpected(std::variant<LeaseHeld, Failure>(LeaseHeld{"x", 2ms})));
      } else reply = any_reply<AcquireLease>(number, store.perform(take->effect()));
    } else if (auto* renew = step.asks<RenewLease>()) {
      reply = any_reply<RenewLease>(number, store.perform(renew->effect()));
    } else if (auto* release = step.asks<ReleaseLease>()) {
      reply = any_reply<ReleaseLease>(number, store.perform(release->effect()));
    } else {
      auto* save = step.asks<SaveCheckpoint>();
      if (++saves == 1) reply = any_reply<SaveCheckpoint>(number, tl::unexpected(SaveError(OutcomeUnknown{busy})));
      else reply = any_reply<SaveCheckpoint>(number, store.perform(save->effect()));
    }
    REQUIRE(answer(step, *std::move(reply), now));
  }
  if (disturbed) seen.refused += disturb(step, now);
  seen.trace.push_back(printed(step));
  seen.summary = success(step);
  seen.ledger = store.ledger;
  return seen;
}

}  // namespace

TEST_CASE(
    "through the dynamic door, replies of a wrong kind, duplicates and late ones are refused and change nothing") {
  const Seen calm = run(false), disturbed = run(true);
  CHECK(disturbed.trace == calm.trace);
  CHECK(disturbed.summary == calm.summary);
  CHECK(calm.ledger == std::vector<std::int64_t>{1, 2, 3, 4});
  CHECK(disturbed.ledger == calm.ledger);
  for (std::size_t kind = 0; kind < 7; ++kind) CHECK(std::ranges::count(calm.kinds, kind) > 0);
  // Five numbers by seven kinds, less the one that fits, at each request; all of them at the end.
  CHECK(disturbed.refused == static_cast<int>(calm.kinds.size()) * 34 + 35);
}

TEST_CASE("a protocol error says what was pending and what came") {
  Probe<> probe;
  Step step = ProjectionPipeline(probe).start(Instant{});
  const auto wrong = answer(step, any_reply<Sleep>(1, Slept::through), Instant{});
  CHECK(wrong.error().message == "LoadCheckpoint is pending, but the reply is one to Sleep");
  const auto late = answer(step, any_reply<LoadCheckpoint>(9, std::nullopt), Instant{});
  CHECK(late.error().message == "request 1 (LoadCheckpoint) is pending, but the reply is to request 9");
  const auto taken = std::move(*step.asks<LoadCheckpoint>());
  CHECK_FALSE(answer(step, any_reply<LoadCheckpoint>(1, std::nullopt), Instant{}).has_value());
}

TEST_CASE("a request that is answered twice, and a pipeline that is started twice, finish at once with an error") {
  Probe<> probe;
  ProjectionPipeline pipeline(probe);
  Step step = pipeline.start(Instant{});
  Step again = pipeline.start(Instant{});
  CHECK(error(again).kind == ErrorKind::protocol);
  auto request = std::move(*step.asks<LoadCheckpoint>());
  Step next = std::move(request).answer(std::nullopt, Instant{});
  CHECK(next.asks<ReadEvents>());
  Step twice = std::move(request).answer(std::nullopt, Instant{});  // NOLINT: on purpose
  CHECK(error(twice).kind == ErrorKind::protocol);
  request.ask_to_stop(Stop::now);
  CHECK(request.number() == 0);
  next = expect<ReadEvents>(next).answer(nothing(), Instant{});
  CHECK(success(next).ending == Ending::caught_up);
}

TEST_CASE("dropping a request abandons the run, and what was committed stays committed") {
  ModelStore store = store_with(4);
  Probe<true, true> probe;
  for (int effects = 0; effects < 6; ++effects) {
    Step step = ProjectionPipeline(probe, ProjectionConfig().page_limit(1)).start(Instant{});
    for (int i = 0; i < effects && !step.finished(); ++i) {
      step = std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
        auto reply = lantern::perform(store, request.effect());
        return std::move(request).answer(std::move(reply), Instant{});
      });
    }
    CHECK(store.is_the_fold_of_the_log());
  }
  CHECK(store.ledger.size() >= 2);
}

TEST_CASE("a recorded run replays to the same decisions, byte for byte") {
  CHECK(run(false).trace == run(false).trace);
}

TEST_CASE("an effect stays valid while its request is moved") {
  Probe<true, true> probe;
  Step step = ProjectionPipeline(probe).start(Instant{});
  step = expect<LoadCheckpoint>(step).answer(std::nullopt, Instant{});
  step = expect<ReadEvents>(step).answer(last({1, 2}), Instant{});
  auto request = std::move(*step.asks<SaveCheckpoint>());
  auto moved = std::make_unique<Request<SaveCheckpoint>>(std::move(request));
  const EventPage copy = last({1, 2});
  CHECK(moved->effect().writes == Writes{{copy.events()}});
}
