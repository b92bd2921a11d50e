#include "source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "text.hpp"

namespace lantern::cli {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

// A file that has no name any more: it goes away with its descriptor, whatever happens to us.
tl::expected<Descriptor, Trouble> nameless_file() {
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  std::string path = (error ? "/tmp" : folder.string()) + "/lantern-import-XXXXXX";
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) {
    return trouble(ExitCode::store, "cannot create a temporary file (" + reason(errno) + ", " + path +
                                        "): set TMPDIR to a folder that can be written");
  }
  ::unlink(path.c_str());
  return Descriptor(descriptor);
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written >= 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace

tl::expected<Source, Trouble> Source::open(const std::string& path) {
  Source source;
  if (path == "-") {
    source.name_ = "<stdin>";
    source.descriptor_ = STDIN_FILENO;
    if (::isatty(STDIN_FILENO) == 1) {
      return trouble(ExitCode::usage,
                     "no input: name an NDJSON file, or pipe one in (zcat events.gz | lantern import --store FILE -)");
    }
  } else {
    source.name_ = one_line(path);
    source.owned_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!source.owned_) {
      return trouble(ExitCode::usage, source.name_ + ": cannot be opened (" + reason(errno) + "): check the path");
    }
    source.descriptor_ = source.owned_.get();
  }
  struct stat facts {};
  if (::fstat(source.descriptor_, &facts) != 0) return tl::unexpected(source.unreadable(errno));
  if (S_ISDIR(facts.st_mode)) return trouble(ExitCode::usage, source.name_ + ": is a folder: name an NDJSON file");
  if (S_ISREG(facts.st_mode)) {
    source.begin_ = std::max<off_t>(::lseek(source.descriptor_, 0, SEEK_CUR), 0);
    source.size_ = static_cast<std::uint64_t>(std::max<off_t>(facts.st_size - source.begin_, 0));
  }
  return source;
}

tl::expected<LineReader, Trouble> Source::first_reading(bool again) {
  if (size_ || !again) return LineReader(descriptor_);
  auto spool = nameless_file();
  if (!spool) return tl::unexpected(std::move(spool).error());
  spool_ = *std::move(spool);
  return LineReader(descriptor_, UINT64_MAX,
                    [to = spool_.get()](std::string_view bytes) { return write_all(to, bytes); });
}

tl::expected<LineReader, Trouble> Source::second_reading(std::uint64_t bytes) {
  const int descriptor = spool_ ? spool_.get() : descriptor_;
  if (::lseek(descriptor, spool_ ? 0 : begin_, SEEK_SET) < 0) return tl::unexpected(unreadable(errno));
  return LineReader(descriptor, bytes);
}

Trouble Source::unreadable(int error) const {
  if (error == ENOSPC) {
    return {ExitCode::store,
            name_ + ": no space left to keep a copy: set TMPDIR to a folder with more, or import a file"};
  }
  return {ExitCode::store, name_ + ": cannot be read (" + reason(error) + ")"};
}

}  // namespace lantern::cli
