#include "output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace lantern::cli {

void Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && error_ == 0) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) rest.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR) error_ = errno;
  }
  buffer_.clear();
}

bool Output::has_reader() const noexcept {
  pollfd polled{descriptor_, 0, 0};
  return ::poll(&polled, 1, 0) != 1 || (polled.revents & POLLERR) == 0;
}

Outcome Output::finish(ExitCode code) {
  flush();
  if (error_ == 0 || error_ == EPIPE) return code;
  return trouble(ExitCode::store, "cannot write to standard output (" + std::generic_category().message(error_) +
                                      "): free some space, or write elsewhere");
}

}  // namespace lantern::cli
