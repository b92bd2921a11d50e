// A call on the pool, and the way home.
//
// Two worlds meet here that may end in any order. The pool's thread must not come home to a context that is gone, and
// the context must not take the operation apart whose effect a pool's thread is reading. So each call that is out has
// an entry with its home context, and whoever ends first takes the handler out of it, under the entry's lock.
#include "lantern/asio/on_pool.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "lantern/generation_effects.hpp"
#include "lantern/view_effects.hpp"

namespace lantern::detail {
namespace {

namespace asio = boost::asio;

class CallOut {
 public:
  CallOut() = default;
  CallOut(const CallOut&) = delete;
  CallOut& operator=(const CallOut&) = delete;
  virtual ~CallOut() = default;
  /// The home context ends.
  virtual void home_is_gone() = 0;
};

/// The calls that are out, of one home context.
class CallsOut : public asio::execution_context::service {
 public:
  using key_type = CallsOut;
  static asio::execution_context::id id;

  explicit CallsOut(asio::execution_context& home) : service(home) {}

  void add(const std::shared_ptr<CallOut>& call) {
    const std::lock_guard lock(mutex_);
    calls_.emplace(call.get(), call);
  }
  void remove(const CallOut* call) {
    const std::lock_guard lock(mutex_);
    calls_.erase(call);
  }

 private:
  void shutdown() override {
    std::vector<std::shared_ptr<CallOut>> left;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [address, call] : calls_) {
        if (auto alive = call.lock()) left.push_back(std::move(alive));
      }
    }
    for (const auto& call : left) call->home_is_gone();
  }

  std::mutex mutex_;
  std::unordered_map<const CallOut*, std::weak_ptr<CallOut>> calls_;
};

asio::execution_context::id CallsOut::id;

template <Effect E>
class Call final : public CallOut {
 public:
  Call(const asio::any_io_executor& home, std::function<typename E::reply()> call, ReplyHandler<E> handler)
      : call_(std::move(call)),
        way_home_(WayHome{asio::prefer(home, asio::execution::outstanding_work.tracked),
                          &asio::use_service<CallsOut>(asio::query(home, asio::execution::context)),
                          std::move(handler)}) {}

  void register_at_home(const std::shared_ptr<Call>& self) { way_home_->calls->add(self); }

  /// On the pool. The lock is held throughout: the home context can end before or after, not meanwhile.
  void run() {
    const std::lock_guard lock(mutex_);
    if (!way_home_) return;
    typename E::reply reply = call_();
    auto [home, calls, handler] = leave();
    asio::post(home, asio::append(std::move(handler), std::move(reply)));
    home = nullptr;  // before the last sign of life to `calls`, after which the home context may end at any moment
    calls->remove(this);
  }

  /// The pool has ended, and will not run this any more.
  void pool_is_gone() {
    std::optional<WayHome> left;
    const std::lock_guard lock(mutex_);
    if (!way_home_) return;
    left.swap(way_home_);
    left->calls->remove(this);
  }

  void home_is_gone() override {
    // Destroyed after the lock is let go: with the handler goes whatever waited for it.
    std::optional<WayHome> left;
    const std::lock_guard lock(mutex_);
    left.swap(way_home_);
  }

 private:
  struct WayHome {
    asio::any_io_executor home;  // tracks work: the home context does not run out of it meanwhile
    CallsOut* calls;
    ReplyHandler<E> handler;
  };

  WayHome leave() {
    WayHome left = *std::move(way_home_);
    way_home_.reset();
    return left;
  }

  std::mutex mutex_;
  std::function<typename E::reply()> call_;
  std::optional<WayHome> way_home_;
};

/// What is posted to the pool: runs, or is destroyed without having run.
template <Effect E>
class Errand {
 public:
  explicit Errand(std::shared_ptr<Call<E>> call) : call_(std::move(call)) {}
  Errand(Errand&&) noexcept = default;
  Errand& operator=(Errand&&) = delete;
  ~Errand() {
    if (call_) call_->pool_is_gone();
  }
  void operator()() { std::exchange(call_, nullptr)->run(); }

 private:
  std::shared_ptr<Call<E>> call_;
};

}  // namespace

template <Effect E>
void call_on_pool(const asio::any_io_executor& pool, const asio::any_io_executor& home,
                  std::function<typename E::reply()> call, ReplyHandler<E> handler) {
  auto out = std::make_shared<Call<E>>(home, std::move(call), std::move(handler));
  out->register_at_home(out);
  asio::post(pool, Errand<E>(std::move(out)));
}

template <Effect E>
using CallOnPool = void(const asio::any_io_executor&, const asio::any_io_executor&, std::function<typename E::reply()>,
                        ReplyHandler<E>);
template CallOnPool<LoadCheckpoint> call_on_pool<LoadCheckpoint>;
template CallOnPool<ReadEvents> call_on_pool<ReadEvents>;
template CallOnPool<SaveCheckpoint> call_on_pool<SaveCheckpoint>;
template CallOnPool<AcquireLease> call_on_pool<AcquireLease>;
template CallOnPool<RenewLease> call_on_pool<RenewLease>;
template CallOnPool<ReleaseLease> call_on_pool<ReleaseLease>;
template CallOnPool<LoadViews> call_on_pool<LoadViews>;
template CallOnPool<Publish> call_on_pool<Publish>;
template CallOnPool<BeginRebuild> call_on_pool<BeginRebuild>;
template CallOnPool<ActivateGeneration> call_on_pool<ActivateGeneration>;
template CallOnPool<ListStreams> call_on_pool<ListStreams>;
template CallOnPool<ReadStream> call_on_pool<ReadStream>;
template CallOnPool<AppendEvents> call_on_pool<AppendEvents>;
// What readers and operators ask.
template CallOnPool<GetView> call_on_pool<GetView>;
template CallOnPool<ScanViews> call_on_pool<ScanViews>;
template CallOnPool<ReplaceView> call_on_pool<ReplaceView>;
template CallOnPool<ListGenerations> call_on_pool<ListGenerations>;
template CallOnPool<RollBack> call_on_pool<RollBack>;
template CallOnPool<FinalizeRebuild> call_on_pool<FinalizeRebuild>;
template CallOnPool<CancelRebuild> call_on_pool<CancelRebuild>;
template CallOnPool<AskFailedRun> call_on_pool<AskFailedRun>;
template CallOnPool<SubscribeToAppends> call_on_pool<SubscribeToAppends>;

}  // namespace lantern::detail
