// One run, driven by completions. It decides nothing: it performs, it answers, it goes around.
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "alarm.hpp"
#include "lantern/asio/clock.hpp"
#include "lantern/asio/run_projection.hpp"
#include "lantern/blocking/runner.hpp"

namespace lantern::detail {
namespace {

namespace asio = boost::asio;
using FinishedHandler = asio::any_completion_handler<void(Finished)>;

Stop stop_for(asio::cancellation_type asked) {
  if ((asked & asio::cancellation_type::terminal) != asio::cancellation_type::none) return Stop::now;
  return asked == asio::cancellation_type::none ? Stop::none : Stop::at_checkpoint;
}

/// Kept by whatever will call it next: a handler at the store, or the timer's. When that is destroyed instead of
/// called, because its context ends, so is the operation. Members go in reverse order: first what looks at the store,
/// then the handler, in whose coroutine the store may live, and the claim on the context last.
struct Operation {
  ~Operation() {
    if (alarm) alarm->retire();
  }
  asio::any_io_executor home;  // tracks work
  FinishedHandler handler;
  std::unique_ptr<AsyncStorePort> store;
  std::shared_ptr<Alarm> alarm;
  ContextClock* clock;
  Step step;
  Stop told = Stop::none;
  Subscription hints{};
  // Where home has several threads, a reply may be back before the thread that asked has come out of asking. It waits
  // its turn: so when the run has ended, nobody is busy with it, its store or its pool any more. (No strand:
  // type-erased ones count references in a way that ThreadSanitizer takes for a race.) Recursive for stores that answer
  // at once.
  std::shared_ptr<std::recursive_mutex> turn = std::make_shared<std::recursive_mutex>();
};
using OperationPtr = std::shared_ptr<Operation>;

void go_on(const OperationPtr& op);
void finish(OperationPtr op);

/// Does `step`, then asks for what comes next, or ends. Whoever calls this has let go of the operation when its turn is
/// over, so that the one who ends the run is the last.
template <class TakeStep>
void take_turn(OperationPtr arriving, TakeStep take_step) {
  const auto turn = arriving->turn;
  std::unique_lock lock(*turn);
  OperationPtr op = std::move(arriving);
  take_step(op);
  if (!op->step.finished()) {
    go_on(op);
    op.reset();
    return;
  }
  lock.unlock();
  finish(std::move(op));
}

template <Effect E>
void answer(OperationPtr arriving, typename E::reply reply) {
  take_turn(std::move(arriving), [&reply](const OperationPtr& op) {
    // Looked at whenever a reply comes in, also when the news is good: a signal that lands while the reply is queued
    // finds nothing to cancel, and counts all the same.
    op->told = op->alarm->stop_asked_for();
    op->step.ask_to_stop(op->told);
    op->step = std::move(*op->step.asks<E>()).answer(std::move(reply), op->clock->now());
  });
}

void perform(const OperationPtr& op, const Sleep& nap) {
  op->alarm->sleep(nap, op->told, [op](Slept slept) mutable { answer<Sleep>(std::move(op), slept); });
}

template <Effect E>
void perform(const OperationPtr& op, const E& effect) {
  if constexpr (std::same_as<E, ReadEvents>) op->alarm->forget_hints();
  try {
    op->store->perform(effect, op->home,
                       [op](typename E::reply reply) mutable { answer<E>(std::move(op), std::move(reply)); });
  } catch (...) {
    asio::post(op->home, [op, reply = reply_of_a_store_that_threw<E>()]() mutable {
      answer<E>(std::move(op), std::move(reply));
    });
  }
}

void finish(OperationPtr op) {
  FinishedHandler handler = std::move(op->handler);
  Finished result = std::move(*op->step.finished());
  const asio::any_io_executor home = op->home;
  if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
  op->hints = {};  // whoever is told that the run has ended may take its store away
  op.reset();
  asio::dispatch(home, [handler = std::move(handler), result = std::move(result)]() mutable {
    std::move(handler)(std::move(result));
  });
}

void go_on(const OperationPtr& op) {
  // The effect stays where it is, in the operation, until its reply has come.
  std::visit(
      [&op](auto& pending) {
        if constexpr (requires { pending.effect(); }) perform(op, pending.effect());
      },
      static_cast<Step::Base&>(op->step));
}

void begin(OperationPtr op, Subscription hints) {
  take_turn(std::move(op), [&hints](const OperationPtr& ready) { ready->hints = std::move(hints); });
}

/// Hints from then on. The first read looks at all that was appended before. A store that throws gives none.
void subscribe(OperationPtr arriving) {
  const auto turn = arriving->turn;
  const std::lock_guard lock(*turn);
  const OperationPtr op = std::move(arriving);
  try {
    op->store->subscribe([alarm = op->alarm] { alarm->hint(); }, op->home,
                         [op](Subscription hints) mutable { begin(std::move(op), std::move(hints)); });
  } catch (...) {
    asio::post(op->home, [op]() mutable { begin(std::move(op), Subscription()); });
  }
}

/// A weak reference: the signal may outlive the context that the alarm's timer needs.
void connect(FinishedHandler& handler, const std::shared_ptr<Alarm>& alarm) {
  if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
    slot.assign([weak = std::weak_ptr(alarm)](asio::cancellation_type asked) {
      if (auto alive = weak.lock()) alive->ask_to_stop(stop_for(asked));
    });
  }
}

}  // namespace

AsyncStorePort::~AsyncStorePort() = default;

void start_operation(std::unique_ptr<ProjectorPort> projector, std::unique_ptr<AsyncStorePort> store,
                     ProjectionConfig config, const asio::any_io_executor& home, FinishedHandler handler) {
  auto alarm = std::make_shared<Alarm>(home);
  ContextClock& clock = ContextClock::of(home);
  connect(handler, alarm);
  Step first = ProjectionPipeline(std::move(projector), led_by_somebody(std::move(config))).start(clock.now());
  OperationPtr op(new Operation{asio::prefer(home, asio::execution::outstanding_work.tracked), std::move(handler),
                                std::move(store), std::move(alarm), &clock, std::move(first)});
  // Nothing completes, and no store is called, from within the initiating function.
  asio::post(home, [op = std::move(op)]() mutable { subscribe(std::move(op)); });
}

}  // namespace lantern::detail
