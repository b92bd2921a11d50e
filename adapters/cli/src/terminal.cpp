#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "text.hpp"

namespace lantern::cli {
namespace {

bool can_redraw() {
  if (::isatty(STDERR_FILENO) != 1) return false;
  const char* const kind = std::getenv("TERM");
  return !kind || std::string_view(kind) != "dumb";
}

void write_to_terminal(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;  // a progress bar is never worth an error
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

LiveLines::LiveLines(bool wanted) : on_(wanted && can_redraw()) {}

LiveLines::Size LiveLines::size() const {
  winsize window{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) return {};
  return {window.ws_col, window.ws_row};
}

void LiveLines::draw(const std::vector<std::string>& lines) {
  if (!on_) return;
  const std::size_t columns = size().columns;
  std::string text;
  // Up to the first line of the block, then each line over the old one.
  if (drawn_ > 1) text += "\x1b[" + std::to_string(drawn_ - 1) + "A";
  text += '\r';
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (at > 0) text += "\r\n";
    text += cut_to(lines[at], columns - 1) + "\x1b[K";
  }
  text += "\x1b[J";
  write_to_terminal(text);
  drawn_ = lines.size();
}

void LiveLines::clear() {
  if (!on_ || drawn_ == 0) return;
  std::string text;
  if (drawn_ > 1) text += "\x1b[" + std::to_string(drawn_ - 1) + "A";
  write_to_terminal(text + "\r\x1b[J");
  drawn_ = 0;
}

void RateMeter::sample(Clock::time_point now, std::uint64_t done) {
  constexpr auto window = std::chrono::seconds(5);
  samples_.push_back({now, done});
  while (samples_.size() > 2 && now - samples_[1].at >= window) samples_.pop_front();
}

std::optional<double> RateMeter::per_second() const {
  constexpr auto shortest = std::chrono::milliseconds(200);
  if (samples_.size() < 2 || samples_.back().at - samples_.front().at < shortest) return std::nullopt;
  const std::chrono::duration<double> length = samples_.back().at - samples_.front().at;
  return static_cast<double>(samples_.back().done - samples_.front().done) / length.count();
}

std::string progress_line(const Progress& progress, std::size_t columns) {
  std::string after;
  const double part =
      progress.total && *progress.total > 0
          ? std::clamp(static_cast<double>(progress.done) / static_cast<double>(*progress.total), 0.0, 1.0)
          : 1.0;
  if (progress.total) {
    const std::string percent = std::to_string(static_cast<int>(part * 100)) + "%";
    after += std::string(percent.size() < 4 ? 4 - percent.size() : 0, ' ') + percent;
  }
  after += "  " + progress.count;
  if (progress.per_second) {
    after += "  " + grouped(static_cast<std::uint64_t>(std::llround(*progress.per_second))) + " " +
             std::string(progress.rate_noun) + "/s";
  }
  if (progress.left) after += "  " + brief(*progress.left) + " left";
  std::string line = progress.label;
  if (progress.total) {
    const std::size_t taken = display_width(line) + display_width(after) + 6;
    const std::size_t room = columns > taken ? std::min<std::size_t>(columns - taken, 30) : 0;
    if (room >= 5) {
      const auto full = static_cast<std::size_t>(part * static_cast<double>(room));
      line += "  [" + std::string(full, '#') + std::string(room - full, '.') + "]";
    }
  }
  return line + " " + after;
}

}  // namespace lantern::cli
