// Lines that are no events: told on standard error, and put aside where that is wanted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "descriptor.hpp"
#include "exit_code.hpp"
#include "output.hpp"
#include "terminal.hpp"

namespace lantern::cli {

class BadLines {
 public:
  /// `input` is the name of the input in messages.
  BadLines(std::string input, LiveLines& live) : input_(std::move(input)), live_(&live) {}

  /// From now on, bad lines go to this file, which must be new or empty: no earlier ones are ever overwritten.
  [[nodiscard]] tl::expected<void, Trouble> put_aside_in(const std::string& path);

  /// Tells where and why; only the first 20 are told.
  void tell(std::uint64_t line, std::size_t column, std::string_view reason);
  /// Puts the line aside, or a piece of it: `end` says that it is the last.
  void put_aside(std::string_view raw, bool end = true);
  /// After the last line: says how many more there are, and makes sure that those put aside are written.
  [[nodiscard]] Outcome finish();

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  static constexpr std::uint64_t most_told = 20;
  std::string input_;
  LiveLines* live_;
  std::uint64_t count_{};
  std::string path_{};
  Descriptor file_{};
  std::optional<Output> out_{};
};

}  // namespace lantern::cli
