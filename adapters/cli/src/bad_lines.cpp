#include "bad_lines.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "messages.hpp"
#include "text.hpp"

namespace lantern::cli {

tl::expected<void, Trouble> BadLines::put_aside_in(const std::string& path) {
  path_ = one_line(path);
  file_ = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666));
  struct stat facts {};
  if (!file_ || ::fstat(file_.get(), &facts) != 0) {
    return trouble(ExitCode::usage, path_ + ": cannot be created (" + std::generic_category().message(errno) +
                                        "): name another file after --skip-bad");
  }
  if (facts.st_size > 0) {
    return trouble(ExitCode::usage, path_ + ": has lines in it already: name a new file after --skip-bad");
  }
  out_.emplace(file_.get());
  return {};
}

void BadLines::tell(std::uint64_t line, std::size_t column, std::string_view reason) {
  if (++count_ > most_told) return;
  live_->clear();
  say(input_ + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + std::string(reason));
}

void BadLines::put_aside(std::string_view raw, bool end) {
  if (!out_) return;
  *out_ << raw;
  if (end) *out_ << '\n';
}

Outcome BadLines::finish() {
  if (count_ > most_told) {
    live_->clear();
    say(input_ + ": and " + counted(count_ - most_told, "more bad line"));
  }
  if (!out_) return ExitCode::done;
  out_->flush();
  if (out_->good()) return ExitCode::done;
  return trouble(ExitCode::store, path_ + ": bad lines could not be put aside: free some space, and import again");
}

}  // namespace lantern::cli
