// Real runs on SQLite, with real clocks, under both drivers, with all kinds of trouble: recorded, and replayed.
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "lantern/asio/run_projection.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/observer.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "recorded.hpp"
#include "temporary_folder.hpp"

using namespace lantern;
using namespace lantern::recorded;

namespace {

/// SQLite, but effects fail now and then, replies get lost, and once another takes the lease for a while.
class Troubled {
 public:
  Troubled(SqliteStore& store, std::uint64_t seed) : store_(&store), random_(seed) {}

  template <Effect E>
  requires Performs<SqliteStore, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      if (++saves_ == 3 && effect.fence) take_over(effect.projection);
    }
    if constexpr (std::same_as<E, AcquireLease>) {
      if (rival_ && ++refusals_ > 2) give_back(effect.projection);
    }
    const Failure busy(FailureKind::busy, "busy for now");
    const auto fault = random_.below(5);
    if (fault == 0) return tl::make_unexpected(busy);
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      if (fault == 1) throw std::runtime_error("thrown for once");
    }
    typename E::reply reply = store_->perform(effect);
    if (fault == 2) {
      if constexpr (std::same_as<E, SaveCheckpoint>) return tl::make_unexpected(OutcomeUnknown{busy});
    }
    return reply;
  }
  Publish::reply perform(const Publish&) {
    if (random_.below(3) == 0) return tl::make_unexpected(Failure(FailureKind::unavailable, "nobody listens"));
    return Publish::Published{};
  }
  Subscription on_append(std::function<void()> callback) { return store_->on_append(std::move(callback)); }

  [[nodiscard]] int refusals() const noexcept { return refusals_; }

 private:
  void take_over(const ProjectionId& id) {
    for (const Role role : {Role::live, Role::rebuild}) {
      static_cast<void>(store_->perform(ReleaseLease{id, Lease{"me", Fence{1}}, role}));
    }
    for (std::int64_t fence = 1; fence < 50 && !rival_; ++fence) {
      static_cast<void>(store_->perform(ReleaseLease{id, Lease{"me", Fence{fence}}, Role::live}));
      auto lease = store_->perform(AcquireLease{id, "rival", std::chrono::hours(1), Role::live});
      if (lease) rival_ = *lease;
    }
  }
  void give_back(const ProjectionId& id) {
    static_cast<void>(store_->perform(ReleaseLease{id, *rival_, Role::live}));
    rival_.reset();
  }

  SqliteStore* store_;
  RandomBits random_;
  int saves_{};
  int refusals_{};
  std::optional<Lease> rival_{};
};

struct House {
  TemporaryFolder folder{};
  SqliteStore store = *SqliteStore::open(folder / "store.db");

  void append(int events) {
    AppendEvents more;
    for (int n = 0; n < events; ++n) {
      more.events.push_back({.stream = "s", .type = "T", .data = n % 3 == 0 ? "a b" : n % 3 == 1 ? "b c!" : "c a="});
    }
    REQUIRE(store.perform(more));
  }
  [[nodiscard]] std::vector<StoredView> views() const {
    return store.perform(ScanViews{.projection = ProjectionId("p")}).value().views;
  }
};

ProjectionConfig patient() {
  const Backoff quick{.base = std::chrono::microseconds(20), .cap = std::chrono::microseconds(200), .jitter = 0.5};
  ProjectionConfig config;
  config.page_limit(4).with(Leadership("me")).with_seed(11).poll_every(std::chrono::milliseconds(1));
  config.with(StoreRetryConfig{.max_attempts = 1000, .backoff = quick});
  config.poll.failure_backoff = quick;
  config.poll.max_consecutive_failures = 1000;
  config.event_retry.backoff = quick;
  config.leadership->when_not_leader = WhenNotLeader::stand_by;
  config.leadership->standby_interval = std::chrono::microseconds(100);
  return config;
}

Chain stumbling(std::int64_t code) {
  Chain chain;
  chain.code = code;
  chain.strategy = FailureStrategy::Retry;
  chain.fails = {{{2, "b"}, 2}, {{7, "a"}, 1}};
  return chain;
}

/// The file replays under that configuration, to that end.
void check_replay(const std::filesystem::path& file, const Finished& end, std::int64_t code,
                  const ProjectionConfig& config) {
  const auto recording = read_recording(file);
  if (!recording) FAIL(recording.error());
  CHECK(recording->ended);
  Chain again = stumbling(code);
  const auto replayed = replay(*recording, again, config);
  if (!replayed) FAIL(replayed.error());
  REQUIRE(replayed->end);
  CHECK(*replayed->end == end);
  CHECK(replayed->decisions > 30);

  // With another seed, the first retry already is another one.
  Recording other = *recording;
  other.config.seed += 1;
  Chain once_more = stumbling(code);
  const auto mismatched = replay(other, once_more);
  REQUIRE_FALSE(mismatched);
  CHECK(mismatched.error().recorded.starts_with("ask Sleep {duration="));
  CHECK(mismatched.error().differences.size() == 1);
}

}  // namespace

TEST_CASE("runs on SQLite under the blocking driver replay: trouble, another leader, a rebuild") {
  House house;
  house.append(20);
  for (std::int64_t code = 1; code <= 3; ++code) {
    Troubled store(house.store, static_cast<std::uint64_t>(code));
    const auto path = house.folder / ("blocking-" + std::to_string(code));
    auto recorder = RecordingFile::create(path);
    REQUIRE(recorder);
    Chain chain = stumbling(code);
    const Finished end = run_projection_blocking(chain, store, patient().record(**recorder));
    if (!end) FAIL(end.error());
    CHECK_FALSE((*recorder)->failure());
    if (code == 1) CHECK(store.refusals() > 0);
    CHECK(end->generation == Generation{code});
    CHECK(house.views().size() >= 2);
    check_replay(path, end, code, patient());
    house.append(7);
  }
}

TEST_CASE("a run on SQLite under the Asio driver replays: trouble, another leader, a rebuild") {
  House house;
  house.append(20);
  boost::asio::thread_pool pool(2);
  for (std::int64_t code = 1; code <= 3; ++code) {
    Troubled store(house.store, static_cast<std::uint64_t>(code) + 10);
    const auto path = house.folder / ("asio-" + std::to_string(code));
    auto recorder = RecordingFile::create(path);
    REQUIRE(recorder);
    Chain chain = stumbling(code);
    auto later = run_projection(chain, on_pool(store, pool.get_executor()), patient().record(**recorder),
                                boost::asio::use_future);
    const Finished end = later.get();
    if (!end) FAIL(end.error());
    check_replay(path, end, code, patient());
    house.append(7);
  }
  pool.join();
}

TEST_CASE("a continuous run that is stopped from another thread replays, its hints and its stop too") {
  House house;
  house.append(5);
  auto recorder = RecordingFile::create(house.folder / "continuous");
  REQUIRE(recorder);
  std::stop_source stop;
  std::size_t caught_up = 0;
  // Each time the run has caught up, a producer appends; after the third time, it is stopped.
  Observer observer([&](const ProjectionId&, const Happening& what) {
    if (!std::holds_alternative<happening::Committed>(what)) return;
    if (++caught_up < 4) std::jthread([&] { house.append(3); }).join();
    else stop.request_stop();
  });
  Chain chain = stumbling(1);
  ProjectionConfig config = patient().continuous();
  const Finished end = run_projection_blocking(
      chain, house.store, ProjectionConfig(config).tell(observer).record(**recorder), stop.get_token());
  if (!end) FAIL(end.error());
  CHECK(end->ending == Ending::stopped);
  const auto recording = read_recording(house.folder / "continuous");
  REQUIRE(recording);
  Chain again = stumbling(1);
  const auto replayed = replay(*recording, again, config);
  if (!replayed) FAIL(replayed.error());
  CHECK(*replayed->end == end);
}

TEST_CASE("a driver's own leadership is in the recording, and need not be given for a replay") {
  House house;
  house.append(5);
  auto recorder = RecordingFile::create(house.folder / "own");
  REQUIRE(recorder);
  Chain chain;
  const Finished end = run_projection_blocking(chain, house.store, ProjectionConfig().record(**recorder));
  REQUIRE(end);
  const auto recording = read_recording(house.folder / "own");
  REQUIRE(recording);
  CHECK(recording->config.leadership);
  Chain again;
  CHECK(replay(*recording, again, ProjectionConfig()));
}
