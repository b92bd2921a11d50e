#include "bad_lines.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "messages.hpp"
#include "text.hpp"

namespace lantern::cli {

tl::expected<void, Trouble> BadLines::put_aside_in(const std::string& path) {
  path_ = one_line(path);
  file_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666));
  struct stat facts {};
  if (!file_ || ::fstat(file_.get(), &facts) != 0) {
    return trouble(ExitCode::usage, path_ + ": cannot be created (" + std::generic_category().message(errno) +
                                        "): name another file after --skip-bad");
  }
  there_ = S_ISREG(facts.st_mode) ? facts.st_size : 0;
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
  put(raw);
  if (end) put("\n");
}

void BadLines::put(std::string_view bytes) {
  std::array<char, 4096> earlier{};
  while (!bytes.empty() && compared_ < there_ && !differs_) {
    const auto most = std::min({earlier.size(), bytes.size(), static_cast<std::size_t>(there_ - compared_)});
    const auto got = ::pread(file_.get(), earlier.data(), most, compared_);
    if (got < 0 && errno == EINTR) continue;
    const auto size = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    differs_ = size == 0 || std::string_view(earlier.data(), size) != bytes.substr(0, size);
    bytes.remove_prefix(size);
    compared_ += got;
  }
  if (!differs_) *out_ << bytes;
}

tl::unexpected<Trouble> BadLines::refused() const {
  return trouble(ExitCode::usage, path_ +
                                      ": has other lines in it already, and is left as it was: name a new file "
                                      "after --skip-bad, and import again, which adds only what is missing");
}

Outcome BadLines::finish() {
  if (count_ > most_told) {
    live_->clear();
    say(input_ + ": and " + counted(count_ - most_told, "more bad line"));
  }
  if (!out_) return ExitCode::done;
  if (differs_ || compared_ < there_) return refused();
  out_->flush();
  if (out_->good()) return ExitCode::done;
  return trouble(ExitCode::store, path_ + ": bad lines could not be put aside: free some space, and import again");
}

}  // namespace lantern::cli
