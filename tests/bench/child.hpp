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

/// A process that takes orders from its input, and ends with it.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command);
  ~Child();  ///< waits for its end
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 protected:
  int orders_ = -1, answers_ = -1;

 private:
  int process_ = -1;
};

/// A process that appends one event to the store whenever it is ordered to, and tells when the append had returned
/// (`seconds()`, as its bytes).
class Appender : Child {
 public:
  Appender(const std::string& myself, const std::string& store) : Child({myself, "--append-for-latency", store}) {}
  [[nodiscard]] double append();
};

/// The main of that process.
int append_for_latency(const char* store);

}  // namespace bench
