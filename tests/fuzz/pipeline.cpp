// The machine, answered through its dynamic door with anything: replies that are true, false or absurd, of the wrong
// kind or late, at instants that run backwards; asked to stop at any time. It keeps its promises, and it ends.
#include "lantern/pipeline.hpp"

#include "pipeline_promises.hpp"
#include "pipeline_world.hpp"

using namespace lantern;
using namespace lantern::fuzz;

namespace {

AnyReply of_kind(std::size_t kind, std::uint64_t number) {
  using Position = lantern::Position;
  switch (kind) {
    case 0: return any_reply<LoadCheckpoint>(number, Checkpoint{Position{77}, Generation{7}});
    case 1: return any_reply<ReadEvents>(number, EventPage{});
    case 2: return any_reply<SaveCheckpoint>(number, Saved{});
    case 3: return any_reply<Sleep>(number, Slept::woken);
    case 4: return any_reply<AcquireLease>(number, Lease{"intruder", Fence{77}});
    case 5: return any_reply<RenewLease>(number, Lease{"intruder", Fence{77}});
    case 6: return any_reply<ReleaseLease>(number, ReleaseLease::Released{});
    case 7: return any_reply<LoadViews>(number, LoadedViews{});
    case 8: return any_reply<Publish>(number, Publish::Published{});
    case 9: return any_reply<BeginRebuild>(number, Checkpoint{Position{77}, Generation{7}});
    case 10: return any_reply<ActivateGeneration>(number, ActivateGeneration::Activated{});
    case 11: return any_reply<ListStreams>(number, StreamPage{});
    default: return any_reply<ReadStream>(number, StreamSlice{});
  }
}
constexpr std::size_t kinds = 13;

/// A reply that does not fit is refused, and nothing happens.
void refuse_at_the_door(Step& step, Input& in, Instant now) {
  const std::string before = printed(step);
  const std::uint64_t pending = pending_request(step);
  const std::size_t kind = in.choose(kinds);
  const bool fits = kind == step.index();
  const std::uint64_t number = fits || in.flip() ? pending + 1 + in.byte() : pending;
  const auto outcome = answer(step, of_kind(kind, number), now);
  promise(!outcome && !outcome.error().message.empty(), "a reply that does not fit is refused", before);
  promise(printed(step) == before && pending_request(step) == pending, "and changes nothing", before);
}

Instant instant(Input& in, Instant now) {
  using std::chrono::nanoseconds;
  switch (in.choose(8)) {
    case 0: return now - std::min<nanoseconds>(now.time_since_epoch(), std::chrono::hours(1));
    case 1: return Instant(nanoseconds(in.number()));
    case 2: return Instant::max();
    default: return now.time_since_epoch() > nanoseconds::max() / 2 ? now : now + std::chrono::milliseconds(in.byte());
  }
}

template <class P>
void run(P& projector, bool keeps_checkpoint, Input& in) {
  const ProjectionConfig settings = config(in);
  ViewModel store = truth(in);
  Liar liar(in);
  Promises promises(settings, keeps_checkpoint);
  Instant now{};
  Step step = ProjectionPipeline(projector, settings).start(now);
  promises.check(step);
  for (int effects = 0; !step.finished(); ++effects) {
    promise(effects < 10'000, "a run that is asked to stop ends");
    bool lies = false;
    if (in.empty()) {
      step.ask_to_stop(Stop::at_checkpoint);
      promises.stop(Stop::at_checkpoint);
    } else {
      const std::size_t what = in.choose(16);
      if (what == 15) refuse_at_the_door(step, in, now);
      if (what == 14) {
        const Stop how = in.flip() ? Stop::now : Stop::at_checkpoint;
        step.ask_to_stop(how);
        promises.stop(how);
      }
      if (what == 13) now = instant(in, now);
      lies = what >= 1 && what <= 6;
    }
    std::optional<AnyReply> reply;
    std::visit(
        [&](const auto& pending) {
          if constexpr (requires { pending.effect(); }) {
            using E = std::remove_cvref_t<decltype(pending.effect())>;
            auto given = lies ? liar.perform(pending.effect()) : lantern::perform(store, pending.effect());
            promises.answered(pending.effect(), given);
            reply = any_reply<E>(pending.number(), std::move(given));
          }
        },
        static_cast<const Step::Base&>(step));
    const std::uint64_t number = pending_request(step);
    promise(answer(step, *std::move(reply), now).has_value(), "a reply that fits is taken");
    promise(step.finished() || pending_request(step) > number, "requests are told apart by their numbers");
    promises.check(step);
  }
  const std::string end = printed(step);
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    promise(!answer(step, of_kind(kind, in.byte()), now), "nothing is taken after the end", end);
  }
  step.ask_to_stop(Stop::now);
  promise(printed(step) == end, "and nothing changes it", end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in({data, size});
  const auto kind = in.choose(4);
  const auto strategy = static_cast<FailureStrategy>(in.choose(3));
  const auto plain = [&](auto projector, bool keeps) {
    projector.strategy = strategy;
    projector.fails = static_cast<int>(in.choose(4));
    if (in.flip()) projector.snapshot = Position{in.number()};
    run(projector, keeps, in);
  };
  switch (kind) {
    case 0: plain(Plain<false, false>{}, false); break;
    case 1: plain(Plain<true, false>{}, true); break;
    case 2: plain(Plain<true, true>{}, true); break;
    default: {
      testing::Chain chain{.code = 1 + static_cast<std::int64_t>(in.choose(2)), .strategy = strategy};
      for (std::size_t n = in.choose(4); n > 0; --n) {
        constexpr const char* keys[] = {"a", "b", "c"};
        chain.fails[{static_cast<std::int64_t>(in.choose(8)), in.one_of(keys)}] = static_cast<int>(in.choose(4)) - 1;
      }
      for (std::size_t n = in.choose(2); n > 0; --n) {
        chain.keys_fail[static_cast<std::int64_t>(in.choose(8))] = static_cast<int>(in.choose(4)) - 1;
      }
      run(chain, true, in);
    }
  }
  return 0;
}
