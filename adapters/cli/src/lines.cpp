#include "lines.hpp"

#include <poll.h>
#include <unistd.h>

namespace lantern::cli {

void Lines::print(const std::string& line) {
  const std::lock_guard lock(mutex_);
  out_ << line << '\n';
  out_.flush();
  if (!out_.good()) stop_.request_stop();
}

void Lines::look_for_reader() {
  pollfd polled{STDOUT_FILENO, 0, 0};
  if (::poll(&polled, 1, 0) == 1 && (polled.revents & POLLERR) != 0) stop_.request_stop();
}

}  // namespace lantern::cli
