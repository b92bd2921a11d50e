// Standard output as several runs share it: whole lines, and an eye on who reads them.
#pragma once

#include <mutex>
#include <stop_token>
#include <string>

#include "output.hpp"

namespace lantern::cli {

/// A line at a time, from any thread. Once standard output takes no more, there is nobody to go on for, and `stop` is
/// requested.
class Lines {
 public:
  explicit Lines(std::stop_source& stop) : stop_(stop) {}
  void print(const std::string& line);
  /// Also while there is nothing to print.
  void look_for_reader();
  [[nodiscard]] Outcome finish(ExitCode code) { return out_.finish(code); }

 private:
  std::stop_source& stop_;
  std::mutex mutex_{};
  Output out_{1};
};

}  // namespace lantern::cli
