// The asynchronous driver, completed step by step on one thread: what happens when, is the test's to say.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <memory>

#include "driver_world.hpp"
#include "lantern/asio/run_projection.hpp"
#include "stepped_store.hpp"

using namespace world;
namespace asio = boost::asio;
using asio::cancellation_type;

namespace {

/// A run of the chain, of which each step waits for the test.
template <class Store>
struct Session {
  Session(Store& store, ProjectionConfig config) : stepped(store) {
    run_projection(chain, stepped, std::move(config),
                   asio::bind_cancellation_slot(
                       signal.slot(), asio::bind_executor(context->get_executor(), [this, alive = alive](Finished f) {
                         CHECK_FALSE(end);
                         end = std::move(f);
                       })));
  }
  /// Runs what is ready.
  void poll() {
    context->restart();
    context->poll();
  }
  /// Runs to the end, answering whatever is asked.
  Finished finish() {
    while (!end) {
      context->restart();
      if (stepped.waits()) stepped.release();
      if (context->run_one_for(patience) == 0) FAIL("nothing happens any more");
    }
    return *end;
  }

  Chain chain{};
  asio::cancellation_signal signal{};
  std::shared_ptr<int> alive = std::make_shared<int>();  // one use is ours, one the handler's
  Stepped<Store> stepped;
  std::optional<Finished> end{};
  std::unique_ptr<asio::io_context> context = std::make_unique<asio::io_context>();
};
template <class Store>
Session(Store&, ProjectionConfig) -> Session<Store>;

std::size_t effects_of_a_run() {
  World world;
  return ByHand(world, settings()).effects;
}

Stop stop_of(cancellation_type type) { return type == cancellation_type::terminal ? Stop::now : Stop::at_checkpoint; }

constexpr cancellation_type all_types[] = {cancellation_type::terminal, cancellation_type::partial,
                                           cancellation_type::total};

}  // namespace

TEST_CASE("nothing happens within the initiating function") {
  World world;
  Session session(world.store, settings());
  CHECK_FALSE(session.stepped.waits());
  session.poll();
  CHECK(session.stepped.waits());
  CHECK(session.finish()->applied == 8);
  CHECK(session.alive.use_count() == 1);
}

TEST_CASE("a cancellation at any effect is honoured at its reply, also while the reply is queued") {
  enum class When { while_it_is_performed, while_its_reply_is_queued };
  for (const cancellation_type type : all_types) {
    for (std::size_t stop_at = 1; stop_at <= effects_of_a_run(); ++stop_at) {
      for (const When when : {When::while_it_is_performed, When::while_its_reply_is_queued}) {
        CAPTURE(static_cast<int>(type), stop_at, static_cast<int>(when));
        World world, twin;
        std::vector<std::string> trace;
        Traced store(world.store, [&](std::string line) { trace.push_back(std::move(line)); });
        Session session(store, settings());
        for (session.poll(); !session.end; session.poll()) {
          REQUIRE(session.stepped.waits());
          const bool now = session.stepped.released + 1 == stop_at;
          if (now && when == When::while_it_is_performed) session.signal.emit(type);
          session.stepped.release();
          if (now && when == When::while_its_reply_is_queued) session.signal.emit(type);
        }
        const ByHand by_hand(twin, settings(), stop_at, stop_of(type));
        CHECK(trace == by_hand.trace);
        CHECK(*session.end == *by_hand.end);
        CHECK(world.chain == chain_of(world.checkpoint()));
        CHECK_FALSE(world.is_led());

        Session next(world.store, settings());
        REQUIRE(next.finish());
        CHECK(world.chain == chain_of(8));
      }
    }
  }
}

TEST_CASE("a commit that failed is tried again after a total cancellation, and given up after a terminal one") {
  for (const cancellation_type type : all_types) {
    CAPTURE(static_cast<int>(type));
    World world;
    FailsOnce<MemoryStore> store{world.store, 4, Fault::busy};  // lease, load, read, save
    Session session(store, settings());
    for (session.poll(); session.stepped.released < 3; session.poll()) session.stepped.release();
    REQUIRE(store.struck);
    session.signal.emit(type);
    const Finished end = session.finish();
    REQUIRE(end);
    CHECK(end->ending == Ending::stopped);
    CHECK(end->applied == (type == cancellation_type::terminal ? 0 : 3));
    CHECK(world.chain == chain_of(end->applied));
    CHECK_FALSE(world.is_led());
  }
}

TEST_CASE("the stronger of two cancellations wins, in either order") {
  for (const bool stronger_first : {true, false}) {
    World world;
    FailsOnce<MemoryStore> store{world.store, 4, Fault::busy};
    Session session(store, settings());
    for (session.poll(); session.stepped.released < 3; session.poll()) session.stepped.release();
    session.signal.emit(stronger_first ? cancellation_type::terminal : cancellation_type::total);
    session.signal.emit(stronger_first ? cancellation_type::total : cancellation_type::terminal);
    const Finished end = session.finish();
    REQUIRE(end);
    CHECK(end->applied == 0);
  }
}

TEST_CASE("a cancellation before the first step is honoured") {
  World world;
  Session session(world.store, settings());
  session.signal.emit(cancellation_type::total);
  const Finished end = session.finish();
  REQUIRE(end);
  CHECK(end->ending == Ending::stopped);
  CHECK(end->pages == 0);
  CHECK_FALSE(world.is_led());
}

TEST_CASE("a cancellation cuts every kind of sleep short") {
  const Backoff slow{.base = std::chrono::hours(1), .cap = std::chrono::hours(1)};
  auto config = settings().continuous().poll_every(long_time).with(StoreRetryConfig{.backoff = slow});
  config.poll.failure_backoff = slow;
  config.leadership->ttl = std::chrono::hours(24);
  config.leadership->when_not_leader = WhenNotLeader::stand_by;
  config.leadership->standby_interval = long_time;

  for (const cancellation_type type : all_types) {
    for (const std::size_t failing : {0, 1, 2, 3}) {  // idle at the head; after a failed lease, load, read
      for (const bool somebody_leads : {false, true}) {
        CAPTURE(static_cast<int>(type), failing, somebody_leads);
        World world;
        const ProjectionId id("chain");
        if (somebody_leads) REQUIRE(world.store.perform(AcquireLease{id, "somebody", std::chrono::hours(1)}));
        FailsOnce<MemoryStore> store{world.store, failing, Fault::busy};
        Session session(store, config);
        for (session.poll(); session.stepped.waits(); session.poll()) session.stepped.release();
        REQUIRE_FALSE(session.end);  // it sleeps
        session.signal.emit(type);
        const Finished end = session.finish();
        REQUIRE(end);
        CHECK(end->ending == Ending::stopped);
        CHECK(end->applied == (failing == 0 && !somebody_leads ? 8 : 0));
      }
    }
  }
}

TEST_CASE("a cancellation that nobody waits for any more does no harm") {
  World world;
  Session session(world.store, settings());
  REQUIRE(session.finish());
  session.signal.emit(cancellation_type::terminal);
  session.poll();

  Session abandoned(world.store, settings());
  abandoned.poll();
  abandoned.stepped.release();
  abandoned.context.reset();
  abandoned.signal.emit(cancellation_type::terminal);
  CHECK_FALSE(abandoned.end);
}

TEST_CASE("an append at any instant ends the next idle sleep, or the present one") {
  for (std::size_t at = 1; at <= effects_of_a_run(); ++at) {
    for (const bool queued : {false, true}) {
      CAPTURE(at, queued);
      World world;
      Session session(world.store, settings().continuous().poll_every(long_time));
      for (session.poll(); world.checkpoint() != 9; session.poll()) {
        if (session.stepped.waits()) {
          const bool now = session.stepped.released + 1 == at;
          if (now && !queued) world.append(1);
          session.stepped.release();
          if (now && queued) world.append(1);
        } else if (world.appended == 8) {
          world.append(1);  // where a run in batch mode gives its lease back, this one sleeps
        } else if (session.context->run_one_for(patience) == 0) {
          FAIL("the run sleeps on");
        }
      }
      session.signal.emit(cancellation_type::total);
      CHECK(session.finish()->applied == 9);
      CHECK(world.chain == chain_of(9));
    }
  }
}

TEST_CASE("a context that ends takes its operations with it, wherever they are") {
  for (std::size_t at = 0; at <= effects_of_a_run(); ++at) {
    for (const bool queued : {false, true}) {
      CAPTURE(at, queued);
      World world;
      Session session(world.store, settings().continuous().poll_every(long_time));
      for (std::size_t i = 0; i < at; ++i) {
        session.poll();
        if (session.stepped.waits()) session.stepped.release();
      }
      if (!queued) session.poll();  // else the last reply is in the queue
      REQUIRE_FALSE(session.end);
      session.stepped.forget();
      session.context.reset();
      CHECK_FALSE(session.end);
      CHECK(session.alive.use_count() == 1);
      world.append(1);  // nobody listens
    }
  }
}

TEST_CASE("a store that throws instead of beginning is answered for") {
  struct Thrower {
    Stepped<MemoryStore>& inner;
    bool thrown = false;
    Subscription on_append(std::function<void()> f) { return inner.on_append(std::move(f)); }
    void async_perform(const LoadCheckpoint& e, ReplyHandler<LoadCheckpoint> h) {
      inner.async_perform(e, std::move(h));
    }
    void async_perform(const ReadEvents&, ReplyHandler<ReadEvents>) { throw std::runtime_error("no way to read"); }
    void async_perform(const SaveCheckpoint& e, ReplyHandler<SaveCheckpoint> h) {
      inner.async_perform(e, std::move(h));
    }
    void async_perform(const AcquireLease& e, ReplyHandler<AcquireLease> h) { inner.async_perform(e, std::move(h)); }
    void async_perform(const RenewLease& e, ReplyHandler<RenewLease> h) { inner.async_perform(e, std::move(h)); }
    void async_perform(const ReleaseLease& e, ReplyHandler<ReleaseLease> h) { inner.async_perform(e, std::move(h)); }
  };
  STATIC_REQUIRE(AsyncProjectionStore<Thrower>);
  World world;
  Stepped stepped(world.store);
  Thrower thrower{stepped};
  Chain chain;
  asio::io_context context;
  std::optional<Finished> end;
  run_projection(chain, thrower, settings(),
                 asio::bind_executor(context.get_executor(), [&](Finished f) { end = std::move(f); }));
  while (!end) {
    context.restart();
    context.poll();
    if (stepped.waits()) stepped.release();
  }
  REQUIRE_FALSE(*end);
  CHECK(end->error().kind == ErrorKind::poll_failed);
  CHECK(end->error().message().find("no way to read") != std::string::npos);
  CHECK_FALSE(world.is_led());
}

TEST_CASE("a store that throws instead of subscribing gives no hints, and the run goes on without") {
  struct Thrower : Stepped<MemoryStore> {
    using Stepped::Stepped;
    void async_on_append(const std::function<void()>&, const ReplyHandler<detail::SubscribeToAppends>&) {
      throw std::runtime_error("no way to subscribe");
    }
  };
  STATIC_REQUIRE(AsyncProjectionStore<Thrower>);
  STATIC_REQUIRE(AsyncAppendNotifier<Thrower>);
  World world;
  Thrower stepped(world.store);
  Chain chain;
  asio::io_context context;
  std::optional<Finished> end;
  run_projection(chain, stepped, settings(),
                 asio::bind_executor(context.get_executor(), [&](Finished f) { end = std::move(f); }));
  for (int turns = 0; !end && turns < 100; ++turns) {
    context.restart();
    context.poll();
    if (stepped.waits()) stepped.release();
  }
  REQUIRE(end);
  REQUIRE(*end);
  CHECK(world.chain == chain_of(8));
}
