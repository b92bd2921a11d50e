// Other processes: how they are run, and what one of them does.
#pragma once

#include <string>
#include <vector>

namespace bench {

/// What a process took from start to end.
struct Cost {
  double seconds = 0;
  double peak_mib = 0;  ///< the most memory that it held at once
};

/// Runs a program with its output thrown away, and ends this one if it fails.
Cost run_program(const std::string& myself, std::vector<std::string> command);

/// The main of a process in between: runs the command and writes its Cost. A new process is charged with the memory of
/// the one that made it, so that one has to be small.
int run_and_tell(const std::vector<std::string>& command);

/// A process that appends one event to the store whenever it reads a byte from `orders`, and writes to its output when
/// the append had returned (`seconds()`, as its bytes). Ends with its input.
class Appender {
 public:
  Appender(const std::string& myself, const std::string& store);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;
  [[nodiscard]] double append();

 private:
  int orders_ = -1, answers_ = -1, process_ = -1;
};

/// The main of that process.
int append_for_latency(const char* store);

}  // namespace bench
