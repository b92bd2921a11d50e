// Whether a round of a run over streams costs what changed, or how many streams there are.
#include <ctime>
#include <memory>

#include "benches.hpp"
#include "duel.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

namespace bench {
namespace {

using namespace lantern;

struct Counted {
  static constexpr bool effects_are_durable = true;
  std::uint64_t events{};
  std::string name() const { return "counted"; }
  void apply(const RecordedEvent&, Position) { ++events; }
};

constexpr std::uint64_t changed = 10, rounds = 50;

/// A continuous run over many streams that has caught up, and is driven by hand.
class Follower {
 public:
  Follower(const std::string& file, std::uint64_t streams)
      : store_(SqliteStore::open(file, {.durability = Durability::normal}).value()),
        streams_(streams),
        step_(ProjectionPipeline(counted_, config()).start(now_)) {
    std::vector<NewEvent> events;
    for (std::uint64_t n = 0; n < streams; ++n) events.push_back({.stream = name(n), .type = "T", .data = "{}"});
    must(store_.append(std::move(events)).has_value(), "the streams could not be written");
    follow();
  }

  /// The seconds of rounds in each of which some streams have changed; without those of writing.
  double play() {
    double taken = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      std::vector<NewEvent> events;
      for (std::uint64_t n = 0; n < changed; ++n) {
        next_ = (next_ + 7919) % streams_;
        events.push_back({.stream = name(next_), .type = "T", .data = "{}"});
      }
      must(store_.append(std::move(events)).has_value(), "events could not be written");
      const std::uint64_t before = counted_.events;
      const double start = seconds();
      follow();
      taken += seconds() - start;
      must(counted_.events == before + changed, "a round has not read what changed");
    }
    return taken;
  }

 private:
  static ProjectionConfig config() {
    return ProjectionConfig().continuous().over(StreamSelection::with_prefix("stream-"));
  }
  static std::string name(std::uint64_t n) { return "stream-" + std::to_string(1'000'000 + n); }
  static double seconds() {
    timespec time{};
    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, "no clock of the process's time");
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  /// To the head, where it would sleep.
  void follow() {
    do {
      must(!step_.finished(), "the run has ended");
      step_ = std::move(step_).visit([&](Request<Sleep> nap) { return std::move(nap).answer(Slept::woken, now_); },
                                     [&](auto request) {
                                       auto reply = perform(store_, request.effect());
                                       return std::move(request).answer(std::move(reply), now_);
                                     });
    } while (!step_.asks<Sleep>());
  }

  SqliteStore store_;
  std::uint64_t streams_, next_{};
  Instant now_{};
  Counted counted_{};
  Step step_;
};

}  // namespace

int streams_bench(const Settings& settings, const ScratchDirectory& scratch) {
  if (!settings.wants("streams")) return 0;
  Follower few(scratch.file("few-streams.db"), 400), many(scratch.file("many-streams.db"), 40'000);
  const Duel duel{.name = "streams, 10 changed: of 40000 against of 400",
                  .events = changed * rounds,
                  // Ten cursors among 40000 lie in ten pages of the file, and among 400 in two or three.
                  .target = {Target::Kind::speed, 0.4},
                  .by_hand = [&] { return few.play(); },
                  .by_lantern = [&] { return many.play(); }};
  return fight(duel, settings.rounds) ? 0 : 1;
}

}  // namespace bench
