// Results go to a descriptor, buffered, and a reader that has gone away is no error.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "exit_code.hpp"

namespace lantern::cli {

/// Writes to a descriptor that it does not own. Not thread-safe. Once writing fails, everything further is dropped.
class Output {
 public:
  explicit Output(int descriptor) : descriptor_(descriptor) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { flush(); }

  Output& operator<<(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= capacity) flush();
    return *this;
  }
  Output& operator<<(char c) { return *this << std::string_view(&c, 1); }

  void flush();
  /// False once nobody reads any more, or writing failed: time to stop.
  [[nodiscard]] bool good() const noexcept { return error_ == 0; }
  /// The same while there is nothing to write: false once the reader of a pipe has gone away.
  [[nodiscard]] bool has_reader() const noexcept;
  /// Flushes. A closed pipe (`| head`) ends the command quietly; any other error is trouble.
  [[nodiscard]] Outcome finish(ExitCode code = ExitCode::done);

 private:
  static constexpr std::size_t capacity = 1 << 16;
  int descriptor_;
  int error_{};
  std::string buffer_{};
};

}  // namespace lantern::cli
