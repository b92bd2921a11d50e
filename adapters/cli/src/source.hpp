// The input of an import, which can be read twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "descriptor.hpp"
#include "exit_code.hpp"
#include "line_reader.hpp"

namespace lantern::cli {

/// A file, or standard input. What cannot be rewound (a pipe) is copied to a temporary file, without a name, while it
/// is read for the first time.
class Source {
 public:
  /// `-` is standard input.
  [[nodiscard]] static tl::expected<Source, Trouble> open(const std::string& path);

  /// A reader from the beginning. `again` says that it will be rewound.
  [[nodiscard]] tl::expected<LineReader, Trouble> first_reading(bool again);
  /// A reader of the first `bytes` bytes of what was read before: a log may have grown meanwhile.
  [[nodiscard]] tl::expected<LineReader, Trouble> second_reading(std::uint64_t bytes);

  /// For messages.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// In bytes; absent of a pipe.
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return size_; }
  /// What reading failed with.
  [[nodiscard]] Trouble unreadable(int error) const;

 private:
  std::string name_{};
  Descriptor owned_{};
  int descriptor_{};
  std::int64_t begin_{};                 // where a file begins, for a descriptor that was handed to us
  std::optional<std::uint64_t> size_{};  // absent: it cannot be rewound
  Descriptor spool_{};
};

}  // namespace lantern::cli
