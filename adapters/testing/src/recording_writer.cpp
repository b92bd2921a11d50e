// Runs become lines, and lines go to memory or to a file.
#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <system_error>

#include "decision_text.hpp"
#include "field_writer.hpp"
#include "recording_lines.hpp"

namespace lantern::testing {

template <class Write>
void RecordingWriter::line(const Write& write) noexcept {
  if (failure_) return;
  try {
    line_.clear();
    write(line_);
    checksum_ = lines::checksum(checksum_, line_);
    const auto mark = lines::mark(checksum_);
    line_.append(mark.data(), mark.size()) += '\n';
    failure_ = put(line_);
  } catch (const std::exception& error) {
    failure_.emplace(FailureKind::internal, std::string("the recording ends here: ") + error.what());
  }
}

void RecordingWriter::began(const RunFacts& facts, const ProjectionConfig& config, Instant now) noexcept {
  if (std::exchange(began_, true)) {
    if (!failure_) failure_.emplace(FailureKind::invalid, "a second run began", "give each run a recorder of its own");
    return;
  }
  line([](std::string& out) { out += lines::title; });
  line([&](std::string& out) { FieldWriter(out += "run ").write(facts); });
  line([&](std::string& out) { FieldWriter(out += "config ").write(config); });
  line([&](std::string& out) { FieldWriter(out += "start ").write(now); });
}

void RecordingWriter::asked_to_stop(Stop how) noexcept {
  line([&](std::string& out) { FieldWriter(out += "stop ").write(how); });
}

void RecordingWriter::answered(const ReplySeen& reply, Instant now) noexcept {
  line([&](std::string& out) {
    FieldWriter(out += "answer ").write(now);
    append_reply(out += ' ', reply);
  });
}

void RecordingWriter::decided(const Step& step) noexcept {
  line([&](std::string& out) { out += decision_text(step); });
}

std::optional<Failure> RecordedText::put(std::string_view line) {
  text_ += line;
  return std::nullopt;
}

namespace {

Failure file_failure(const std::string& what, const std::string& path, int error) {
  const auto kind = error == ENOSPC || error == EDQUOT  ? FailureKind::full
                    : error == EACCES || error == EROFS ? FailureKind::denied
                                                        : FailureKind::internal;
  return Failure(kind, what + " (" + path + "): " + std::generic_category().message(error));
}

}  // namespace

tl::expected<std::unique_ptr<RecordingFile>, Failure> RecordingFile::create(const std::filesystem::path& path,
                                                                            std::uint64_t most_bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file >= 0) return std::unique_ptr<RecordingFile>(new RecordingFile(path.string(), file, most_bytes));
  if (errno == EEXIST) {
    return tl::unexpected(Failure(FailureKind::invalid, "there is a file already (" + path.string() + ")",
                                  "a recording holds one run: choose another name, or take the old one away"));
  }
  return tl::unexpected(file_failure("the recording cannot be made", path.string(), errno));
}

RecordingFile::RecordingFile(std::string path, int file, std::uint64_t most_bytes)
    : path_(std::move(path)), file_(file), most_bytes_(most_bytes) {}

RecordingFile::~RecordingFile() { ::close(file_); }

std::optional<Failure> RecordingFile::put(std::string_view line) {
  if (line.size() > most_bytes_ - written_) {
    return Failure(FailureKind::full,
                   "the recording has reached its limit of " + std::to_string(most_bytes_) + " bytes (" + path_ + ")");
  }
  while (!line.empty()) {
    const ::ssize_t done = ::write(file_, line.data(), line.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return file_failure("the recording ends here", path_, errno);
    line.remove_prefix(static_cast<std::size_t>(done));
    written_ += static_cast<std::uint64_t>(done);
  }
  return std::nullopt;
}

}  // namespace lantern::testing
