#include "line_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace lantern::cli {

constexpr std::size_t first_buffer = 1u << 18;

LineReader::LineReader(int descriptor, std::uint64_t most_bytes, std::function<bool(std::string_view)> tee)
    : descriptor_(descriptor), allowed_(most_bytes), tee_(std::move(tee)), buffer_(first_buffer) {}

LineReader::Result LineReader::next(Line& line) {
  line = {};
  std::size_t searched = begin_;
  for (;;) {
    char* const newline = static_cast<char*>(std::memchr(buffer_.data() + searched, '\n', end_ - searched));
    if (newline || (at_end_ && (begin_ != end_ || line.too_long))) {
      const std::size_t stop = newline ? static_cast<std::size_t>(newline - buffer_.data()) : end_;
      line.number = ++lines_;
      line.raw = {buffer_.data() + begin_, stop - begin_};
      consumed_ += stop - begin_ + (newline ? 1 : 0);
      begin_ = stop + (newline ? 1 : 0);
      if (line.raw.size() > longest_line) line.too_long = true;
      if (line.too_long) {
        if (overflow_) overflow_(line.raw);
        line.raw = {};
      }
      line.text = line.raw;
      if (line.text.ends_with('\r')) line.text.remove_suffix(1);
      if (line.number == 1 && line.text.starts_with("\xEF\xBB\xBF")) line.text.remove_prefix(3);
      return Result::line;
    }
    if (at_end_) return error_ ? Result::failed : Result::end;
    if (end_ - begin_ > longest_line) {
      line.too_long = true;
      spill();
    }
    const std::size_t unfinished = end_ - begin_;
    if (!fill()) at_end_ = true;
    searched = begin_ + unfinished;
  }
}

// Lets go of the part of a line that is too long to keep.
void LineReader::spill() {
  if (overflow_) overflow_({buffer_.data() + begin_, end_ - begin_});
  consumed_ += end_ - begin_;
  begin_ = end_ = 0;
}

// Reads more behind what is there; false at the end of the input, or when reading failed.
bool LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size() - end_, allowed_));
  if (wanted == 0) return false;
  ssize_t got;
  do got = ::read(descriptor_, buffer_.data() + end_, wanted);
  while (got < 0 && errno == EINTR);
  if (got < 0) error_ = errno;
  if (got <= 0) return false;
  const std::string_view fresh(buffer_.data() + end_, static_cast<std::size_t>(got));
  end_ += fresh.size();
  allowed_ -= fresh.size();
  if (tee_ && !tee_(fresh)) {
    error_ = errno;
    return false;
  }
  return true;
}

}  // namespace lantern::cli
