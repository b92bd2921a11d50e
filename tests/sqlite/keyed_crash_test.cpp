// A keyed run whose statements are interrupted, one after the other: what is stored is always the naive fold of the log
// up to the stored checkpoint, byte for byte, and the next run completes it.
#include "files.hpp"
#include "interruptions.hpp"
#include "keyed_probe.hpp"
#include "lantern/blocking/read_views.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"

using namespace lantern;
using namespace lantern::testing;
using namespace lantern::testing_sqlite;

namespace {

const ProjectionId id("p");
const std::vector<std::string> data{"a", "b", "a", "c b", "a", "b"};  // keys, one event each

std::vector<ViewModel::Event> log_of_events() {
  std::vector<ViewModel::Event> log;
  for (const std::string& each : data) log.push_back({static_cast<std::int64_t>(log.size()) + 1, "T", each});
  return log;
}

void append_all(SqliteStore& store) {
  std::vector<NewEvent> events;
  for (const std::string& each : data) events.push_back({.stream = "s", .type = "T", .data = each});
  REQUIRE(store.append(std::move(events)));
}

/// What is stored, and how it differs from the naive fold up to where it is; empty: not at all.
std::string wrong_with(SqliteStore& store, std::int64_t code) {
  const auto checkpoint = store.perform(LoadCheckpoint{id, LoadCheckpoint::Purpose::inspect});
  REQUIRE(checkpoint);
  const auto position = *checkpoint ? (*checkpoint)->position : std::nullopt;
  const auto page = store.perform(ScanViews{.projection = id});
  REQUIRE(page);
  REQUIRE_FALSE(page->more);
  std::map<std::string, StoredView> views;
  for (const StoredView& view : page->views) views.emplace(view.key, view);
  const std::int64_t made_by = *checkpoint ? (*checkpoint)->version.program : code;
  return difference(views, naive_fold(log_of_events(), position, made_by));
}

ProjectionConfig two_at_a_time() {
  ProjectionConfig config;
  config.page_limit(2).with(Leadership("me"));
  config.store_retry.max_attempts = 1;
  return config;
}

/// Runs code `code`, with the `which`th statement interrupted, until none is. Returns how many there were.
int interrupt_each(std::int64_t code, const std::function<void(SqliteStore&)>& before) {
  for (int which = 1;; ++which) {
    const Folder folder;
    const Watching watching;
    SqliteStore store = open_store(folder / "s.db");
    append_all(store);
    before(store);
    Chain interrupted{.code = code}, next{.code = code};
    Watching::interrupt_statement(which);
    (void)run_projection_blocking(interrupted, store, two_at_a_time());
    const bool reached = Watching::lift();
    CAPTURE(which);
    REQUIRE(wrong_with(store, code) == "");
    const Finished end = run_projection_blocking(next, store, two_at_a_time());
    REQUIRE(end);
    REQUIRE(end->position == Position{static_cast<std::int64_t>(data.size())});
    REQUIRE(wrong_with(store, code) == "");
    if (!reached) return which - 1;
  }
}

}  // namespace

TEST_CASE("R3: a keyed run that is interrupted at any statement has stored the fold of the log up to its checkpoint") {
  CHECK(interrupt_each(1, [](SqliteStore&) {}) > 20);
}

TEST_CASE(
    "T42, R7: a keyed rebuild that is interrupted at any statement, the switch included, shows one generation whole") {
  const auto by_code_1 = [](SqliteStore& store) {
    Chain older;
    REQUIRE(run_projection_blocking(older, store, two_at_a_time()));
  };
  CHECK(interrupt_each(2, by_code_1) > 20);
}
