// What the machine costs per event: pages that lie in memory, folded by a plain loop and through the pipeline.
#include <vector>

#include "benches.hpp"
#include "duel.hpp"
#include "lantern/pipeline.hpp"

namespace bench {
namespace {

constexpr std::uint64_t page_size = 1000, page_count = 20;

lantern::EventPage make_page(std::uint64_t first) {
  lantern::EventPage page;
  page.reserve(page_size);
  for (std::uint64_t number = first; number < first + page_size; ++number) {
    const lantern::NewEvent event = bank_event(number, page_size * page_count);
    lantern::RecordedEvent recorded;
    recorded.position = lantern::Position{static_cast<std::int64_t>(number)};
    recorded.stream = event.stream;
    recorded.type = event.type;
    recorded.data = event.data;
    page.add(recorded);
  }
  page.scanned_to = lantern::Position{static_cast<std::int64_t>(first + page_size - 1)};
  page.head = lantern::Position{static_cast<std::int64_t>(page_size * page_count)};
  return page;
}

std::vector<lantern::EventPage> make_pages() {
  std::vector<lantern::EventPage> pages;
  for (std::uint64_t page = 0; page < page_count; ++page) pages.push_back(make_page(page * page_size + 1));
  return pages;
}

struct ChainProjector {
  static const char* name() { return "chain"; }
  void apply(const lantern::RecordedEvent& event, lantern::Position) { chain.apply(event); }
  Chain chain{};
};

}  // namespace

int pipeline_bench(const Settings& settings) {
  const std::string name = "pipeline, pages of 1000";
  if (!settings.wants(name)) return 0;
  std::uint64_t wanted = 0;
  const std::vector<lantern::EventPage> made = make_pages();

  const Work by_hand = [&] {
    std::vector<lantern::EventPage> pages = made;
    ChainProjector projector;
    const double start = seconds();
    for (lantern::EventPage& page : pages) {
      for (const lantern::RecordedEvent& event : page.events()) projector.apply(event, event.position);
      page = {};  // a page is let go once it is folded, here as there
    }
    const double taken = seconds() - start;
    wanted = projector.chain.value;
    return taken;
  };
  const Work by_lantern = [&] {
    std::vector<lantern::EventPage> pages = made;
    auto page = pages.begin();
    ChainProjector projector;
    const double start = seconds();
    lantern::Step step = lantern::ProjectionPipeline(projector).start({});
    while (auto* read = step.asks<lantern::ReadEvents>()) {
      step = std::move(*read).answer(std::move(*page++), {});
    }
    const double taken = seconds() - start;
    must(step.finished() && *step.finished() && projector.chain.value == wanted, "the pipeline folded something else");
    return taken;
  };
  const Duel duel{name, page_size * page_count, {Target::Kind::extra_time, 2}, by_hand, by_lantern, 50};
  return fight(duel, 5 * settings.rounds) ? 0 : 1;  // they are short
}

}  // namespace bench
