// The golden traces of the effect pipeline that lantern descends from, reproduced literally under the compatible
// preset, and the same scripts under lantern's own defaults.
//
// A trace is what the run asked for: L load, R(after) read, S(through) save, Z<ms> sleep, DONE. `-` is no position, `!`
// a save that was answered with a failure, `...` a run that goes on when the script is at its end. In the replies to
// reads, each digit is an event at that position, `!` is a failed read, a final `+` says that the log goes on.
// The texts of errors are not part of a trace: a script names lantern's own kind of error.
#include <sstream>

#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace std::chrono_literals;

namespace {

struct Script {
  std::string name;
  std::vector<std::string> reads;
  PollMode mode = PollMode::batch;
  std::map<std::int64_t, int> fails{};
  FailureStrategy strategy = FailureStrategy::Fatal;
  std::uint32_t max_attempts = 3;
  std::chrono::nanoseconds retry_delay = 100ms;
  std::uint32_t page_limit = 1000;
  bool durable = true;
  bool saves_fail = false;
  bool load_fails = false;
};

struct Told {
  std::string trace;
  std::vector<std::uint32_t> asked;
  std::size_t applied{};
  std::string records;  // positions of the events that were passed with a durable record
};

std::string shown(std::optional<Position> p, const char* letter = "p") {
  return p ? letter + std::to_string(p->value) : "-";
}

std::string milliseconds(std::chrono::nanoseconds length) {
  std::ostringstream out;
  out << std::chrono::duration<double, std::milli>(length).count();
  return out.str();
}

/// Answers what is asked from the script, and writes down what was asked.
struct Teller {
  const Script& script;
  std::size_t next_read{};
  std::ostringstream trace{};
  std::string records{};

  ReadEvents::reply read(const ReadEvents& asked) {
    const std::string& line = script.reads.at(next_read++);
    if (line == "!") return tl::unexpected(Failure(FailureKind::unavailable, "x"));
    Positions positions;
    bool goes_on = false;
    for (const char c : line) {
      if (c == '+') goes_on = true;
      else positions.push_back(c - '0');
    }
    EventPage made;
    for (const auto p : positions) add_event(made, p);
    made.scanned_to = positions.empty() ? asked.after : Position{positions.back()};
    made.head = goes_on ? Position{1000} : made.scanned_to;
    return made;
  }

  Step answer(Step step, Instant& now) {
    if (auto* load = step.asks<LoadCheckpoint>()) {
      trace << "L ";
      LoadCheckpoint::reply found = std::nullopt;
      if (script.load_fails) found = tl::unexpected(Failure(FailureKind::unavailable, "db down"));
      return std::move(*load).answer(found, now);
    }
    if (auto* pending = step.asks<ReadEvents>()) {
      trace << "R(" << shown(pending->effect().after) << ") ";
      CHECK(pending->effect().limit == script.page_limit);
      auto reply = read(pending->effect());
      return std::move(*pending).answer(std::move(reply), now);
    }
    if (auto* save = step.asks<SaveCheckpoint>()) {
      trace << "S(" << shown(save->effect().through) << ")" << (script.saves_fail ? "! " : " ");
      for (const auto& record : save->effect().quarantined) records += std::to_string(record.position.value);
      SaveCheckpoint::reply saved = Saved{};
      if (script.saves_fail) saved = tl::unexpected(SaveError(Failure(FailureKind::unavailable, "no")));
      return std::move(*save).answer(std::move(saved), now);
    }
    auto nap = expect<Sleep>(step);
    trace << "Z" << milliseconds(nap.effect().duration) << " ";
    now += nap.effect().duration;
    return std::move(nap).answer(Slept::through, now);
  }

  void tell(Step step) {
    Instant now{};
    while (!step.finished()) {
      if (step.asks<ReadEvents>() && next_read == script.reads.size()) {
        trace << "R(" << shown(step.asks<ReadEvents>()->effect().after) << ") ...";
        return;
      }
      step = answer(std::move(step), now);
    }
    if (step.finished()->has_value()) trace << "DONE ok";
    else trace << "DONE err " << to_string(step.finished()->error().kind);
  }
};

template <bool Durable>
Told run(const Script& script, ProjectionConfig config) {
  Probe<Durable> probe{.fails = script.fails, .strategy = script.strategy};
  config.mode = script.mode;
  config.page_events = *BatchSize::of(script.page_limit);
  config.event_retry.max_attempts = *MaxRetryAttempts::of(script.max_attempts);
  config.event_retry.backoff.base = *Delay::of(script.retry_delay);
  ProjectionPipeline pipeline(probe, config);
  Teller teller{script};
  teller.tell(pipeline.start(Instant{}));
  return {teller.trace.str(), probe.asked, probe.applied.size(), teller.records};
}

Told run(const Script& script, const ProjectionConfig& config) {
  return script.durable ? run<true>(script, config) : run<false>(script, config);
}

ProjectionConfig compatible() { return ProjectionConfig::eventcore_compatible(); }

using Counts = std::vector<std::uint32_t>;
constexpr auto continuous = PollMode::continuous;
constexpr auto retry = FailureStrategy::Retry;

struct Row {
  Script script;
  std::string eventcore;  ///< under eventcore_compatible(), literally
  Counts asked;           ///< retry counts given to on_error, under both
  std::string lantern;    ///< under lantern's defaults, without jitter
  std::string difference;
};

// clang-format off
const std::vector<Row> rows = {
  {{.name = "batch, 2 events", .reads = {"01"}},
   "L R(-) S(p0) S(p1) DONE ok", {},
   "L R(-) S(p1) DONE ok",
   "one commit for the page"},
  {{.name = "batch, no checkpoint store", .reads = {"01"}, .durable = false},
   "R(-) DONE ok", {},
   "R(-) DONE ok",
   "none"},
  {{.name = "batch, empty", .reads = {""}},
   "L R(-) DONE ok", {},
   "L R(-) DONE ok",
   "none"},
  {{.name = "continuous [1],[],[1],[]", .reads = {"0", "", "", "1", "", ""}, .mode = continuous},
   "L R(-) S(p0) Z100 R(p0) Z50 R(p0) Z50 R(p0) S(p1) Z100 R(p1) Z50 R(p1) Z50 R(p1) ...", {},
   "L R(-) S(p0) Z100 R(p0) Z150 R(p0) Z150 R(p0) S(p1) Z100 R(p1) Z150 R(p1) Z150 R(p1) ...",
   "an empty poll rests longer than a busy one, not shorter"},
  {{.name = "continuous, as printed", .reads = {"0", "", "1", ""}, .mode = continuous},
   "L R(-) S(p0) Z100 R(p0) Z50 R(p0) S(p1) Z100 R(p1) Z50 R(p1) ...", {},
   "L R(-) S(p0) Z100 R(p0) Z150 R(p0) S(p1) Z100 R(p1) Z150 R(p1) ...",
   "an empty poll rests longer than a busy one, not shorter"},
  {{.name = "save fails, continuous", .reads = {"01", ""}, .mode = continuous, .saves_fail = true},
   "L R(-) S(p0)! S(p1)! Z100 R(p1) Z50 R(p1) ...", {},
   "L R(-) S(p1)! Z5 S(p1)! Z10 S(p1)! Z20 S(p1)! Z40 S(p1)! Z80 S(p1)! Z160 S(p1)! Z320 S(p1)! Z640 S(p1)! Z1000 "
   "S(p1)! Z1000 S(p1)! Z1000 S(p1)! Z1000 S(p1)! Z1000 S(p1)! Z1000 S(p1)! Z1000 S(p1)! Z1000 S(p1)! Z1000 S(p1)! "
   "Z1000 S(p1)! Z1000 S(p1)! Z1000 S(p1)! DONE err checkpoint save failed",
   "a failed save is tried again, and never passed over"},
  {{.name = "save fails, batch", .reads = {"0"}, .saves_fail = true},
   "L R(-) S(p0)! DONE ok", {},
   "L R(-) S(p0)! Z5 S(p0)! Z10 S(p0)! Z20 S(p0)! Z40 S(p0)! Z80 S(p0)! Z160 S(p0)! Z320 S(p0)! Z640 S(p0)! Z1000 "
   "S(p0)! Z1000 S(p0)! Z1000 S(p0)! Z1000 S(p0)! Z1000 S(p0)! Z1000 S(p0)! Z1000 S(p0)! Z1000 S(p0)! Z1000 S(p0)! "
   "Z1000 S(p0)! Z1000 S(p0)! Z1000 S(p0)! DONE err checkpoint save failed",
   "no success without a stored checkpoint"},
  {{.name = "fatal at event 1 of 3", .reads = {"012"}, .fails = {{1, -1}}},
   "L R(-) S(p0) DONE err event failed", {0},
   "L R(-) S(p0) DONE err event failed",
   "none in the trace; the error names event and cause"},
  {{.name = "skip event 1 of 3", .reads = {"012"}, .fails = {{1, -1}}, .strategy = FailureStrategy::Skip},
   "L R(-) S(p0) S(p1) S(p2) DONE ok", {0},
   "L R(-) S(p0) S(p2) DONE ok",
   "the record of the skipped event travels with the events after it"},
  {{.name = "retry x2 then ok", .reads = {"012"}, .fails = {{1, 2}}, .strategy = retry},
   "L R(-) S(p0) Z100 Z200 S(p1) S(p2) DONE ok", {0, 1},
   "L R(-) S(p0) Z100 Z200 S(p2) DONE ok",
   "one commit for what is left of the page"},
  {{.name = "retry exhausted (max 3)", .reads = {"012"}, .fails = {{1, -1}}, .strategy = retry},
   "L R(-) S(p0) Z100 Z200 Z400 DONE err retries exhausted", {0, 1, 2, 3},
   "L R(-) S(p0) Z100 Z200 Z400 DONE err retries exhausted",
   "none in the trace; the error names event, attempt and cause"},
  {{.name = "retry max 0", .reads = {"0"}, .fails = {{0, -1}}, .strategy = retry, .max_attempts = 0},
   "L R(-) DONE err retries exhausted", {0},
   "L R(-) DONE err retries exhausted",
   "none"},
  {{.name = "retry_delay 900us, max 2", .reads = {"0"}, .fails = {{0, -1}}, .strategy = retry, .max_attempts = 2,
    .retry_delay = 900us},
   "L R(-) Z0 Z0 DONE err retries exhausted", {0, 1, 2},
   "L R(-) Z0.9 Z1.8 DONE err retries exhausted",
   "delays keep their full resolution"},
  {{.name = "read fails 4 then ok", .reads = {"!", "!", "!", "!", "0"}},
   "L R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z100 R(-) S(p0) DONE ok", {},
   "L R(-) Z100 R(-) Z200 R(-) Z400 R(-) Z800 R(-) S(p0) DONE ok",
   "the backoff grows"},
  {{.name = "read fails 5 then ok", .reads = {"!", "!", "!", "!", "!", "0"}},
   "L R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z100 R(-) S(p0) DONE ok", {},
   "L R(-) Z100 R(-) Z200 R(-) Z400 R(-) Z800 R(-) DONE err poll failed",
   "5 failures in a row are 5 failed reads, not 6"},
  {{.name = "read fails 6", .reads = {"!", "!", "!", "!", "!", "!"}},
   "L R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z100 R(-) DONE err poll failed", {},
   "L R(-) Z100 R(-) Z200 R(-) Z400 R(-) Z800 R(-) DONE err poll failed",
   "5 failures in a row are 5 failed reads, not 6"},
  {{.name = "fail, ok(empty), fail x4", .reads = {"!", "", "!", "!", "!", "!", ""}, .mode = continuous},
   "L R(-) Z100 R(-) Z50 R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z50 R(-) ...", {},
   "L R(-) Z100 R(-) Z150 R(-) Z100 R(-) Z200 R(-) Z400 R(-) Z800 R(-) Z150 R(-) ...",
   "the backoff grows, and begins anew after a good read"},
  {{.name = "fail, ok(empty), fail x5", .reads = {"!", "", "!", "!", "!", "!", "!", ""}, .mode = continuous},
   "L R(-) Z100 R(-) Z50 R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z100 R(-) Z50 R(-) ...", {},
   "L R(-) Z100 R(-) Z150 R(-) Z100 R(-) Z200 R(-) Z400 R(-) Z800 R(-) DONE err poll failed",
   "5 failures in a row are 5 failed reads, not 6"},
  {{.name = "load fails", .reads = {}, .load_fails = true},
   "L DONE err checkpoint load failed", {},
   "L Z5 L Z10 L Z20 L Z40 L Z80 L Z160 L Z320 L Z640 L Z1000 L Z1000 L Z1000 L Z1000 L Z1000 L Z1000 L Z1000 L Z1000 "
   "L Z1000 L Z1000 L Z1000 L Z1000 L DONE err checkpoint load failed",
   "a load that fails for now is tried again"},
  {{.name = "full pages, batch", .reads = {"01+", "23+", "4"}, .page_limit = 2},
   "L R(-) S(p0) S(p1) DONE ok", {},
   "L R(-) S(p1) R(p1) S(p3) R(p3) S(p4) DONE ok",
   "batch mode drains to the head"},
  {{.name = "full pages, continuous", .reads = {"01+", "23+", "4", ""}, .mode = continuous, .page_limit = 2},
   "L R(-) S(p0) S(p1) Z100 R(p1) S(p2) S(p3) Z100 R(p3) S(p4) Z100 R(p4) Z50 R(p4) ...", {},
   "L R(-) S(p1) R(p1) S(p3) R(p3) S(p4) Z100 R(p4) Z150 R(p4) ...",
   "no sleep after a page that is not the last"},
};
// clang-format on

}  // namespace

TEST_CASE("the compatible preset reproduces every golden trace literally") {
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.script.name) {
      const Told told = run(row.script, compatible());
      CHECK(told.trace == row.eventcore);
      CHECK(told.asked == row.asked);
    }
  }
}

TEST_CASE("lantern's defaults differ from the golden traces where the table says so, and only there") {
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.script.name << ": " << row.difference) {
      const Told told = run(row.script, steady());
      CHECK(told.trace == row.lantern);
      CHECK(told.asked == row.asked);
      CHECK((row.eventcore == row.lantern) == row.difference.starts_with("none"));
    }
  }
}

TEST_CASE("a run without a checkpoint applies a page with no effects in between") {
  CHECK(run(rows[1].script, compatible()).applied == 2);
  CHECK(run(rows[1].script, steady()).applied == 2);
}

TEST_CASE("a skipped event leaves a record, under both presets") {
  Script script{.name = "skip", .reads = {"012"}, .fails = {{1, -1}}, .strategy = FailureStrategy::Skip};
  CHECK(run(script, compatible()).records == "1");
  CHECK(run(script, steady()).records == "1");
}

TEST_CASE("the compatible preset's retry delays are cut to whole milliseconds, before and after they grow") {
  Script script{.name = "x1.5", .reads = {"0"}, .fails = {{0, -1}}, .strategy = retry, .max_attempts = 12};
  ProjectionConfig config = compatible();
  config.event_retry.backoff.multiplier = 1.5;
  const std::string observed =
      "L R(-) Z100 Z150 Z225 Z337 Z506 Z759 Z1139 Z1708 Z2562 Z3844 Z5000 Z5000 DONE err retries exhausted";
  CHECK(run(script, config).trace == observed);

  script.retry_delay = 10s;  // above the cap: the first delay is the cap
  script.max_attempts = 1;
  CHECK(run(script, config).trace == "L R(-) Z5000 DONE err retries exhausted");

  script.retry_delay = 100ms;
  config.event_retry.backoff.cap = 1500us;  // the cap itself is not cut
  CHECK(run(script, config).trace == "L R(-) Z1.5 DONE err retries exhausted");
}

TEST_CASE("the compatible preset lets a sleep's reply pass for a save's") {
  Probe<> probe;
  Step step = ProjectionPipeline(probe, compatible()).start(Instant{});
  step = expect<LoadCheckpoint>(step).answer(std::nullopt, Instant{});
  step = expect<ReadEvents>(step).answer(last({0, 1}), Instant{});
  REQUIRE(step.asks<SaveCheckpoint>());
  CHECK(answer(step, any_reply<Sleep>(pending_request(step), Slept::through), Instant{}));
  check_pending(step, save(0, 1));
}
