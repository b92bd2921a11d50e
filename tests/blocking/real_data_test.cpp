// Real logs of others, folded by keyed projections in C++: live, while the log is being appended; and by a rebuild
// beside that. The answers were computed another way, and are kept beside the project, not in it.
#include <cstdio>
#include <future>
#include <thread>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "lantern/blocking/read_views.hpp"
#include "lantern/blocking/wait_until.hpp"
#include "lantern/observer.hpp"
#include "real_projections.hpp"
#include "views_world.hpp"

using namespace lantern;
using namespace std::chrono_literals;
using Rows = std::vector<std::string>;

namespace {

const std::string data = LANTERN_SHARED_DATA;

Rows unzipped_lines(const std::string& file) {
  const std::string command = "zcat '" + file + "'";
  FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::string text;
  char buffer[1 << 16];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, got);
  REQUIRE(::pclose(pipe) == 0);
  Rows lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::vector<NewEvent> events_of(const std::string& log) {
  std::vector<NewEvent> events;
  for (const std::string& line : unzipped_lines(data + "/" + log + ".ndjson.gz")) {
    const auto value = boost::json::parse(line);
    const auto text = [&](const char* member) { return std::string(value.at(member).as_string()); };
    events.push_back({.stream = text("stream"),
                      .type = text("type"),
                      .data = boost::json::serialize(value.at("data")),
                      .ts = text("ts")});
  }
  return events;
}

Rows expected_rows(const std::string& table) {
  Rows rows = unzipped_lines(data + "/expected/" + table + ".tsv.gz");
  std::ranges::sort(rows);
  REQUIRE(rows.size() > 100);
  return rows;
}

// ---- stores, of which each thread opens one ----

struct OnMemory {
  std::shared_ptr<MemoryDatabase> database = std::make_shared<MemoryDatabase>();
  MemoryStore open() { return MemoryStore(database); }
};
struct OnSqlite {
  views_world::Folder folder{};
  SqliteStore open() {
    SqliteOptions options;
    options.busy_timeout = 60s;
    auto opened = SqliteStore::open(folder / "log.db", options);
    if (!opened) throw std::runtime_error(to_string(opened.error()));
    return *std::move(opened);
  }
};

// ---- a program that runs until it is stopped, or ends by itself ----

template <class P, class Place>
class Program {
 public:
  Program(Place& place, std::int64_t code, const std::string& owner) {
    projection_.code = code;
    Leadership leadership(owner);
    leadership.when_not_leader = WhenNotLeader::stand_by;
    leadership.standby_interval = 10ms;
    config_.continuous().with(leadership).poll_every(10ms).tell(observer_);
    thread_ = std::jthread([this, &place] {
      auto store = place.open();
      ended_.set_value(run_projection_blocking(projection_, store, config_, stop_.get_token()));
    });
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { stop_.request_stop(); }

  /// Which generation it made the active one, once it has.
  Generation activated() {
    auto soon = activated_.get_future();
    while (soon.wait_for(1s) != std::future_status::ready) must_go_on();
    return soon.get();
  }
  Finished end() { return end_.get(); }
  /// A run that ended by itself fails the test.
  void must_go_on() {
    if (end_.wait_for(0s) != std::future_status::ready) return;
    FAIL("it ended: " << (end() ? "well" : end().error().message()));
  }
  Finished stopped() {
    stop_.request_stop();
    return end();
  }

 private:
  P projection_{};
  std::promise<Generation> activated_{};
  std::promise<Finished> ended_{};
  std::shared_future<Finished> end_ = ended_.get_future().share();
  std::stop_source stop_{};
  Observer observer_{[this](const ProjectionId&, const Happening& what) {
    if (const auto* done = std::get_if<happening::Activated>(&what)) activated_.set_value(done->generation);
  }};
  ProjectionConfig config_{};
  std::jthread thread_{};  // the last: it uses all of the above
};

template <class Store>
std::vector<StoredView> all_views(Store& store, const ProjectionId& id, std::optional<Generation> generation = {}) {
  const auto page = store.perform(ScanViews{.projection = id, .limit = 10'000'000, .generation = generation});
  if (!page) FAIL(page.error());
  auto views = page->views;
  for (StoredView& view : views) view.updated_at.clear();
  return views;
}

template <class P>
Rows rows_of(const std::vector<StoredView>& views) {
  Rows rows;
  for (const StoredView& view : views) {
    const auto state = typename P::view_codec{}.decode_state(view.state.value());
    if (!state) FAIL(state.error());
    rows.push_back(P::row(view.key, *state));
  }
  std::ranges::sort(rows);
  return rows;
}

template <class Store>
Position append(Store& store, std::vector<NewEvent> events) {
  const auto done = store.append(std::move(events));
  REQUIRE(done);
  return done->last.value();
}

template <class Store, class Run>
void wait_for(Store& store, Run& run, const ProjectionId& id, Position position) {
  while (!std::holds_alternative<Reached>(wait_until(store, id, position, 1s))) run.must_go_on();
}

/// The views, as they are stored, of a run that is live while the log grows, and of a rebuild beside it: the same
/// bytes, and the expected answers.
template <class P, class Place>
std::vector<StoredView> live_and_rebuilt(const std::vector<NewEvent>& log, const Rows& expected) {
  Place place;
  auto store = place.open();
  const ProjectionId id(P{}.name());
  Program<P, Place> live(place, 1, "live");
  Position head{};
  constexpr std::ptrdiff_t piece = 4000;
  for (auto from = log.begin(); from != log.end();) {
    const auto to = from + std::min(piece, log.end() - from);
    head = append(store, {from, to});
    from = to;
  }
  wait_for(store, live, id, head);
  const auto views = all_views(store, id);
  CHECK((rows_of<P>(views) == expected));

  Program<P, Place> next(place, 2, "next");
  CHECK(next.activated() == Generation{2});
  head = append(store, {NewEvent{.stream = "none", .type = "Nothing", .data = "{}"}});
  const Finished superseded = live.end();
  REQUIRE_FALSE(superseded);
  CHECK(superseded.error().kind == ErrorKind::superseded);
  wait_for(store, next, id, head);
  CHECK(next.stopped());
  const auto rebuilt = all_views(store, id);
  CHECK((rows_of<P>(rebuilt) == expected));
  CHECK((rebuilt == views));
  CHECK((all_views(store, id, Generation{1}) == views));
  return views;
}

template <class P>
void check() {
  if (!std::filesystem::exists(data)) {
    WARN("skipped: there is no " << data);
    return;
  }
  const auto log = events_of(P::log);
  const Rows expected = expected_rows(P::table);
  const auto in_memory = live_and_rebuilt<P, OnMemory>(log, expected);
  const auto in_file = live_and_rebuilt<P, OnSqlite>(log, expected);
  CHECK((in_memory == in_file));
}

}  // namespace

TEST_CASE("R6: a git history gives git's own final tree, live and rebuilt, in memory and in a file, to the byte") {
  check<real::Tree>();
}

TEST_CASE("R6: incidents give the expected incidents, live and rebuilt, in memory and in a file, to the byte") {
  check<real::Incidents>();
}

TEST_CASE("R6: incidents give the expected products, live and rebuilt, in memory and in a file, to the byte") {
  check<real::Products>();
}
