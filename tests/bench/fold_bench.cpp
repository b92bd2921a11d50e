// What a pure fold costs per event beside a plain loop, and what upcasters cost where they have nothing to do.
#include <vector>

#include "benches.hpp"
#include "duel.hpp"
#include "lantern/fold.hpp"
#include "lantern/pipeline.hpp"

namespace bench {
namespace {

constexpr std::uint64_t event_count = 20'000;

lantern::EventPage make_log() {
  lantern::EventPage log;
  log.reserve(event_count);
  for (std::uint64_t number = 1; number <= event_count; ++number) {
    const lantern::NewEvent event = bank_event(number, event_count);
    log.add({.position = lantern::Position{static_cast<std::int64_t>(number)},
             .stream = event.stream,
             .type = event.type,
             .schema_version = 2,
             .data = event.data});
  }
  return log;
}

struct ChainProjector {
  static const char* name() { return "chain"; }
  void apply(const lantern::RecordedEvent& event, lantern::Position) { chain.apply(event); }
  Chain chain{};
};
/// All events are of a type that it knows, and current.
struct Upcasting : ChainProjector {
  static const lantern::Upcasters& upcasters() {
    static const lantern::Upcasters made = [] {
      std::vector<lantern::UpcastStep> steps;
      for (std::uint64_t number = 1; number <= 1000; ++number) {
        const std::string type = bank_event(number, event_count).type;
        const auto known = [&](const lantern::UpcastStep& step) { return step.from.type == type; };
        if (std::ranges::none_of(steps, known)) steps.push_back(lantern::upcast(type, 1, lantern::same_payload));
      }
      auto all = lantern::Upcasters::of(std::move(steps));
      must(all.has_value(), "the upcasters are none");
      return *std::move(all);
    }();
    return made;
  }
};

template <class P>
double folded(const lantern::EventPage& log, std::uint64_t wanted) {
  P projector;
  const double start = seconds();
  const lantern::FoldResult done = lantern::fold(projector, log.events());
  const double taken = seconds() - start;
  must(done && done->applied == event_count && projector.chain.value == wanted, "the fold made something else");
  return taken;
}

}  // namespace

int fold_bench(const Settings& settings) {
  const lantern::EventPage log = make_log();
  std::uint64_t wanted = 0;
  for (const lantern::RecordedEvent& event : log.events()) {
    Chain chain{wanted};
    chain.apply(event);
    wanted = chain.value;
  }
  const Work by_hand = [&] {
    ChainProjector projector;
    const double start = seconds();
    for (const lantern::RecordedEvent& event : log.events()) projector.apply(event, event.position);
    const double taken = seconds() - start;
    must(projector.chain.value == wanted, "the loop made something else");
    return taken;
  };
  const Work plain = [&] { return folded<ChainProjector>(log, wanted); };
  const Work upcasting = [&] { return folded<Upcasting>(log, wanted); };
  int missed = 0;
  const auto fight_if_wanted = [&](const std::string& name, Target target, const Work& left, const Work& right) {
    if (!settings.wants(name)) return;
    if (!fight({name, event_count, target, left, right, 50}, 5 * settings.rounds)) ++missed;  // they are short
  };
  fight_if_wanted("fold of a log in hand", {Target::Kind::extra_time, 5}, by_hand, plain);
  fight_if_wanted("fold, upcasters: none / nothing to do", {Target::Kind::extra_time, 25}, plain, upcasting);
  return missed;
}

}  // namespace bench
