// Lines of a descriptor, one at a time, in constant memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace lantern::cli {

/// The longest line that is read; a longer one is reported, not stored.
inline constexpr std::size_t longest_line = 16u << 20;

/// One line. Views; valid until the next is read.
struct Line {
  std::uint64_t number{};   ///< from 1
  std::string_view text{};  ///< without the end of line (LF or CRLF), and on line 1 without a byte order mark
  std::string_view raw{};   ///< as in the file, without the LF; of a line that is too long, nothing
  bool too_long{};
};

/// Reads a descriptor that it does not own. Not thread-safe.
class LineReader {
 public:
  enum class Result : std::uint8_t { line, end, failed };

  /// Reads at most `most_bytes`. Everything read is first handed to `tee`, where one is given.
  explicit LineReader(int descriptor, std::uint64_t most_bytes = UINT64_MAX,
                      std::function<bool(std::string_view)> tee = {});

  [[nodiscard]] Result next(Line& line);

  /// Receives the pieces of a line that is too long, in order.
  void on_overflow(std::function<void(std::string_view)> take) { overflow_ = std::move(take); }

  /// Bytes of the lines handed out so far.
  [[nodiscard]] std::uint64_t consumed() const noexcept { return consumed_; }
  /// Of a failed read: its errno.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  bool fill();
  void spill();

  int descriptor_;
  std::uint64_t allowed_;
  std::function<bool(std::string_view)> tee_;
  std::function<void(std::string_view)> overflow_{};
  std::vector<char> buffer_;
  std::size_t begin_{}, end_{};  // what is read and not yet handed out
  std::uint64_t lines_{}, consumed_{};
  bool at_end_{};
  int error_{};
};

}  // namespace lantern::cli
