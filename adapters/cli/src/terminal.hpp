// Lines at the bottom of a terminal that are drawn over and over.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lantern::cli {

/// A block of lines on standard error. Off, and silent, unless standard error is a terminal that can redraw. Not
/// thread-safe.
class LiveLines {
 public:
  explicit LiveLines(bool wanted);
  LiveLines(const LiveLines&) = delete;
  LiveLines& operator=(const LiveLines&) = delete;
  ~LiveLines() { clear(); }

  [[nodiscard]] bool on() const noexcept { return on_; }
  /// Columns and rows of the terminal, asked for anew: it may have been resized.
  struct Size {
    std::size_t columns{80}, rows{24};
  };
  [[nodiscard]] Size size() const;

  /// Replaces what was drawn before. Lines are cut to the width of the terminal.
  void draw(const std::vector<std::string>& lines);
  /// Takes the block away, so that other text can be printed in its place.
  void clear();

 private:
  bool on_;
  std::size_t drawn_{};
};

/// How fast something grows: over the last few seconds, so that it follows changes and yet reads calmly.
class RateMeter {
 public:
  using Clock = std::chrono::steady_clock;
  void sample(Clock::time_point now, std::uint64_t done);
  /// Per second; absent until it can be told.
  [[nodiscard]] std::optional<double> per_second() const;

 private:
  struct Sample {
    Clock::time_point at;
    std::uint64_t done;
  };
  std::deque<Sample> samples_{};
};

/// What a progress line shows.
struct Progress {
  std::string label{};
  std::uint64_t done{};
  std::optional<std::uint64_t> total{};  ///< absent: unknown
  std::string count{};                   ///< "1,234 of 5,678 events"
  std::optional<double> per_second{};    ///< of what `rate_noun` names
  std::string_view rate_noun{"events"};
  std::optional<std::chrono::nanoseconds> left{};
};

/// `label  [######......]  45%  12,345 of 27,000 events  98,000 events/s  0:12 left`, the bar as wide as there is room.
[[nodiscard]] std::string progress_line(const Progress&, std::size_t columns);

}  // namespace lantern::cli
