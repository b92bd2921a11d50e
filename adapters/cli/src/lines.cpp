#include "lines.hpp"

namespace lantern::cli {

void Lines::print(const std::string& line) {
  const std::lock_guard lock(mutex_);
  out_ << line << '\n';
  out_.flush();
  if (!out_.good()) stop_.request_stop();
}

void Lines::look_for_reader() {
  if (!out_.has_reader()) stop_.request_stop();
}

}  // namespace lantern::cli
