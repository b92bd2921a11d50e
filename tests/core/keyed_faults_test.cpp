// Every way in which a keyed run can go wrong, up to a number of faults: crashes, failures and lost replies at every
// effect, of a live run and of a rebuild. What is stored is always the fold of the log up to the stored checkpoint, and
// what each process has published is what it has committed, in order, but for what was lost at its end.
#include <catch2/catch.hpp>

#include "keyed_probe.hpp"
#include "lantern/testing/choices.hpp"
#include "story.hpp"

using namespace lantern;
using namespace lantern::testing;

namespace {

struct Crash {};
struct Broken : std::runtime_error {
  using runtime_error::runtime_error;
};

const Failure for_now{FailureKind::busy, "busy"};
const Failure for_good{FailureKind::corrupt, "corrupt"};

template <Effect E>
typename E::reply refused(const Failure& why) {
  return tl::make_unexpected(why);
}

struct World {
  ViewModel& store;
  Choices& choices;
  std::vector<Frame>& asked;  ///< what this process has asked to be published, in order
  enum Fault { none, crash_before, crash_after, transient, permanent, lost_undone, lost_done };

  template <Effect E>
  requires Performs<ViewModel, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, Publish>) asked.insert(asked.end(), effect.frames.begin(), effect.frames.end());
    constexpr std::uint32_t ways = std::same_as<E, Sleep> ? 2 : std::same_as<E, SaveCheckpoint> ? 7 : 6;
    const auto fault = static_cast<Fault>(choices.choose(About::fault, ways));
    if (fault == crash_before) throw Crash{};
    if constexpr (std::same_as<E, Sleep>) return store.perform(effect);
    else {
      if (fault == transient) return refused<E>(for_now);
      if (fault == permanent) return refused<E>(for_good);
      if constexpr (std::same_as<E, SaveCheckpoint>) {
        const auto unknown = tl::make_unexpected(OutcomeUnknown{for_now});
        if (fault == lost_undone) return unknown;
        auto done = store.perform(effect);
        if (fault == crash_after) throw Crash{};
        if (fault == lost_done) return unknown;
        return done;
      } else {
        auto done = store.perform(effect);
        if (fault == crash_after) throw Crash{};
        if (fault == lost_undone) return refused<E>(for_now);  // it was done, and nobody knows
        return done;
      }
    }
  }
};

struct Setting {
  std::string name{};
  std::vector<std::string> data{};
  std::uint32_t page{2};
  bool leases{};
  bool rebuild{};
  std::optional<std::uint64_t> per_commit{};
  LeftOut poison{};
  std::uint32_t faults{2};
  bool small_cache{};

  using Fold = std::map<std::string, Expected>;
  /// The fold of the log up to there, made once: it is asked for thousands of times.
  [[nodiscard]] const Fold& fold(const std::optional<Position>& through, std::int64_t code) const {
    const auto [at, fresh] = folds.try_emplace({through, code});
    if (fresh) at->second = naive_fold(store_of(data).log, through, code, poison);
    return at->second;
  }
  mutable std::map<std::pair<std::optional<Position>, std::int64_t>, Fold> folds{};
};

[[noreturn]] void broken(const Setting& setting, const Choices& choices, const std::string& what) {
  std::ostringstream out;
  out << setting.name << ": " << what << ", with";
  for (const Departure& departure : choices.departures()) out << ' ' << departure;
  throw Broken(out.str());
}

/// The changes of the fold between two checkpoints, as frames without their payload's generation.
std::vector<std::string> changes_between(const Setting& setting, std::optional<Position> from,
                                         std::optional<Position> to) {
  std::map<std::int64_t, std::map<std::string, std::int64_t>> versions;  // by position, then key
  for (const auto& [key, view] : setting.fold(to, 1)) {
    std::int64_t version = 0;
    for (const auto position : view.changes) versions[position][key] = ++version;
  }
  std::vector<std::string> lines;
  for (const auto& [position, keys] : versions) {
    if (from && position <= from->value) continue;
    for (const auto& [key, version] : keys) {
      lines.push_back(key + ' ' + std::to_string(version) + " of " + std::to_string(position));
    }
  }
  return lines;
}

/// What a process asks to be published is what it has committed, in order, but for what it could not know of or did not
/// live to tell: a part at the end.
void check_frames(const Setting& setting, const Choices& choices, const ViewModel& store,
                  const std::vector<Frame>& asked, std::optional<Position> from, bool ended_well) {
  std::vector<std::string> lines;
  for (const Frame& frame : asked) {
    lines.push_back(frame.key + ' ' + std::to_string(frame.moment.version) + " of " +
                    std::to_string(frame.position.value));
  }
  const auto to = store.active == 0 ? std::nullopt : store.generations.at(store.active).position;
  const auto committed = changes_between(setting, from, to);
  if (lines.size() > committed.size() || !std::equal(lines.begin(), lines.end(), committed.begin())) {
    broken(setting, choices, "other frames than those of the changes that were committed");
  }
  if (ended_well && lines.size() != committed.size()) broken(setting, choices, "frames are missing");
}

void check_stored(const Setting& setting, const Choices& choices, const ViewModel& store) {
  for (const auto& [number, stock] : store.generations) {
    const auto wrong = difference(stock.views, setting.fold(stock.position, stock.version.program));
    if (!wrong.empty()) broken(setting, choices, wrong + " in generation " + std::to_string(number));
    LeftOut recorded;
    for (const auto& [id, record] : stock.records) recorded.insert({record.position.value, record.key.value_or("")});
    LeftOut expected;
    for (const auto& one : setting.poison) {
      if (stock.position && one.first <= stock.position->value) expected.insert(one);
    }
    if (recorded != expected) broken(setting, choices, "the records are not those of the parked key");
  }
}

/// One process. True when it ended well.
bool live(const Setting& setting, ViewModel& store, Choices& choices) {
  const std::int64_t code = setting.rebuild ? 2 : 1;
  Chain chain{.code = code, .strategy = FailureStrategy::Retry};
  if (!setting.poison.empty()) chain.fails[*setting.poison.begin()] = -1;
  ProjectionConfig config;
  config.page_events = *BatchSize::of(setting.page);
  config.event_retry.max_attempts = 0;
  config.event_retry.when_exhausted = Escalation::quarantine_key;
  if (setting.per_commit) config.commit.max_events = *EventCount::of(*setting.per_commit);
  if (setting.leases) config.leadership = Leadership("a");
  if (setting.small_cache) config.view_cache = 0;
  std::vector<Frame> asked;
  World world{store, choices, asked};
  const auto from = store.active == 0 ? std::nullopt : store.live().position;
  std::optional<Finished> end;
  try {
    end = run(chain, world, config);
  } catch (const Crash&) {
  }
  check_stored(setting, choices, store);
  if (!setting.rebuild) check_frames(setting, choices, store, asked, from, end && *end);
  else if (!asked.empty()) broken(setting, choices, "frames of a generation that readers do not see");
  if (!end || !*end) return false;
  if ((*end)->ending != Ending::caught_up || store.live().position != store.head()) {
    broken(setting, choices, "it ended well elsewhere");
  }
  return true;
}

void live_until_done(const Setting& setting, Choices& choices) {
  ViewModel store = store_of(setting.data);
  if (setting.rebuild) {
    const auto log = store.log;
    store.log.resize(log.size() - 1);  // readers are not at the head either
    Chain old{.strategy = FailureStrategy::Retry};
    ProjectionConfig config;
    config.event_retry.max_attempts = 0;
    config.event_retry.when_exhausted = Escalation::quarantine_key;
    if (!setting.poison.empty()) old.fails[*setting.poison.begin()] = -1;
    if (!run(old, store, config)) broken(setting, choices, "the old program failed");
    store.log = log;
  }
  store.published.clear();
  for (int lives = 0; !live(setting, store, choices); ++lives) {
    if (lives > 10) broken(setting, choices, "it never ends well");
    store.expire_leases();
  }
  if (setting.rebuild && store.live().version != CodeVersion{2, 1}) broken(setting, choices, "it was not rebuilt");
}

std::vector<Setting> settings() {
  const std::vector<std::string> six = {"a", "a b", "b", "a!", "b a=", "a"};
  std::vector<Setting> all;
  all.push_back({.name = "pages of two", .data = six});
  all.push_back({.name = "commits that span pages", .data = six, .page = 1, .per_commit = 2});
  all.push_back({.name = "nothing is cached", .data = six, .small_cache = true});
  all.push_back({.name = "with a lease", .data = {"a", "a b", "b"}, .leases = true});
  all.push_back({.name = "a parked key", .data = {"a b", "a b", "b", "a"}, .poison = {{2, "b"}, {3, "b"}}});
  all.push_back({.name = "a parked key in a commit that spans pages, nothing cached",
                 .data = {"a b", "a", "b", "a"},
                 .page = 1,
                 .per_commit = 10,
                 .poison = {{1, "b"}, {3, "b"}},
                 .small_cache = true});
  all.push_back({.name = "rebuild", .data = {"a", "a b", "b", "a"}, .rebuild = true});
  all.push_back({.name = "rebuild with leases", .data = {"a", "a b", "b"}, .leases = true, .rebuild = true});
  all.push_back({.name = "rebuild with a parked key",
                 .data = {"a b", "b", "a"},
                 .rebuild = true,
                 .poison = {{1, "b"}, {2, "b"}}});
  return all;
}

}  // namespace

TEST_CASE("R3, R6: whatever fails and however often the process dies, views are the fold of the log") {
  for (const Setting& setting : settings()) {
    DYNAMIC_SECTION(setting.name << ", up to " << setting.faults << " faults") {
      std::uint64_t runs = 0;
      REQUIRE_NOTHROW(
          runs = explore({.total = setting.faults}, [&](Choices& choices) { live_until_done(setting, choices); }));
      CHECK(runs > 100);
    }
  }
}

TEST_CASE("the same, with more failures at once", "[.thorough]") {
  for (const Setting& setting : settings()) {
    REQUIRE_NOTHROW(
        explore({.total = setting.faults + 1}, [&](Choices& choices) { live_until_done(setting, choices); }));
  }
}
