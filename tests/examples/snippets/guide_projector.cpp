// The code that docs/guide-projector.md shows and no example holds.
#include <cassert>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <thread>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/memory/memory_store.hpp"
#include "lantern/observer.hpp"

using namespace lantern;

namespace {

struct Visits {
  std::map<std::string, int> of_page;

  std::string name() const { return "visits"; }
  void apply(const lantern::RecordedEvent& event, lantern::Position) { ++of_page[std::string(event.stream)]; }
};

struct Temperature {
  double celsius;
};

struct PlainNumber {
  using event_type = Temperature;

  tl::expected<Temperature, Failure> decode(const RecordedEvent& recorded) const {
    double celsius = 0;
    const auto [end, error] = std::from_chars(recorded.data.begin(), recorded.data.end(), celsius);
    if (error == std::errc() && end == recorded.data.end()) return Temperature{celsius};
    return tl::unexpected(Failure(FailureKind::undecodable, "the payload is no number"));
  }
};

struct Warmest {
  using codec = PlainNumber;
  double celsius = -273.15;

  std::string name() const { return "warmest"; }
  EventFilter filter() const { return {.stream_prefix = "sensor-", .types = {"Measured", "Corrected"}}; }
  void apply(const Temperature& measured, Position) { celsius = std::max(celsius, measured.celsius); }
};

struct Thumbnails {
  static constexpr bool effects_are_durable = true;
  std::filesystem::path folder;

  std::string name() const { return "thumbnails"; }
  // Writing the same file again changes nothing, so it does no harm to apply an event twice.
  void apply(const RecordedEvent& event, Position at) {
    std::ofstream(folder / std::to_string(at.value)) << event.data;
  }
};
static_assert(Projector<Visits> && Projector<Warmest> && Projector<Thumbnails>);

void to_the_head(MemoryStore& store) {
  Visits visits;
  const Finished finished = run_projection_blocking(visits, store);
  assert(finished);
}

void until_asked_to_stop(MemoryStore& store) {
  Visits visits;
  std::jthread thread([&](std::stop_token stop) {
    const Finished ended = run_projection_blocking(visits, store, ProjectionConfig().continuous(), stop);
    if (!ended) std::cerr << ended.error().message() << '\n';
  });
}

void settings(int asked_for) {
  const auto config = ProjectionConfig()
                          .continuous()
                          .page_limit(500)
                          .poll_every(std::chrono::milliseconds(250))
                          .with(CommitPolicy{.max_events = EventCount(5000), .max_age = Delay(std::chrono::seconds(1))})
                          .with(EventRetryConfig{.max_attempts = 5, .when_exhausted = Escalation::quarantine});
  const auto size = BatchSize::of(asked_for);
  if (!size) std::cerr << size.error().message << '\n';
  assert(config.page_events.value() == 500);
}

void one_leader() {
  Leadership leadership("worker-1");
  leadership.when_not_leader = WhenNotLeader::stand_by;
  leadership.ttl = std::chrono::seconds(5);
  const auto config = ProjectionConfig().with(leadership);
  assert(config.leadership->owner == "worker-1");
}

void watched(MemoryStore& store) {
  Observer observer(
      [](const ProjectionId& projection, const Happening& what) { std::clog << projection << ": " << what << '\n'; });
  Visits visits;
  const Finished finished = run_projection_blocking(visits, store, ProjectionConfig().tell(observer));
  assert(finished);
}

void tested() {
  MemoryStore store;
  store.append({{.stream = "/home", .type = "Visited"}, {.stream = "/home", .type = "Visited"}}).value();

  Visits visits;
  const auto summary = run_projection_blocking(visits, store).value();
  assert(summary.applied == 2 && visits.of_page.at("/home") == 2);
}

}  // namespace

int main() {
  MemoryStore store;
  store.append({{.stream = "sensor-1", .type = "Measured", .data = "21.5"}}).value();
  to_the_head(store);
  until_asked_to_stop(store);
  settings(0);
  one_leader();
  watched(store);
  tested();
  Thumbnails thumbnails{std::filesystem::temp_directory_path()};
  assert(bind_projector(thumbnails)->checkpoint_is_stored());
  Warmest warmest;
  return run_projection_blocking(warmest, store).value().applied == 1 && warmest.celsius > 21 ? 0 : 1;
}
