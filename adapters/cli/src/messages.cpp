#include "messages.hpp"

#include <unistd.h>

#include "output.hpp"
#include "text.hpp"

namespace lantern::cli {

void say(std::string_view text) {
  // In one write, so that lines of several threads or processes do not mix.
  Output(STDERR_FILENO) << one_line(text) + "\n";
}

}  // namespace lantern::cli
