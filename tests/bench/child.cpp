#include "child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lantern/sqlite/sqlite_store.hpp"
#include "workload.hpp"

extern char** environ;

namespace bench {
namespace {

/// Starts a program; `in` and `out` become its input and output.
int start(const std::vector<std::string>& command, int in, int out) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  pid_t process = -1;
  must(posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ) == 0,
       "it could not be started: " + command[0]);
  posix_spawn_file_actions_destroy(&actions);
  return process;
}

}  // namespace

int run_and_tell(const std::vector<std::string>& command) {
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  Cost cost;
  const double begin = seconds();
  const int process = start(command, nothing, nothing);
  int status = 0;
  rusage used{};
  must(wait4(process, &status, 0, &used) == process, "a program got lost: " + command[0]);
  cost.seconds = seconds() - begin;
  cost.peak_mib = static_cast<double>(used.ru_maxrss) / 1024;
  must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it failed: " + command[0] + " " + command[1]);
  return write(STDOUT_FILENO, &cost, sizeof cost) == sizeof cost ? 0 : 1;
}

Cost run_program(const std::string& myself, std::vector<std::string> command) {
  command.insert(command.begin(), {myself, "--tell-cost-of"});
  int answer[2];
  must(pipe2(answer, O_CLOEXEC) == 0, "there are no pipes");
  const int process = start(command, STDIN_FILENO, answer[1]);
  close(answer[1]);
  Cost cost;
  must(read(answer[0], &cost, sizeof cost) == sizeof cost, "no cost was told");
  close(answer[0]);
  waitpid(process, nullptr, 0);
  return cost;
}

Child::Child(const std::vector<std::string>& command) {
  int orders[2], answers[2];
  must(pipe2(orders, O_CLOEXEC) == 0 && pipe2(answers, O_CLOEXEC) == 0, "there are no pipes");
  process_ = start(command, orders[0], answers[1]);
  close(orders[0]);
  close(answers[1]);
  orders_ = orders[1];
  answers_ = answers[0];
}

Child::~Child() {
  close(orders_);
  close(answers_);
  waitpid(process_, nullptr, 0);
}

double Appender::append() {
  double when = 0;
  must(write(orders_, "a", 1) == 1 && read(answers_, &when, sizeof when) == sizeof when,
       "the appending process is gone");
  return when;
}

int append_for_latency(const char* file) {
  auto store = lantern::SqliteStore::open(file, {.busy_timeout = std::chrono::seconds(5)});
  must(store.has_value(), "the appending process could not open the store");
  char order = 0;
  for (std::uint64_t number = 1; read(STDIN_FILENO, &order, 1) == 1; ++number) {
    must(store->append({bank_event(number, 10'000)}).has_value(), "the appending process could not append");
    const double when = seconds();
    if (write(STDOUT_FILENO, &when, sizeof when) != sizeof when) break;
  }
  return 0;
}

}  // namespace bench
