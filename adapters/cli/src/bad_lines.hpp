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

  /// From now on, bad lines go to this file. What is in it already is never overwritten: it must be what an earlier
  /// import put aside, which is compared, and only what follows is added.
  [[nodiscard]] tl::expected<void, Trouble> put_aside_in(const std::string& path);

  /// Tells where and why; only the first 20 are told.
  void tell(std::uint64_t line, std::size_t column, std::string_view reason);
  /// Puts the line aside, or a piece of it: `end` says that it is the last.
  void put_aside(std::string_view raw, bool end = true);
  /// Whether the file holds other lines than those that are put aside.
  [[nodiscard]] bool differs() const noexcept { return differs_; }
  [[nodiscard]] tl::unexpected<Trouble> refused() const;
  /// After the last line: says how many more there are, and makes sure that those put aside are written.
  [[nodiscard]] Outcome finish();

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  static constexpr std::uint64_t most_told = 20;
  std::string input_;
  LiveLines* live_;
  void put(std::string_view bytes);

  std::uint64_t count_{};
  std::int64_t there_{}, compared_{};  // bytes of an earlier import
  bool differs_{};
  std::string path_{};
  Descriptor file_{};
  std::optional<Output> out_{};
};

}  // namespace lantern::cli
