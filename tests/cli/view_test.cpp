// `lantern view`, `activate`, `rollback`, `finalize`, `cancel`: what a store holds of keyed projections, made here by
// commits of our own.
#include <algorithm>
#include <csignal>
#include <string>

#include <catch2/catch.hpp>

#include "child.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

using namespace lantern;

namespace {

/// A store with one projection that has views, as a run of its code would leave it.
class Store {
 public:
  Store() : store_(*SqliteStore::open(file())) {
    std::vector<NewEvent> events(9, NewEvent{.stream = "s", .type = "t", .data = "{}"});
    REQUIRE(store_.append(std::move(events)));
  }
  [[nodiscard]] std::string file() const { return folder_ / "s.db"; }
  [[nodiscard]] SqliteStore& get() { return store_; }

  void commit(std::optional<Position> from, Position through, std::vector<StoredView> views, Generation generation = {},
              ProjectionId id = orders) {
    SaveCheckpoint save{std::move(id)};
    save.generation = generation;
    save.from = from;
    save.through = through;
    save.views = std::move(views);
    REQUIRE(store_.perform(save));
  }
  Ended run(std::vector<std::string> words, std::vector<std::string> more = {}) {
    words.insert(words.end(), {"--store", file()});
    words.insert(words.end(), more.begin(), more.end());
    return lantern_run(words);
  }
  static inline const ProjectionId orders{"orders"};

 private:
  TempFolder folder_;
  SqliteStore store_;
};

StoredView view(std::string key, std::string state, std::int64_t version, std::int64_t position) {
  return {.key = std::move(key), .state = std::move(state), .version = version, .position = Position{position}};
}

void check_says(const Ended& ended, int code, const std::string& err) {
  CHECK(ended.code == code);
  CHECK(ended.out == "");
  CHECK(ended.err == "lantern: " + err + "\n");
}

std::string without_times(std::string text) {
  for (auto at = text.find(",\"updated_at\":\""); at != text.npos; at = text.find(",\"updated_at\":\"")) {
    text.erase(at, text.find('"', at + 15) - at + 1);
  }
  return text;
}

}  // namespace

TEST_CASE("view get and scan show views as they are stored, in the order of their keys") {
  Store store;
  store.commit({}, Position{5},
               {view("b", "{\"n\":2,\n\"open\":true}", 2, 4), view("a", R"({"n":1,"open":false})", 1, 1),
                view("a%", "\xFF\x01", 3, 5), StoredView{.key = "gone", .version = 2, .position = Position{5}}});
  CHECK(store.run({"view", "get", "orders", "a"}).out == "{\"n\":1,\"open\":false}\n");
  CHECK(without_times(store.run({"view", "get", "orders", "b", "--json"}).out) ==
        "{\"key\":\"b\",\"generation\":1,\"version\":2,\"position\":4,\"state\":{\"n\":2, \"open\":true}}\n");
  CHECK(store.run({"view", "get", "orders", "a%"}).out == "x'ff01'\n");
  check_says(store.run({"view", "get", "orders", "gone"}), 2,
             "projection orders has no view for key \"gone\" (generation 1)");
  check_says(store.run({"view", "get", "order", "a"}), 2, "the store has no projection order; it has orders");

  CHECK(store.run({"view", "scan", "orders"}).out ==
        "key  version  position  state\n"
        "---  -------  --------  ---------------------\n"
        "a          1         1  {\"n\":1,\"open\":false}\n"
        "a%         3         5  x'ff01'\n"
        "b          2         4  {\"n\":2,\\n\"open\":true}\n");
  CHECK(without_times(store.run({"view", "scan", "orders", "--prefix", "a%", "--json"}).out) ==
        "{\"key\":\"a%\",\"generation\":1,\"version\":3,\"position\":5,\"state_hex\":\"ff01\"}\n");
  const Ended limited = store.run({"view", "scan", "orders", "--limit", "1", "--after", "a"});
  CHECK(limited.out.find("\na%  ") != limited.out.npos);
  CHECK(limited.out.find("\nb  ") == limited.out.npos);
  CHECK(limited.err == "there are more: go on with --after 'a%', or raise --limit\n");
  CHECK(without_times(store.run({"view", "scan", "orders", "--where", "$.open=true", "--json"}).out) ==
        "{\"key\":\"b\",\"generation\":1,\"version\":2,\"position\":4,\"state\":{\"n\":2, \"open\":true}}\n");
  check_says(store.run({"view", "scan", "orders", "--where", "$.open"}), 2,
             "--where takes PATH=JSON, as in --where '$.status=\"open\"', and not $.open");
  CHECK(store.run({"view", "scan", "orders", "--where", "open=1"}).code == 2);
  CHECK(store.run({"view", "scan", "orders", "--where", "$.open=tru"}).code == 2);
}

TEST_CASE("a scan finds what lies behind more views than one page looks at") {
  Store store;
  std::vector<StoredView> views;
  for (int i = 10'000; i < 20'000; ++i) {
    views.push_back(view(std::to_string(i), i % 9'999 == 1 ? R"({"n":1})" : "{}", 1, 1));
  }
  store.commit({}, Position{1}, std::move(views));
  const Ended all = store.run({"view", "scan", "orders", "--where", "$.n=1", "--json"});
  CHECK(all.code == 0);
  CHECK(std::count(all.out.begin(), all.out.end(), '\n') == 2);
  CHECK(all.out.find("\"key\":\"10000\"") != all.out.npos);
  CHECK(all.out.find("\"key\":\"19999\"") != all.out.npos);
  const Ended one = store.run({"view", "scan", "orders", "--where", "$.n=1", "--limit", "1"});
  CHECK(one.out.find("\n10000 ") != one.out.npos);
  CHECK(one.out.find("19999") == one.out.npos);
  CHECK(one.err.find("there are more: go on with --after ") != one.err.npos);
}

TEST_CASE("view keeps tenants apart, and list shows every generation of each") {
  Store store;
  store.commit({}, Position{1}, {view("k", "1", 1, 1)});
  store.commit({}, Position{2}, {view("k", "2", 1, 2), view("l", "3", 1, 2)}, {}, ProjectionId("orders", "acme"));
  REQUIRE(store.get().perform(BeginRebuild{Store::orders, CodeVersion{2}}));
  CHECK(store.run({"view", "get", "orders", "k"}).out == "1\n");
  CHECK(store.run({"view", "get", "orders", "k", "--tenant", "acme"}).out == "2\n");
  check_says(store.run({"view", "get", "orders", "k", "--tenant", "acm"}), 2,
             "the store has no projection orders of tenant acm; it has orders, orders of tenant acme");
  CHECK(store.run({"view", "list"}).out ==
        "projection             generation  state     position  version  views\n"
        "---------------------  ----------  --------  --------  -------  -----\n"
        "orders                          1  active           1        1      1\n"
        "orders                          2  building  -               2      0\n"
        "orders of tenant acme           1  active           2        1      2\n");
  CHECK(
      store.run({"view", "list", "--json"}).out ==
      "{\"projection\":\"orders\",\"generation\":1,\"state\":\"active\",\"position\":1,\"version\":1,\"views\":1}\n"
      "{\"projection\":\"orders\",\"generation\":2,\"state\":\"building\",\"position\":null,\"version\":2,\"views\":0}"
      "\n{\"projection\":\"orders\",\"tenant\":\"acme\",\"generation\":1,\"state\":\"active\",\"position\":2,"
      "\"version\":1,\"views\":2}\n");
}

TEST_CASE("activate, rollback, finalize and cancel say what they did to which generation") {
  Store store;
  store.commit({}, Position{5}, {view("k", "\"old\"", 1, 5)});
  const auto state = [&] { return store.run({"view", "get", "orders", "k"}).out; };
  check_says(store.run({"activate", "orders"}), 2, "no generation of orders is being built");
  CHECK(store.run({"rollback", "orders"}).code == 2);
  CHECK(store.run({"finalize", "orders"}).out == "orders: there is no previous generation\n");
  CHECK(store.run({"cancel", "orders"}).out == "orders: no generation is being built\n");

  const auto built = store.get().perform(BeginRebuild{Store::orders, CodeVersion{2}});
  REQUIRE(built);
  store.commit({}, Position{4}, {view("k", "\"new\"", 1, 4)}, built->generation);
  check_says(
      store.run({"activate", "orders"}), 2,
      "generation 2 of orders is behind the active one, which is at position 5: let lantern run or lantern rebuild "
      "go on with it, and activate it then");
  const auto lease =
      store.get().perform(AcquireLease{Store::orders, "elsewhere:1", std::chrono::hours(1), Role::rebuild});
  REQUIRE(lease);
  check_says(store.run({"activate", "orders"}), 4,
             "elsewhere:1 is filling generation 2 of orders: stop it first, or wait for it");
  REQUIRE(store.get().perform(ReleaseLease{Store::orders, *lease, Role::rebuild}));
  store.commit(Position{4}, Position{5}, {}, built->generation);
  CHECK(state() == "\"old\"\n");
  CHECK(store.run({"activate", "orders", "--json"}).out ==
        "{\"projection\":\"orders\",\"did\":\"activated\",\"generation\":2}\n");
  CHECK(state() == "\"new\"\n");
  CHECK(store.run({"rollback", "orders"}).out == "orders: rolled back, as generation 3\n");
  CHECK(state() == "\"old\"\n");
  CHECK(store.run({"finalize", "orders", "--json"}).out ==
        "{\"projection\":\"orders\",\"did\":\"dropped\",\"generation\":2}\n");
  CHECK(store.run({"rollback", "orders"}).code == 2);
  REQUIRE(store.get().perform(BeginRebuild{Store::orders, CodeVersion{3}}));
  CHECK(store.run({"cancel", "orders"}).out == "orders: dropped generation 4\n");
  CHECK(state() == "\"old\"\n");
}

TEST_CASE("view watch prints what changes until it is stopped") {
  Store store;
  store.commit({}, Position{1}, {view("a", "1", 1, 1), view("b", "1", 1, 1), view("zz", "1", 1, 1)});
  Child watch(lantern_words({"view", "watch", "--store", store.file(), "orders"}));
  while (watch.err().find('\n') == std::string::npos) REQUIRE_FALSE(watch.ends_within(std::chrono::milliseconds(5)));
  CHECK(watch.err() == "watching 3 views of orders; Ctrl-C ends it\n");
  store.commit(Position{1}, Position{3},
               {view("b", "2", 2, 2), view("c", "\"x\\n\"", 1, 3), StoredView{.key = "zz", .version = 2}});
  REQUIRE(watch.read_until("zz  version 1  gone\n"));
  CHECK(watch.out() == "b  version 2  changed  2\nc  version 1  new  \"x\\n\"\nzz  version 1  gone\n");
  store.commit(Position{3}, Position{4}, {});  // a commit that changes no view
  store.commit(Position{4}, Position{5}, {view("a", "2", 2, 5)});
  REQUIRE(watch.read_until("a  version 2  changed  2\n"));
  watch.send(SIGINT);
  const Ended ended = watch.wait();
  CHECK(ended.code == 0);
  CHECK(ended.out.ends_with("gone\na  version 2  changed  2\n"));
}

TEST_CASE("view watch ends when nobody reads it any more, also where nothing changes") {
  Store store;
  store.commit({}, Position{1}, {view("a", "1", 1, 1)});
  const std::string program = lantern_words({})[0];
  // `true` is gone at once; if the watch went on, the pipe would not end.
  const Ended ended =
      run_command({"sh", "-c", "exec \"$0\" view watch --store \"$1\" orders | true", program, store.file()});
  CHECK(ended.code == 0);
  CHECK(ended.err.find("lantern:") == std::string::npos);
}

TEST_CASE("who asks for the views of an SQL projection is told where they are") {
  const TempFolder folder;
  const std::string store = folder / "s.db", file = folder / "p.sql";
  REQUIRE(lantern_run({"import", "--store", store, "-"}, {.input = R"({"stream":"s","type":"T","data":{}})"
                                                                   "\n"})
              .code == 0);
  write_file(
      file,
      "-- projection: p\n-- version: 1\n-- setup\nCREATE TABLE seen(n);\n-- on *\nINSERT INTO seen VALUES (1);\n");
  REQUIRE(lantern_run({"run", "--store", store, "--quiet", file}).code == 0);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"scan", "p"}, {"get", "p", "k"}, {"watch", "p"}}) {
    std::vector<std::string> all{"view", words[0], "--store", store};
    all.insert(all.end(), words.begin() + 1, words.end());
    check_says(lantern_run(all), 2, "p is an SQL projection: its views are its tables; read them with lantern query");
  }
}

TEST_CASE("a verb of view that is missing or misspelt is told") {
  CHECK(lantern_run({"view"}).code == 2);
  CHECK(lantern_run({"view", "show"}).code == 2);
  const Ended no_store = lantern_run({"view", "get", "orders", "k"});
  CHECK(no_store.code == 2);
  CHECK(no_store.err ==
        "lantern: --store FILE is missing: lantern view get --store FILE …; see lantern view get --help\n");
  const Ended help = lantern_run({"view", "scan", "--help"});
  CHECK(help.code == 0);
  CHECK(help.out.find("Usage: lantern view scan [OPTIONS] PROJECTION") != help.out.npos);
}
