#include "signals.hpp"

#include <pthread.h>
#include <signal.h>

namespace lantern::cli {
namespace {

// SIGUSR2 is how the waiter is told, by us and on its own thread only, that nobody waits for signals any more.
constexpr int no_more = SIGUSR2;

// Signals that we were started with orders to ignore (by nohup, or as a background job of a script) stay ignored.
bool is_ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, no_more);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(signal)) sigaddset(&set, signal);
  }
  return set;
}

// The process ends by this signal, so that whoever started it sees why.
[[noreturn]] void die_of(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::_Exit(128 + signal);
}

}  // namespace

StopSignals::StopSignals(std::function<void(int)> stop) {
  const sigset_t set = watched();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  waiter_ = std::thread([set, stop = std::move(stop)] {
    for (bool asked = false;;) {
      int signal = 0;
      if (::sigwait(&set, &signal) != 0) continue;
      if (signal == no_more) return;
      if (asked) die_of(signal);
      asked = true;
      stop(signal);
    }
  });
}

StopSignals::~StopSignals() {
  ::pthread_kill(waiter_.native_handle(), no_more);
  waiter_.join();
  // The mask stays as it is: the process is about to end, and a late signal must not spoil its exit code.
}

}  // namespace lantern::cli
