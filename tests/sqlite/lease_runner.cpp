// A process that runs one projection on a store in a file, and says on its standard output what happens. The tests
// start several of them, and kill or freeze them.
//
//   lease_runner FILE OWNER TTL_MS (fail|stand_by) (go|freeze|ask)
//
// Before a commit it goes on, or freezes itself (SIGSTOP), or says `saving` and waits for a line on its standard input.
// SIGTERM ends it in good order.
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include <unistd.h>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/observer.hpp"
#include "lantern/sqlite/sql_projection.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

using namespace lantern;

namespace {

void say(std::string line) {
  line += '\n';
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(9);
}

enum class BeforeSave { go, freeze, ask };

/// Hands every effect on; stops on the threshold of a commit.
class Threshold {
 public:
  Threshold(SqliteStore& store, BeforeSave what) : store_(store), what_(what) {}

  template <Effect E>
  requires Performs<SqliteStore, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, SaveCheckpoint>) stop_before_saving();
    return store_.perform(effect);
  }
  Subscription on_append(std::function<void()> callback) { return store_.on_append(std::move(callback)); }

 private:
  void stop_before_saving() const {
    if (what_ == BeforeSave::go) return;
    say("saving");
    char answer = 0;
    if (what_ == BeforeSave::freeze) ::raise(SIGSTOP);
    else if (::read(STDIN_FILENO, &answer, 1) != 1) std::_Exit(8);
  }
  SqliteStore& store_;
  BeforeSave what_;
};

// A ledger without unique keys: an event that is applied twice, or out of order, shows.
constexpr std::string_view ledger = R"sql(
-- projection: ledger
-- version: 1
-- setup
CREATE TABLE ledger(entry INTEGER PRIMARY KEY, position INTEGER NOT NULL);
-- on *
INSERT INTO ledger(position) VALUES(:position);
)sql";

struct Tell {
  void operator()(const happening::LeaseGained& h) const { say("leads " + std::to_string(h.lease.fence.value)); }
  void operator()(const happening::LeaseLost& h) const { say("lost to " + h.holder); }
  void operator()(const happening::StandingBy& h) const { say("behind " + h.holder); }
  void operator()(const happening::Committed& h) const {
    say("committed " + std::to_string(h.through ? h.through->value : 0));
  }
  template <class Other>
  void operator()(const Other&) const {}
};

int run(const std::string& file, const std::string& owner, int ttl_ms, bool stands_by, BeforeSave before_save,
        const std::stop_token& stop) {
  SqliteOptions options;
  options.busy_timeout = std::chrono::seconds(10);
  auto store = SqliteStore::open(file, options);
  if (!store) return say(to_string(store.error())), 3;
  auto projection = SqlProjection::parse(ledger, "ledger.sql");
  if (!projection) return say(projection.error().message()), 2;
  if (auto installed = store->install(*projection); !installed) return say(to_string(installed.error())), 3;

  Observer observer([](const ProjectionId&, const Happening& what) { std::visit(Tell{}, what); });
  Leadership leadership(owner);
  leadership.ttl = *Delay::of(std::chrono::milliseconds(ttl_ms));
  leadership.standby_interval = std::chrono::milliseconds(20);
  if (stands_by) leadership.when_not_leader = WhenNotLeader::stand_by;
  ProjectionConfig config;
  config.continuous().with(leadership).tell(observer);
  Threshold threshold(*store, before_save);
  const Finished end = run_projection_blocking(*projection, threshold, config, stop);
  if (end) return say("stopped at " + std::to_string(end->position ? end->position->value : 0)), 0;
  say("failed: " + end.error().message());
  return end.error().kind == ErrorKind::leadership ? 4 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  sigset_t terminate;
  sigemptyset(&terminate);
  sigaddset(&terminate, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &terminate, nullptr);
  std::stop_source stop;
  std::thread([&] {
    int signal = 0;
    sigwait(&terminate, &signal);
    stop.request_stop();
  }).detach();
  const std::string mode = argv[5];
  const BeforeSave before_save = mode == "freeze" ? BeforeSave::freeze
                                 : mode == "ask"  ? BeforeSave::ask
                                                  : BeforeSave::go;
  const int code =
      run(argv[1], argv[2], std::atoi(argv[3]), std::string(argv[4]) == "stand_by", before_save, stop.get_token());
  std::_Exit(code);  // the detached thread may still wait for a signal
}
