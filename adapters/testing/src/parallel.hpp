// Threads of a contract, each with a store of its own.
#pragma once

#include <atomic>
#include <barrier>
#include <exception>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "lab.hpp"

namespace lantern::detail {

/// Runs `work(i, store)` for i = 0 … count-1, each on a thread of its own, begun together. What one throws first is
/// thrown again, once all have ended.
template <class Work>
void in_parallel(Lab& lab, std::size_t count, Work work) {
  std::vector<std::unique_ptr<SuiteStore>> stores;
  for (std::size_t i = 0; i < count; ++i) stores.push_back(lab.open());
  std::vector<std::exception_ptr> thrown(count);
  std::latch ready(static_cast<std::ptrdiff_t>(count));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        ready.arrive_and_wait();
        try {
          work(i, *stores[i]);
        } catch (...) {
          thrown[i] = std::current_exception();
        }
      });
    }
  }
  for (const auto& one : thrown) {
    if (one) std::rethrow_exception(one);
  }
}

using Rounds = std::barrier<>;
/// Takes part in rounds, in which all threads wait for each other; and leaves them when it goes, however it goes.
class Member {
 public:
  explicit Member(Rounds& rounds) : rounds_(rounds) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() { rounds_.arrive_and_drop(); }
  void meet() const { rounds_.arrive_and_wait(); }

 private:
  Rounds& rounds_;
};

/// Counts down when it goes, however it goes.
struct Leaving {
  std::atomic<std::size_t>& count;
  ~Leaving() { --count; }
};

}  // namespace lantern::detail
