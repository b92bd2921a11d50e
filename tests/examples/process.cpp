#include "process.hpp"

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>

namespace {
int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
}  // namespace

Ran shell(const std::string& line) {
  FILE* pipe = popen(("{ " + line + "\n} 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  Ran ran;
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    ran.output.append(buffer.data(), got);
  ran.code = exit_code(pclose(pipe));
  return ran;
}

std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

TemporaryFolder::TemporaryFolder() {
  std::string name = std::filesystem::temp_directory_path() / "lantern-examples-XXXXXX";
  REQUIRE(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

OnTerminal::OnTerminal(const std::string& line) {
  winsize size{};
  size.ws_row = 40;
  size.ws_col = 100;
  child_ = forkpty(&terminal_, nullptr, nullptr, &size);
  REQUIRE(child_ >= 0);
  if (child_ == 0) {
    execl("/bin/sh", "sh", "-c", line.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
}

OnTerminal::~OnTerminal() {
  if (terminal_ >= 0) close(terminal_);  // hangs up, which ends whatever still runs
  if (child_ > 0) waitpid(child_, nullptr, 0);
}

// The end of the last process on a terminal reads as an error (EIO).
bool OnTerminal::read_more() {
  std::array<char, 4096> buffer;
  const ssize_t got = read(terminal_, buffer.data(), buffer.size());
  if (got > 0) output_.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

bool OnTerminal::wait_for(const std::string& text) {
  for (;;) {
    if (const auto found = output_.find(text, seen_); found != std::string::npos) {
      seen_ = found + text.size();
      return true;
    }
    if (!read_more()) return false;
  }
}

void OnTerminal::interrupt() { REQUIRE(write(terminal_, "\003", 1) == 1); }

Ran OnTerminal::finish() {
  while (read_more()) {
  }
  int status = 0;
  waitpid(std::exchange(child_, -1), &status, 0);
  return {output_, exit_code(status)};
}
