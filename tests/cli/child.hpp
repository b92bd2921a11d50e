// The real program as a child process, its descriptors in our hands.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A folder of its own for a test, gone with it.
class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();
  [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view text);

struct Ended {
  int code{};    ///< exit code; -1 when a signal ended it
  int signal{};  ///< which, or 0
  std::string out{}, err{};
};

struct ChildOptions {
  std::string folder{};                ///< to run in; empty: ours
  std::optional<std::string> input{};  ///< on standard input; absent: nothing, at once at its end
  bool terminal{};                     ///< standard error is a terminal of 24 x 100
};

/// A process that runs. Every wait has a deadline of a minute or so, after which the child is killed and the test
/// fails.
class Child {
 public:
  explicit Child(std::vector<std::string> words, ChildOptions options = {});
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// Reads on until the text of standard output so far satisfies `enough`, or the output ends. False when it ended.
  bool read_until(const std::function<bool(const std::string&)>& enough);
  /// Until standard output holds this text.
  bool read_until(std::string_view text);
  void send(int signal) const;
  /// Waits for the end; kills after `patience`.
  Ended wait(std::chrono::milliseconds patience = std::chrono::minutes(1));
  /// True when the child ended within this time.
  bool ends_within(std::chrono::milliseconds patience);

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& out() const { return out_; }
  [[nodiscard]] const std::string& err() const { return err_; }

 private:
  // Moves what is ready; false once both outputs are at their end, or the deadline has passed.
  bool pump(std::chrono::steady_clock::time_point deadline);

  pid_t pid_{-1};
  int in_{-1}, out_fd_{-1}, err_fd_{-1};
  std::string input_{}, out_{}, err_{};
  std::size_t written_{};
};

/// Runs a command to its end.
[[nodiscard]] Ended run_command(std::vector<std::string> words, ChildOptions options = {});
/// Runs the `lantern` program to its end.
[[nodiscard]] Ended lantern_run(std::vector<std::string> words, ChildOptions options = {});
/// The words with the program's path before them.
[[nodiscard]] std::vector<std::string> lantern_words(std::vector<std::string> words);
/// A script, in this folder, with `lantern` on the PATH.
[[nodiscard]] Ended run_script(const std::string& script, const std::string& folder);
