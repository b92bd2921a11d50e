// A process that has to do with the views of one projection in a file. The tests start several of them, and kill some.
//
//   view_runner FILE live      runs code 1, for ever
//   view_runner FILE next      runs code 2, for ever; rebuilds first
//   view_runner FILE again     rebuilds by code 1, whatever there is, and ends
//   view_runner FILE read      looks, again and again, whether views are the naive fold of the log by code 1
//   view_runner FILE read-next the same, but for generations from 2 on by code 2
//
// What runs says each effect on its standard output, what is committed and what became active. SIGTERM ends it in good
// order.
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include <unistd.h>

#include "keyed_probe.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/observer.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

using namespace lantern;
using testing::Chain;

namespace {

void say(std::string line) {
  line += '\n';
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(9);
}

SqliteStore open(const std::string& file) {
  SqliteOptions options;
  options.busy_timeout = std::chrono::seconds(30);
  auto store = SqliteStore::open(file, options);
  if (!store) say(to_string(store.error())), std::_Exit(3);
  return *std::move(store);
}

// ---- running ----

/// Hands every effect on, and says so first, so that a test can kill it at any of them.
struct Talking {
  SqliteStore& store;
  template <Effect E>
  requires Performs<SqliteStore, E>
  typename E::reply perform(const E& effect) {
    say("effect");
    return store.perform(effect);
  }
  Subscription on_append(std::function<void()> callback) { return store.on_append(std::move(callback)); }
};

struct Tell {
  void operator()(const happening::Committed& h) const {
    say("committed " + std::to_string(h.through ? h.through->value : 0));
  }
  void operator()(const happening::LeaseGained& h) const { say("leads as " + h.lease.owner); }
  void operator()(const happening::Activated& h) const { say("activated " + std::to_string(h.generation.value)); }
  template <class Other>
  void operator()(const Other&) const {}
};

int run(const std::string& file, const std::string& what, const std::stop_token& stop) {
  auto store = open(file);
  Observer observer([](const ProjectionId&, const Happening& happening) { std::visit(Tell{}, happening); });
  Leadership leadership(what);
  leadership.ttl = *Delay::of(std::chrono::minutes(1));
  leadership.standby_interval = std::chrono::milliseconds(20);
  if (what == "next") leadership.when_not_leader = WhenNotLeader::stand_by;
  ProjectionConfig config;
  config.continuous().with(leadership).tell(observer).page_limit(3);
  if (what == "again") config.batch().rebuild_when(RebuildPolicy::always);
  Chain chain{.code = what == "next" ? 2 : 1};
  Talking talking{store};
  const Finished end = run_projection_blocking(chain, talking, config, stop);
  if (end) return say("ended at " + std::to_string(end->position ? end->position->value : 0)), 0;
  say("failed: " + end.error().message());
  return end.error().kind == ErrorKind::superseded ? 5 : 1;
}

// ---- reading ----

class Reader {
 public:
  Reader(const std::string& file, bool next_is_code_2) : store_(open(file)), next_is_code_2_(next_is_code_2) {}

  /// All views, page by page; each page must be the fold at its own position.
  void look() {
    ScanViews asked{.projection = {"p"}, .limit = 3};
    for (bool more = true; more;) {
      const auto page = store_.perform(asked);
      if (!page) wrong(to_string(page.error()));
      check(page->as_of);
      const std::string from = asked.after.value_or("");
      std::map<std::string, StoredView> views;
      for (const StoredView& view : page->views) views.emplace(view.key, view);
      auto expected = fold(page->as_of);
      std::erase_if(expected, [&](const auto& one) {
        const bool before = asked.after && one.first <= from;
        return before || (page->more && one.first > page->views.back().key);
      });
      if (const auto how = testing::difference(views, expected); !how.empty()) wrong(how);
      more = page->more;
      if (more) asked.after = page->views.back().key;
    }
    const std::string key = "k" + std::to_string(looks_ % 7);
    const auto answer = store_.perform(GetView{{"p"}, key});
    if (!answer) wrong(to_string(answer.error()));
    check(answer->as_of);
    const auto expected = fold(answer->as_of);
    const auto found = expected.find(key);
    std::map<std::string, StoredView> one;
    if (answer->view) one.emplace(key, *answer->view);
    if (const auto how = testing::difference(one, found == expected.end() ? Fold() : Fold{*found}); !how.empty()) {
      wrong(how);
    }
    ++looks_;
  }
  [[nodiscard]] std::string summary() const {
    return "fine after " + std::to_string(looks_) + " looks, in " + std::to_string(generations_.size()) +
           " generations, at " + std::to_string(last_.position ? last_.position->value : 0);
  }

 private:
  using Fold = std::map<std::string, testing::Expected>;

  [[noreturn]] void wrong(const std::string& what) const {
    say("wrong in generation " + std::to_string(last_.generation.value) + ": " + what);
    std::_Exit(1);
  }
  void check(const AsOf& now) {
    const bool back = now.generation < last_.generation || now.position < last_.position;
    last_ = now;
    if (back) wrong("a reader was sent back");
    if (now.position) generations_.insert(now.generation.value);
  }
  Fold fold(const AsOf& at) {
    while (at.position && (log_.empty() || log_.back().position < at.position->value)) {
      const auto after = log_.empty() ? std::nullopt : std::optional(Position{log_.back().position});
      const auto page = store_.perform(ReadEvents{.after = after});
      if (!page || page->empty()) wrong("the log is behind the views");
      for (const auto& event : page->events()) {
        log_.push_back({event.position.value, std::string(event.type), std::string(event.data)});
      }
    }
    const std::int64_t code = next_is_code_2_ && at.generation > Generation{1} ? 2 : 1;
    auto views = testing::naive_fold(log_, at.position, code);
    std::erase_if(views, [](const auto& view) { return !view.second.state; });
    return views;
  }

  SqliteStore store_;
  bool next_is_code_2_;
  std::vector<testing::ViewModel::Event> log_{};
  AsOf last_{};
  std::set<std::int64_t> generations_{};
  std::uint64_t looks_{};
};

int read(const std::string& file, bool next_is_code_2, const std::stop_token& stop) {
  Reader reader(file, next_is_code_2);
  reader.look();
  say("looking");
  while (!stop.stop_requested()) reader.look();
  reader.look();
  return say(reader.summary()), 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
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
  const std::string file = argv[1], what = argv[2];
  const int code =
      what.starts_with("read") ? read(file, what == "read-next", stop.get_token()) : run(file, what, stop.get_token());
  std::_Exit(code);  // the detached thread may still wait for a signal
}
