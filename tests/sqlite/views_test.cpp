// Stored views as readers of a file see them: without waiting for writers, and by what is in their states.
#include <atomic>
#include <thread>

#include "views_support.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;
using Catch::Contains;

namespace {

std::vector<std::string> keys_where(const SqliteStore& store, std::string path, std::string equals) {
  ScanViews ask{.projection = counts};
  ask.where = ViewCondition{std::move(path), std::move(equals)};
  std::vector<std::string> keys;
  for (const StoredView& found : good(store.perform(ask)).views) keys.push_back(found.key);
  return keys;
}

Failure refusal(const SqliteStore& store, std::string path, std::string equals) {
  ScanViews ask{.projection = counts};
  ask.where = ViewCondition{std::move(path), std::move(equals)};
  const auto page = store.perform(ask);
  if (page) FAIL("it was understood");
  return page.error();
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("T38: readers wait for no writer, and see what was committed") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  saved(store, next_commit(store, {view("a", "1", 1, 1)}));
  const PlainSqlite writer(folder / "a.db");
  writer.run("BEGIN IMMEDIATE");  // and holds the lock while we read, with the store's timeout of 0
  writer.run("UPDATE lantern_views SET state = 'not committed', version = 2");
  writer.run("UPDATE lantern_projections SET position = 99");
  CHECK(good(store.perform(GetView{counts, "a"})).view->state == "1");
  CHECK(good(store.perform(GetView{counts, "a"})).as_of.position == Position{1});
  CHECK(all_views(store).size() == 1);
  CHECK(good(store.perform(LoadViews{counts, Generation{1}, {"a"}})).views.size() == 1);
  CHECK(good(store.perform(ListGenerations{counts})).size() == 1);
  writer.run("COMMIT");
  CHECK(good(store.perform(GetView{counts, "a"})).view->state == "not committed");
  CHECK(good(store.perform(GetView{counts, "a"})).as_of.position == Position{99});
}

TEST_CASE("T38: while a run commits, each answer is of one commit, and no reader holds the run up") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  constexpr std::int64_t commits = 200;
  const auto state_at = [](std::int64_t position) {
    std::vector<StoredView> views;
    for (int i = 0; i < 20; ++i) {
      views.push_back(view("k" + std::to_string(i), std::to_string(position), position, position));
    }
    return views;
  };
  saved(store, next_commit(store, state_at(1)));
  std::atomic<bool> done = false;
  std::atomic<int> mixed = 0, failed = 0, answers = 0;
  const auto look = [&] {
    const auto page = store.perform(ScanViews{.projection = counts});
    const auto one = store.perform(GetView{counts, "k7"});
    const auto loaded = store.perform(LoadViews{counts, Generation{1}, {"k1", "k19", "k0"}});
    if (!page || !one || !loaded) {
      ++failed;
      return;
    }
    const auto is_of = [](const StoredView& v, std::int64_t position) { return v.version == position; };
    const std::int64_t at = page->as_of.position->value;
    const std::int64_t first = loaded->views.front().version;
    if (page->views.size() != 20 || !std::ranges::all_of(page->views, [&](auto& v) { return is_of(v, at); })) ++mixed;
    if (!is_of(*one->view, one->as_of.position->value)) ++mixed;
    if (!std::ranges::all_of(loaded->views, [&](auto& v) { return is_of(v, first); })) ++mixed;
    ++answers;
  };
  std::thread reader([&] {
    while (!done) look();
  });
  std::optional<SaveError> refused;
  for (std::int64_t position = 2; position <= commits && !refused; ++position) {
    auto reply = store.perform(next_commit(store, state_at(position)));
    if (!reply) refused = std::move(reply).error();
  }
  done = true;
  reader.join();
  look();
  if (refused) FAIL(to_string(*refused));
  CHECK(mixed == 0);
  CHECK(failed == 0);
  CHECK(answers > 0);
}

TEST_CASE("a condition compares JSON values by their type, and passes over what is no JSON") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  const std::vector<std::pair<const char*, std::string>> states{
      {"array", R"({"n":[1],"lines":[{"sku":"x"},{"sku":"y"}]})"},
      {"broken", R"({"n":1)"},
      {"false", R"({"n":false})"},
      {"none", "{}"},
      {"nul", std::string("{\"n\":1}\0", 8)},
      {"null", R"({"n":null})"},
      {"one", R"({"n":1})"},
      {"one point zero", R"({"n":1.0})"},
      {"scalar", "1"},
      {"text", R"({"n":"1"})"},
      {"true", R"({"n":true})"},
      {"zero bytes", ""},
      {"bytes", "\xFF\xFE\x80"},
  };
  std::vector<StoredView> views;
  for (const auto& [key, state] : states) views.push_back(view(key, state, 1, 1));
  views.push_back(view("erased", std::nullopt, 2, 1));
  saved(store, next_commit(store, views));

  CHECK(keys_where(store, "$.n", "1") == Keys{"one", "one point zero"});
  CHECK(keys_where(store, "$.n", "1.0") == Keys{"one", "one point zero"});
  CHECK(keys_where(store, "$.n", R"("1")") == Keys{"text"});
  CHECK(keys_where(store, "$.n", R"("[1]")").empty());  // SQL would give the array as this text
  CHECK(keys_where(store, "$.n", "true") == Keys{"true"});
  CHECK(keys_where(store, "$.n", "false") == Keys{"false"});
  CHECK(keys_where(store, "$.n", "null") == Keys{"null"});
  CHECK(keys_where(store, "$", "1") == Keys{"scalar"});
  CHECK(keys_where(store, "$.lines[1].sku", R"("y")") == Keys{"array"});
  CHECK(keys_where(store, "$.n[0]", "1") == Keys{"array"});
  CHECK(keys_where(store, "$.nothing", "null").empty());
  CHECK(keys_where(store, "$.n') OR 1 --", "1").empty());  // a path is a value, never SQL

  ScanViews ask{.projection = counts, .prefix = "one", .after = "one", .limit = 1};
  ask.where = ViewCondition{"$.n", "1"};
  const auto page = good(store.perform(ask));
  REQUIRE(page.views.size() == 1);
  CHECK(page.views[0].key == "one point zero");
  CHECK_FALSE(page.more);
}

TEST_CASE("a condition that makes no sense is refused in SQLite's words") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  for (const char* path : {"", "n", "$n", "$..n", "$[\"n", "$."}) {
    CAPTURE(path);
    const Failure failure = refusal(store, path, "1");
    CHECK(failure.kind == FailureKind::invalid);
    CHECK_THAT(failure.what, Contains("JSON path error"));
  }
  for (const char* value : {"", "open", "{}", "[1]", "1 2", "'x'"}) {
    CAPTURE(value);
    CHECK(refusal(store, "$.n", value).kind == FailureKind::invalid);
  }
  // SQLite reads on in a path only where a state has what it names.
  saved(store, next_commit(store, {view("a", R"({"n":[1]})", 1, 1)}));
  CHECK(refusal(store, "$.n[x", "1").kind == FailureKind::invalid);
  CHECK(all_views(store).size() == 1);
}

TEST_CASE("views are told from when they were stored, by the store's clock") {
  const Folder folder;
  const HandClock clock;
  SqliteOptions options;
  options.clock = clock.source();
  auto store = open_store(folder / "a.db", options);
  saved(store, next_commit(store, {view("a", "1", 1, 1), view("b", "1", 1, 1)}));
  clock.advance(std::chrono::milliseconds(1500));
  saved(store, next_commit(store, {view("a", "2", 2, 2)}));
  CHECK(good(store.perform(GetView{counts, "a"})).view->updated_at == "2023-11-14T22:13:21.500000Z");
  CHECK(good(store.perform(GetView{counts, "b"})).view->updated_at == "2023-11-14T22:13:20.000000Z");
}

TEST_CASE("T54: a byte that was changed in a stored state shows in every way of reading it") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  const std::string state = std::string("{\"n\":1,\"bytes\":\"") + '\0' + "\xFF\"}";
  saved(store, next_commit(store, {view("a", state, 1, 1)}));
  const auto stored = all_views(store);
  REQUIRE(stored.at(0).state == state);
  // One bit of the last byte but two, where no text ends and none begins.
  PlainSqlite(folder / "a.db").run("UPDATE lantern_views SET state = CAST(x'" + [&] {
    std::string hex, tampered = state;
    tampered[tampered.size() - 3] = static_cast<char>(tampered[tampered.size() - 3] ^ 1);
    for (const char c : tampered) {
      constexpr const char* digits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      hex += digits[byte >> 4];
      hex += digits[byte & 15];
    }
    return hex;
  }() + "' AS TEXT)");
  CHECK(all_views(store) != stored);
  CHECK(good(store.perform(GetView{counts, "a"})).view != stored.at(0));
  CHECK(good(store.perform(LoadViews{counts, Generation{1}, {"a"}})).views != stored);
}

TEST_CASE("views cannot be written to a store that was opened for reading, and can be read") {
  const Folder folder;
  {
    auto store = open_store(folder / "a.db");
    give_a_past(store);
  }
  SqliteOptions reading;
  reading.access = StoreAccess::read_only;
  auto store = open_store(folder / "a.db", reading);
  CHECK(all_views(store).size() == 3);
  CHECK(good(store.perform(ListGenerations{counts})).size() == 3);
  const auto is_denied = [](const auto& reply) {
    REQUIRE_FALSE(reply);
    if constexpr (std::is_same_v<std::decay_t<decltype(reply.error())>, Failure>) return reply.error().kind;
    else return std::get<Failure>(reply.error()).kind;
  };
  CHECK(is_denied(store.perform(next_commit(store, {view("a", "1", 1, 1)}))) == FailureKind::denied);
  CHECK(is_denied(store.perform(ReplaceView{.projection = counts, .key = "a"})) == FailureKind::denied);
  CHECK(is_denied(store.perform(BeginRebuild{counts})) == FailureKind::denied);
  CHECK(is_denied(store.perform(ActivateGeneration{counts, Generation{3}})) == FailureKind::denied);
  CHECK(is_denied(store.perform(RollBack{counts})) == FailureKind::denied);
  CHECK(is_denied(store.perform(FinalizeRebuild{counts})) == FailureKind::denied);
  CHECK(is_denied(store.perform(CancelRebuild{counts})) == FailureKind::denied);
}

TEST_CASE("a page ends after so many bytes that it looked at, and says where to go on") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  std::vector<StoredView> views;
  for (int i = 100; i < 200; ++i) {
    views.push_back(view(std::to_string(i), "{\"n\":" + std::to_string(i % 50) + ",\"x\":\"0123456789\"}", 1, 1));
  }
  saved(store, next_commit(store, views));
  ScanViews ask{.projection = counts, .limit = 1000};
  ask.byte_limit = 240;  // ten states
  auto page = good(store.perform(ask));
  CHECK(page.views.size() == 10);
  CHECK(page.more);
  CHECK(page.next() == "109");

  // What is passed over counts, too: a page may be empty.
  ask.where = ViewCondition{"$.n", "49"};
  Keys found;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    page = good(store.perform(ask));
    REQUIRE(page.views.size() <= 1);
    if (pages == 0) CHECK((page.views.empty() && page.scanned_to == "109" && page.next() == "109"));
    for (const StoredView& one : page.views) found.push_back(one.key);
    more = page.more;
    ask.after = page.next();
    REQUIRE(more == ask.after.has_value());
  }
  CHECK(found == Keys{"149", "199"});
  CHECK(pages >= 10);
  CHECK_FALSE(page.scanned_to);
}

TEST_CASE("a page passes over no more than 8192 views, erased ones or by a condition, and all pages find all") {
  const Folder folder;
  auto store = open_store(folder / "a.db");
  std::vector<StoredView> views;
  for (int i = 0; i < 20'000; ++i) {
    std::optional<std::string> state = i < 10'000 ? std::nullopt : std::optional<std::string>("{}");
    if (i % 9'999 == 0) state = R"({"found":true})";
    views.push_back(view(std::to_string(100'000 + i), std::move(state), 1, 1));
  }
  saved(store, next_commit(store, std::move(views)));
  ScanViews ask{.projection = counts, .limit = 2};
  auto page = good(store.perform(ask));
  CHECK(page.views.size() == 1);
  CHECK(page.next() == "108192");
  ask.where = ViewCondition{"$.found", "true"};
  Keys found;
  std::vector<std::size_t> sizes;
  do {
    page = good(store.perform(ask));
    sizes.push_back(page.views.size());
    for (const StoredView& one : page.views) found.push_back(one.key);
    ask.after = page.next();
  } while (page.more);
  CHECK(found == Keys{"100000", "109999", "119998"});
  CHECK(sizes == std::vector<std::size_t>{1, 1, 1});

  // A page that is full before that is told to be the last, if nothing else is to be returned.
  ask.after = "119997";
  ask.limit = 1;
  page = good(store.perform(ask));
  CHECK(page.views.size() == 1);
  CHECK_FALSE(page.more);
}
