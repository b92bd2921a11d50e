// A program that says on its standard output what happens, line by line, and can be killed, frozen and answered.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace lantern::testing_sqlite {

/// Runs a program with arguments; killed at the end if it still runs.
class Child {
 public:
  static constexpr int patience_ms = 60'000;  // only ever reached by a failing test

  explicit Child(const std::vector<std::string>& words) {
    int in[2], out[2];
    REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
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

}  // namespace lantern::testing_sqlite
