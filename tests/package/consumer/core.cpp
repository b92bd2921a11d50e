// The core alone, driven by hand: a run over an empty log ends at once.
#include <lantern/pipeline.hpp>

namespace {
struct Counting {
  static const char* name() { return "counting"; }
  void apply(const lantern::RecordedEvent&, lantern::Position) { ++events; }
  int events = 0;
};
}  // namespace

int main() {
  Counting counting;
  lantern::ProjectionPipeline pipeline(counting);
  lantern::Step step = pipeline.start({});
  auto* read = step.asks<lantern::ReadEvents>();
  if (!read) return 1;
  lantern::EventPage page;
  page.add({.position = lantern::Position{1}, .stream = "s", .version = 1, .type = "t"});
  page.scanned_to = page.head = lantern::Position{1};
  lantern::Step last = std::move(*read).answer(std::move(page), {});
  const auto* finished = last.finished();
  return finished && *finished && counting.events == 1 ? 0 : 1;
}
