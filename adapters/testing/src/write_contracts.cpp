// Contracts of a projection's own statements, which run inside of the commit.
#include "lab.hpp"
#include "ledger.hpp"

namespace lantern::detail {
namespace {

using Rows = std::vector<AppliedEvent>;
const ProjectionId ledger = Ledger::id();

SaveCheckpoint commit(std::optional<Position> from, std::span<const RecordedEvent> events) {
  SaveCheckpoint save;
  save.projection = ledger;
  save.from = from;
  save.through = events.empty() ? from : std::optional(events.back().position);
  if (!events.empty()) save.writes.runs.push_back(events);
  return save;
}

Rows rows(std::span<const RecordedEvent> events) {
  Rows all;
  for (const auto& event : events) all.push_back({event.position, std::string(event.data)});
  return all;
}

/// The log in one page; a store that shows less of it is found out here, before an event that is not there is touched.
EventPage whole_log(Lab& lab, std::size_t events) {
  EventPage log = collect(lab);
  expect_same("events in the log", log.size(), events);
  return log;
}

void applied_in_order(Lab& lab) {
  lab.store().install(ledger);
  lab.add("s", "T", numbered("event", 10));
  const Walk walk = lab.walk();
  std::optional<Position> from;
  for (const EventPage& page : walk.pages) {
    for (const auto events : {page.events().first(page.size() / 2), page.events().subspan(page.size() / 2)}) {
      const SaveCheckpoint save = commit(from, events);
      must(shown(save), lab.perform(save));
      from = save.through;
    }
  }
  Rows expected;
  const auto positions = walk.positions();
  const auto data = walk.data();
  for (std::size_t i = 0; i < data.size(); ++i) expected.push_back({positions[i], data[i]});
  expect_same("what was applied", lab.store().applied(ledger), expected);
  const auto other = lab.open();
  expect_same("what another store sees of it", other->applied(ledger), expected);
  lab.reopen();
  expect_same("what is there after reopening", lab.store().applied(ledger), expected);
  expect_same("the checkpoint after reopening", lab.checkpoint(ledger), from);
}

/// The same events in several runs, as they come from several pages.
void several_runs(Lab& lab) {
  lab.store().install(ledger);
  lab.add("s", "T", numbered("event", 6));
  lab.add("s", "refused", {"bad"});
  lab.add("s", "T", {"last"});
  EventPage page = whole_log(lab, 8);
  SaveCheckpoint save;
  save.projection = ledger;
  save.through = page.events()[6].position;
  save.writes.runs = {page.events().first(2), page.events().subspan(2, 0), page.events().subspan(2, 3),
                      page.events().subspan(5, 2)};
  const auto failed = must_refuse<WriteFailed>(shown(save), lab.perform(save));
  expect_same("the index of the event that failed", failed.index, 6u);
  save.through = page.events()[5].position;
  save.writes.runs.back() = page.events().subspan(5, 1);
  must(shown(save), lab.perform(save));
  expect_same("what was applied", lab.store().applied(ledger), rows(page.events().first(6)));
}

void failing_write(Lab& lab) {
  constexpr std::size_t count = 7;
  lab.store().install(ledger);
  lab.add("s", "T", numbered("good", count));
  lab.add("s", "refused", {"bad"});
  EventPage page = whole_log(lab, count + 1);
  lab.save(ledger, std::nullopt, Position{0});
  for (std::size_t bad = 0; bad <= count; ++bad) {
    EventPage events;
    for (std::size_t i = 0; i < bad; ++i) events.add(page.events()[i]);
    events.add(page.events()[count]);
    for (std::size_t i = bad; i < count; ++i) events.add(page.events()[i]);
    SaveCheckpoint save = commit(Position{0}, events.events());
    save.through = page.events().back().position;
    if (lab.offers().quarantine) save.quarantined.push_back({.position = Position{1}, .stream = "s", .type = "T"});
    const std::string what = "a commit whose write " + std::to_string(bad) + " fails";
    const auto failed = must_refuse<WriteFailed>(what, lab.perform(save));
    expect_same(what + ": the index that it tells", failed.index, bad);
    expect(!failed.cause.what.empty(), what + " does not say why");
    expect_same("the checkpoint after " + what, lab.checkpoint(ledger), Position{0});
    expect_same("what is applied after " + what, lab.store().applied(ledger), Rows{});
    expect_same("records after " + what, lab.store().quarantined(ledger).size(), 0u);
  }
  const SaveCheckpoint good = commit(Position{0}, page.events().first(count));
  must("the good events", lab.perform(good));
  expect_same("what is applied then", lab.store().applied(ledger), rows(page.events().first(count)));
}

void refused_commit(Lab& lab) {
  lab.store().install(ledger);
  lab.add("s", "T", numbered("event", 4));
  EventPage page = whole_log(lab, 4);
  const auto events = page.events();
  must("the first event", lab.perform(commit(std::nullopt, events.first(1))));
  SaveCheckpoint back = commit(events[0].position, events.subspan(1, 1));
  back.through = Position{events[0].position.value - 1};
  SaveCheckpoint generation = commit(events[0].position, events.subspan(1, 1));
  generation.generation = Generation{9};
  std::vector<SaveCheckpoint> bad{commit(std::nullopt, events.first(2)), commit(events[1].position, events.subspan(2)),
                                  back, generation};
  if (lab.offers().leases) {
    bad.push_back(commit(events[0].position, events.subspan(1, 1)));
    bad.back().fence = Fence{12};
  }
  for (const auto& save : bad) {
    expect(!lab.perform(save), shown(save) + " was not refused");
    expect_same("what is applied after the refused " + shown(save), lab.store().applied(ledger), rows(events.first(1)));
    expect_same("the checkpoint after the refused " + shown(save), lab.checkpoint(ledger),
                std::optional(events[0].position));
  }
}

void not_installed(Lab& lab) {
  lab.add("s", "T", {"1"});
  EventPage page = whole_log(lab, 1);
  const SaveCheckpoint save = commit(std::nullopt, page.events());
  must_be_invalid("writes of a projection that is not installed", lab.perform(save));
  expect_same("its checkpoint", lab.checkpoint(ledger), std::nullopt);
}

}  // namespace

std::span<const Rule> write_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"writes: they are applied in order, and stored with the checkpoint", writes, applied_in_order},
      {"writes: events in several runs are one sequence", writes, several_runs},
      {"writes: one that fails changes nothing, and is named", writes, failing_write},
      {"writes: a refused commit applies nothing", writes, refused_commit},
      {"writes: a projection that is not installed is refused", writes, not_installed},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
