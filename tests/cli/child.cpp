#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace {

using Clock = std::chrono::steady_clock;

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

void close_and_forget(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

struct Pipe {
  int read{}, write{};
  Pipe() {
    int ends[2];
    checked(::pipe2(ends, O_CLOEXEC), "pipe2");
    read = ends[0];
    write = ends[1];
  }
};

// A terminal: the end that the child gets, and the end that sees what is drawn.
Pipe terminal() {
  Pipe pair;
  ::close(pair.read);
  ::close(pair.write);
  pair.read = checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt");
  checked(::grantpt(pair.read), "grantpt");
  checked(::unlockpt(pair.read), "unlockpt");
  pair.write = checked(::open(::ptsname(pair.read), O_RDWR | O_NOCTTY | O_CLOEXEC), "open a terminal");
  const winsize size{24, 100, 0, 0};
  checked(::ioctl(pair.write, TIOCSWINSZ, &size), "TIOCSWINSZ");
  return pair;
}

}  // namespace

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "lantern-cli-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::system_error(errno, std::generic_category(), "mkdtemp");
  path_ = name;
}
TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_file(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

Child::Child(std::vector<std::string> words, ChildOptions options) : input_(options.input.value_or("")) {
  Pipe in, out, err = options.terminal ? terminal() : Pipe();
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = checked(::fork(), "fork");
  if (pid_ == 0) {
    ::dup2(in.read, 0);
    ::dup2(out.write, 1);
    ::dup2(err.write, 2);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_DFL);
    if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(126);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(in.read);
  ::close(out.write);
  ::close(err.write);
  in_ = in.write;
  out_fd_ = out.read;
  err_fd_ = err.read;
  // A child that never reads must not hold us up.
  checked(::fcntl(in_, F_SETFL, O_NONBLOCK), "fcntl");
}

Child::~Child() {
  for (int* each : {&in_, &out_fd_, &err_fd_}) close_and_forget(*each);
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

bool Child::pump(Clock::time_point deadline) {
  if (in_ >= 0 && written_ == input_.size()) close_and_forget(in_);
  if (out_fd_ < 0 && err_fd_ < 0) return false;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  if (left.count() <= 0) return false;
  std::array<pollfd, 3> polled{{{in_, POLLOUT, 0}, {out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}}};
  if (::poll(polled.data(), polled.size(), static_cast<int>(left.count()) + 1) < 0 && errno != EINTR) return false;
  if (polled[0].revents) {
    ::signal(SIGPIPE, SIG_IGN);
    const ssize_t wrote = ::write(in_, input_.data() + written_, input_.size() - written_);
    if (wrote >= 0) written_ += static_cast<std::size_t>(wrote);
    else if (errno != EAGAIN) close_and_forget(in_);
  }
  const auto take = [](const pollfd& ready, int& descriptor, std::string& into) {
    if (!ready.revents) return;
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got > 0) into.append(buffer.data(), static_cast<std::size_t>(got));
    else close_and_forget(descriptor);  // also EIO: the last process has left the terminal
  };
  take(polled[1], out_fd_, out_);
  take(polled[2], err_fd_, err_);
  return true;
}

bool Child::read_until(const std::function<bool(const std::string&)>& enough) {
  const auto deadline = Clock::now() + std::chrono::minutes(1);
  while (!enough(out_)) {
    if (out_fd_ < 0 || !pump(deadline)) return enough(out_);
  }
  return true;
}
bool Child::read_until(std::string_view text) {
  return read_until([text](const std::string& out) { return out.find(text) != out.npos; });
}

void Child::send(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

bool Child::ends_within(std::chrono::milliseconds patience) {
  // The outputs reach their end when the child does: that is what is waited for.
  const auto deadline = Clock::now() + patience;
  while (pump(deadline)) {
  }
  return out_fd_ < 0 && err_fd_ < 0;
}

Ended Child::wait(std::chrono::milliseconds patience) {
  if (!ends_within(patience)) send(SIGKILL);
  while (pump(Clock::now() + std::chrono::seconds(10))) {
  }
  int status = 0;
  checked(::waitpid(pid_, &status, 0), "waitpid");
  pid_ = -1;
  Ended ended{-1, 0, out_, err_};
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  else ended.signal = WTERMSIG(status);
  return ended;
}

Ended run_command(std::vector<std::string> words, ChildOptions options) {
  return Child(std::move(words), std::move(options)).wait(std::chrono::minutes(4));
}
std::vector<std::string> lantern_words(std::vector<std::string> words) {
  words.insert(words.begin(), LANTERN_PROGRAM);
  return words;
}
Ended lantern_run(std::vector<std::string> words, ChildOptions options) {
  return run_command(lantern_words(std::move(words)), std::move(options));
}
Ended run_script(const std::string& script, const std::string& folder) {
  const std::string programs = std::filesystem::path(LANTERN_PROGRAM).parent_path().string();
  return run_command({"/bin/sh", "-e", "-c", "PATH='" + programs + "':$PATH\n" + script}, {.folder = folder});
}
