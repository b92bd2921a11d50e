// Explores the machine with every kind of reply to every request that can be reached, and compares what it asks next
// with the tables of docs/state-machine.md, both ways.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "lantern/testing/choices.hpp"
#include "state_machine_page.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::story;
using namespace lantern::testing;
using namespace std::chrono_literals;

namespace {

// ---- one reply of each class; the first is the usual one ----

struct World {
  Choices& choices;
  std::int64_t log_end = 5;
  std::string chosen{};

  template <class Reply>
  Reply pick(std::vector<std::pair<const char*, Reply>> classes) {
    auto& one = classes[choices.choose(About::fault, static_cast<std::uint32_t>(classes.size()))];
    chosen = one.first;
    return std::move(one.second);
  }

  LoadCheckpoint::reply perform(const LoadCheckpoint& asked, std::optional<SaveCheckpoint>& doubtful) {
    using Reply = LoadCheckpoint::reply;
    const auto checkpoint = [](std::optional<Position> p) -> Reply {
      if (!p) return std::nullopt;
      return Checkpoint{p, Generation{1}};
    };
    const Reply transient = tl::unexpected(busy), permanent = tl::unexpected(broken);
    if (asked.purpose == LoadCheckpoint::Purpose::start) {
      return pick<Reply>({{"none", std::nullopt},
                          {"found", checkpoint(Position{1})},
                          {"transient", transient},
                          {"permanent", permanent}});
    }
    return pick<Reply>({{"at `through`", checkpoint(doubtful->through)},
                        {"at `from`", checkpoint(doubtful->from)},
                        {"elsewhere", checkpoint(Position{99})},
                        {"transient", transient},
                        {"permanent", permanent}});
  }

  ReadEvents::reply perform(const ReadEvents& asked) {
    using Reply = ReadEvents::reply;
    const std::int64_t from = asked.after ? asked.after->value : 0;
    const std::int64_t to = std::min(from + asked.limit, log_end);
    Positions positions;
    for (auto p = from + 1; p <= to; ++p) positions.push_back(p);
    std::vector<std::pair<const char*, Reply>> classes;
    const auto here = asked.after ? std::optional(asked.after->value) : std::nullopt;
    if (positions.empty()) {
      classes.emplace_back("empty, at the head", nothing(here));
      classes.emplace_back("events, at the head", last({from + 1}));
    } else {
      const auto head = log_end;
      const bool ends = head == to;
      classes.emplace_back(ends ? "events, at the head" : "events", page(positions, to, head));
      if (ends) classes.emplace_back("events", page(positions, to, to + 9));
      else classes.emplace_back("events, at the head", last(positions));
      classes.emplace_back("empty, at the head", nothing(here));
    }
    classes.emplace_back("empty", page({}, from + 1, from + 9));
    classes.emplace_back("contract broken", page({from + 2, from + 1}, from + 2, from + 9));
    classes.emplace_back("transient", tl::unexpected(busy));
    classes.emplace_back("permanent", tl::unexpected(broken));
    return pick<Reply>(std::move(classes));
  }

  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    using Reply = SaveCheckpoint::reply;
    const auto no = [](SaveError why) -> Reply { return tl::unexpected(std::move(why)); };
    std::vector<std::pair<const char*, Reply>> classes = {
        {"saved", Saved{}},
        {"transient", no(busy)},
        {"permanent", no(broken)},
        {"checkpoint moved", no(CheckpointMoved{Position{99}})},
        {"lost leadership", no(LostLeadership{"other"})},
        {"outcome unknown", no(OutcomeUnknown{busy})},
        {"contract broken", no(WriteFailed{99, broken})},
    };
    if (asked.writes.size() > 0) classes.emplace_back("write failed", no(WriteFailed{0, broken}));
    if (asked.writes.size() > 1) classes.emplace_back("write failed", no(WriteFailed{1, broken}));
    return pick<Reply>(std::move(classes));
  }

  Slept perform(const Sleep&) { return pick<Slept>({{"slept", Slept::through}, {"woken", Slept::woken}}); }

  AcquireLease::reply perform(const AcquireLease& asked) {
    using Refusal = std::variant<LeaseHeld, Failure>;
    using Reply = AcquireLease::reply;
    return pick<Reply>({{"leads", Lease{asked.owner, Fence{1}}},
                        {"held", tl::unexpected(Refusal(LeaseHeld{"other", 1s}))},
                        {"transient", tl::unexpected(Refusal(busy))},
                        {"permanent", tl::unexpected(Refusal(broken))}});
  }
  RenewLease::reply perform(const RenewLease& asked) {
    using Refusal = std::variant<LostLeadership, Failure>;
    using Reply = RenewLease::reply;
    return pick<Reply>({{"renewed", asked.lease},
                        {"lost leadership", tl::unexpected(Refusal(LostLeadership{"other"}))},
                        {"transient", tl::unexpected(Refusal(busy))},
                        {"permanent", tl::unexpected(Refusal(broken))}});
  }
  ReleaseLease::reply perform(const ReleaseLease&) {
    using Reply = ReleaseLease::reply;
    return pick<Reply>({{"released", ReleaseLease::Released{}},
                        {"transient", tl::unexpected(busy)},
                        {"permanent", tl::unexpected(broken)}});
  }
};

struct Setting {
  ProjectionConfig config;
  bool stored = true;     ///< false: the state is in memory
  bool by_store = false;  ///< the store applies the events
  std::map<std::int64_t, int> fails{};
  FailureStrategy strategy = FailureStrategy::Fatal;
};

std::vector<Setting> settings(bool few) {
  auto base = steady().page_limit(2);
  base.store_retry.max_attempts = 1;
  base.poll.max_consecutive_failures = 2;
  base.event_retry.max_attempts = 1;
  auto following = base;
  following.continuous();
  std::vector<Setting> all;
  for (const auto& by_mode : {base, following}) {
    all.push_back({.config = by_mode, .by_store = true, .fails = {{4, 1}}, .strategy = FailureStrategy::Retry});
    all.push_back({.config = by_mode, .stored = false, .fails = {{2, -1}, {5, -1}}, .strategy = FailureStrategy::Skip});
    auto config = by_mode;
    config.commit = {.max_age = Delay(120ms)};
    all.push_back({.config = config, .by_store = true});
    if (few) continue;
    config.commit = {.max_events = EventCount(3)};
    all.push_back({.config = config, .by_store = true, .fails = {{4, -1}}, .strategy = FailureStrategy::Skip});
    config.commit = {.max_events = EventCount(1)};
    all.push_back({.config = config});
    all.push_back({.config = by_mode, .stored = false});
    for (const bool by_store : {false, true}) {
      for (const auto strategy : {FailureStrategy::Fatal, FailureStrategy::Skip, FailureStrategy::Retry}) {
        all.push_back({.config = by_mode, .by_store = by_store, .fails = {{3, 1}, {4, -1}}, .strategy = strategy});
      }
    }
    config = by_mode;
    config.event_retry.when_exhausted = Escalation::quarantine;
    all.push_back({.config = config, .fails = {{2, -1}}, .strategy = FailureStrategy::Retry});
  }
  return all;
}

/// What the exploration may do besides answering.
enum class Extra { nothing, lease, stop, lease_and_stop };

bool leads(Extra extra) { return extra == Extra::lease || extra == Extra::lease_and_stop; }
bool stops(Extra extra) { return extra == Extra::stop || extra == Extra::lease_and_stop; }

template <class P>
void walk(P probe, const Setting& setting, Choices& choices, Extra extra, Table& seen) {
  World world{choices};
  std::optional<SaveCheckpoint> last_save;
  Instant now{};
  bool stopping = false;
  Step step = ProjectionPipeline(probe, setting.config).start(now);
  seen[{"start", ""}].insert(name(step));
  const int longest = extra == Extra::lease ? 8 : 11;  // of three departures, none is late
  for (int effects = 0; effects < longest && !step.finished(); ++effects) {
    const std::string pending = name(step);
    std::string asked;
    if (stops(extra) && !stopping) {
      const std::uint32_t how = choices.choose(About::schedule, 3);
      if (how > 0) {
        step.ask_to_stop(how == 1 ? Stop::at_checkpoint : Stop::now);
        asked = how == 1 ? "at_checkpoint" : "now";
        stopping = true;
      }
    }
    if (leads(extra) && choices.choose(About::delay, 2) == 1) now += setting.config.leadership->ttl.value();
    step = std::move(step).visit([&]<Effect E>(Request<E> request) -> Step {
      if constexpr (std::same_as<E, Sleep>) now += request.effect().duration;
      if constexpr (std::same_as<E, SaveCheckpoint>) last_save = request.effect();
      typename E::reply reply = [&] {
        if constexpr (std::same_as<E, LoadCheckpoint>) return world.perform(request.effect(), last_save);
        else return lantern::perform(world, request.effect());
      }();
      return std::move(request).answer(std::move(reply), now);
    });
    if (!stops(extra)) seen[{pending, world.chosen}].insert(name(step));
    else if (!asked.empty()) seen[{pending, asked}].insert(name(step));
  }
}

void walk(const Setting& setting, Choices& choices, Extra extra, Table& seen) {
  const auto run = [&](auto probe) {
    probe.fails = setting.fails;
    probe.strategy = setting.strategy;
    walk(std::move(probe), setting, choices, extra, seen);
  };
  if (!setting.stored) run(Probe<false>{});
  else if (setting.by_store) run(Probe<true, true>{});
  else run(Probe<true>{});
}

Table explored(Extra extra, std::uint32_t departures) {
  Table seen;
  for (Setting setting : settings(extra != Extra::nothing)) {
    if (leads(extra)) {
      for (const auto when : {WhenNotLeader::fail, WhenNotLeader::stand_by}) {
        setting.config.with(Leadership("me"));
        setting.config.leadership->when_not_leader = when;
        explore({.total = departures}, [&](Choices& choices) { walk(setting, choices, extra, seen); });
      }
    } else explore({.total = departures}, [&](Choices& choices) { walk(setting, choices, extra, seen); });
  }
  return seen;
}

// ---- the diagram ----

using Edges = std::set<std::pair<std::string, std::string>>;

/// The arrows of the page's diagram, between the requests that its boxes stand for. `[*]` is the start or the end.
Edges edges_of_diagram() {
  std::ifstream page(std::filesystem::path(LANTERN_SOURCE_DIR) / "docs" / "state-machine.md");
  REQUIRE(page);
  std::map<std::string, std::string> boxes = {{"[*]", "[*]"}};
  std::vector<std::pair<std::string, std::string>> arrows;
  for (std::string line; std::getline(page, line) && line != "## The decision";) {
    std::istringstream in(line);
    std::string from, word, to;
    in >> from >> word >> to;
    if (from == "state") {  // state "LoadCheckpoint (start)" as Load
      const auto open = line.find('"') + 1, close = line.find('"', open);
      std::string shown = line.substr(open, close - open);
      if (const auto reason = shown.find(" ("); reason != shown.npos) {
        shown = shown.substr(0, reason) + '[' + shown.substr(reason + 2, shown.size() - reason - 3) + ']';
      }
      boxes[line.substr(line.rfind(' ') + 1)] = shown;
    } else if (word == "-->") {
      arrows.emplace_back(from, to.ends_with(':') ? to.substr(0, to.size() - 1) : to);
    }
  }
  Edges edges;
  for (const auto& [from, to] : arrows) {
    INFO("arrow from " << from << " to " << to);
    REQUIRE((boxes.contains(from) && boxes.contains(to)));
    CHECK(edges.emplace(boxes[from], boxes[to]).second);  // no arrow twice
  }
  return edges;
}

/// The same of a table.
Edges edges_of(const Table& table) {
  Edges edges;
  for (const auto& [from, nexts] : table) {
    for (const auto& next : nexts) {
      edges.emplace(from.first == "start" ? "[*]" : from.first, next.starts_with("Finished") ? "[*]" : next);
    }
  }
  return edges;
}

std::string printed(const Edges& edges) {
  std::ostringstream out;
  for (const auto& [from, to] : edges) out << from << " --> " << to << '\n';
  return out.str();
}

}  // namespace

TEST_CASE("the page on the state machine says what the machine does: the work") {
  check_same(table_of_page("The work"), explored(Extra::nothing, 2));
}

TEST_CASE("the diagram on the state machine shows what the table of the work says, which the machine does") {
  CHECK(printed(edges_of_diagram()) == printed(edges_of(table_of_page("The work"))));
}

TEST_CASE("the page on the state machine says what the machine does: the lease") {
  const Table work = table_of_page("The work");
  check_same(table_of_page("The lease"), beyond(work, explored(Extra::lease, 3)));
}

TEST_CASE("the page on the state machine says what the machine does: stopping") {
  check_same(table_of_page("Stopping"), explored(Extra::stop, 2));
}

TEST_CASE("the page on the state machine says what the machine does: stopping a leader") {
  const Table stopping = table_of_page("Stopping");
  check_same(table_of_page("Stopping a leader"), beyond(stopping, explored(Extra::lease_and_stop, 2)));
}
