// Leadership among real processes on one file: at most one leads, a dead leader is replaced, and one that was frozen
// past its lease cannot commit when it wakes.
#include <fcntl.h>
#include <sys/prctl.h>
#include <csignal>

#include "children.hpp"
#include "files.hpp"

using namespace lantern;
using namespace lantern::testing_sqlite;
using Catch::Contains;

namespace {

constexpr int patience_ms = 60'000;  // only ever reached by a failing test

/// A lease_runner; killed at the end if it still runs.
class Runner {
 public:
  Runner(const std::filesystem::path& file, const std::string& owner, int ttl_ms, const std::string& when_not_leader,
         const std::string& before_save = "go") {
    int in[2], out[2];
    REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
    const std::string ttl = std::to_string(ttl_ms);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::execl(LEASE_RUNNER, "lease_runner", file.c_str(), owner.c_str(), ttl.c_str(), when_not_leader.c_str(),
              before_save.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(input_);
    ::close(output_);
  }

  /// The next line that it says; empty at its end.
  std::string line() {
    for (;;) {
      if (const auto end = heard_.find('\n'); end != heard_.npos) {
        std::string line = heard_.substr(0, end);
        heard_.erase(0, end + 1);
        return line;
      }
      pollfd waiting{output_, POLLIN, 0};
      const int ready = ::poll(&waiting, 1, patience_ms);
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) FAIL("it says nothing any more");
      char buffer[1024];
      const ssize_t got = ::read(output_, buffer, sizeof buffer);
      if (got <= 0) return {};
      heard_.append(buffer, static_cast<std::size_t>(got));
    }
  }
  /// The first line from now on that begins like this.
  std::string line_like(const std::string& begin) {
    for (;;) {
      std::string next = line();
      if (next.empty()) FAIL("it ended and never said '" << begin << "'");
      if (next.starts_with(begin)) return next;
    }
  }
  void send(int signal) const { ::kill(pid_, signal); }
  void answer() const { REQUIRE(::write(input_, "\n", 1) == 1); }
  void wait_until_frozen() const {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, WUNTRACED) == pid_);
    REQUIRE(WIFSTOPPED(status));
  }
  /// Its exit code, or minus the signal that killed it.
  int end() {
    int status = 0;
    REQUIRE(::waitpid(std::exchange(pid_, -1), &status, 0) > 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_{-1};
  int input_{-1}, output_{-1};
  std::string heard_;
};

/// The store, and what the projection has made of it.
struct World {
  Folder folder;
  std::filesystem::path file = folder / "a.db";

  World() { open_store(file); }
  void append(int count) const {
    SqliteOptions options;
    options.busy_timeout = std::chrono::seconds(30);
    auto store = open_store(file, options);
    std::vector<NewEvent> events;
    for (int i = 0; i < count; ++i) events.push_back(event("s"));
    appended(store, std::move(events));
  }
  /// Positions in the order in which they were applied; all must be there once.
  [[nodiscard]] std::string ledger() const {
    const auto rows =
        PlainSqlite(file).run("SELECT group_concat(position, ' ') FROM (SELECT * FROM ledger ORDER BY entry)");
    return rows.at(0);
  }
};

}  // namespace

TEST_CASE("of many processes that start at once exactly one leads, and the others say who does") {
  const World world;
  world.append(3);
  std::vector<std::unique_ptr<Runner>> runners;
  for (int i = 0; i < 4; ++i) {
    runners.push_back(std::make_unique<Runner>(world.file, "runner " + std::to_string(i), 60'000, "fail"));
  }
  int leaders = 0;
  Runner* leader = nullptr;
  for (auto& runner : runners) {
    const std::string said = runner->line();
    CAPTURE(said);
    if (said.starts_with("leads ")) {
      ++leaders;
      leader = runner.get();
      continue;
    }
    CHECK_THAT(said, Contains("failed: ") && Contains("runner ") && Contains(" leads"));
    CHECK(runner->end() == 4);
  }
  REQUIRE(leaders == 1);
  leader->line_like("committed 3");
  leader->send(SIGTERM);
  leader->line_like("stopped at 3");
  CHECK(leader->end() == 0);
  CHECK(world.ledger() == "1 2 3");

  // It gave the lease back, so the next need not wait for its end.
  Runner next(world.file, "next", 60'000, "fail");
  CHECK(next.line() == "leads 2");
}

TEST_CASE("a leader that is killed is replaced when its lease has expired, and no event is lost or repeated") {
  const World world;
  Runner first(world.file, "first", 400, "fail");
  first.line_like("leads 1");
  Runner second(world.file, "second", 400, "stand_by");
  second.line_like("behind first");
  world.append(2);
  first.line_like("committed 2");
  first.send(SIGKILL);
  CHECK(first.end() == -SIGKILL);
  world.append(2);
  CHECK(second.line_like("leads") == "leads 2");
  second.line_like("committed 4");
  second.send(SIGTERM);
  CHECK(second.line_like("stopped") == "stopped at 4");
  CHECK(second.end() == 0);
  CHECK(world.ledger() == "1 2 3 4");
}

TEST_CASE("a leader that was frozen past its lease cannot commit when it wakes") {
  const World world;
  world.append(3);
  Runner frozen(world.file, "frozen", 400, "fail", "freeze");
  frozen.line_like("leads 1");
  frozen.line_like("saving");
  frozen.wait_until_frozen();  // with a commit in its hand

  // Another leads now, and has committed nothing: the checkpoint is where the frozen one saw it. Only the fence
  // differs.
  Runner other(world.file, "other", 60'000, "stand_by", "ask");
  CHECK(other.line_like("leads") == "leads 2");
  other.line_like("saving");

  frozen.send(SIGCONT);
  CHECK(frozen.line_like("lost") == "lost to other");
  CHECK_THAT(frozen.line(), Contains("failed: ") && Contains("leadership"));
  CHECK(frozen.end() == 4);
  CHECK(world.ledger() == "NULL");
  CHECK(PlainSqlite(world.file).run("SELECT position FROM lantern_projections") == std::vector<std::string>{"NULL"});

  other.answer();
  other.line_like("committed 3");
  CHECK(world.ledger() == "1 2 3");
}

TEST_CASE("appends of another process wake a projection that waits") {
  const World world;
  Runner runner(world.file, "runner", 60'000, "fail");
  runner.line_like("leads");
  for (int i = 1; i <= 5; ++i) {
    world.append(1);
    runner.line_like("committed " + std::to_string(i));
  }
  CHECK(world.ledger() == "1 2 3 4 5");
}
