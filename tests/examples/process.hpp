// Programs, run from a test: to their end, or on a terminal of their own.
#pragma once

#include <filesystem>
#include <map>
#include <string>

/// What a command printed (both streams), and its exit code (-1: ended by a signal).
struct Ran {
  std::string output;
  int code{};
};

/// Runs a line of shell to its end.
[[nodiscard]] Ran shell(const std::string& line);

/// Makes `text` one word of shell.
[[nodiscard]] std::string quoted(const std::string& text);

/// A folder of the test's own; gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A line of shell on a terminal: it has the keyboard, and Ctrl-C reaches all of it.
class OnTerminal {
 public:
  explicit OnTerminal(const std::string& line);
  ~OnTerminal();
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  /// Reads until `text` has appeared after what was read before; false: it ended first.
  bool wait_for(const std::string& text);
  /// Types Ctrl-C.
  void interrupt();
  /// Reads to the end. All that was printed, and the exit code.
  Ran finish();

 private:
  bool read_more();

  int terminal_{-1};
  int child_{-1};
  std::string output_;
  std::size_t seen_{};
};
