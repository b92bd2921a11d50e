#include "display.hpp"

#include <algorithm>

#include "messages.hpp"
#include "text.hpp"

namespace lantern::cli {

void Display::begun() {
  const std::lock_guard lock(mutex_);
  ++working_;
}

void Display::done() {
  const std::lock_guard lock(mutex_);
  --working_;
  changed_.notify_all();
}

void Display::wait(const std::function<void()>& between) {
  std::unique_lock lock(mutex_);
  while (working_ > 0) {
    if (!live_.on()) {
      changed_.wait_for(lock, std::chrono::milliseconds(200));
      between();
    } else {
      draw();
      changed_.wait_for(lock, std::chrono::milliseconds(100));
    }
  }
  live_.clear();
}

void Display::above(const std::function<void()>& print) {
  const std::lock_guard lock(mutex_);
  live_.clear();
  print();
}

void Display::tell(const std::string& text) {
  above([&] { say(text); });
}

void Display::draw() {
  const auto [columns, rows] = live_.size();
  std::vector<Progress> all = look_(RateMeter::Clock::now());
  std::size_t widest = 0;
  for (Progress& one : all) {
    one.label = cut_to(one.label, 24);
    widest = std::max(widest, display_width(one.label));
  }
  std::vector<std::string> lines;
  for (Progress& one : all) {
    if (lines.size() + 2 > rows) break;  // what does not fit is not shown; its summary comes at the end
    one.label.append(widest - display_width(one.label), ' ');
    lines.push_back(progress_line(one, columns - 1));
  }
  live_.draw(lines);
}

void StopNotice::set(std::function<void()> say_so) {
  const std::lock_guard lock(mutex_);
  say_so_ = std::move(say_so);
}

void StopNotice::give() {
  const std::lock_guard lock(mutex_);
  if (say_so_) say_so_();
}

}  // namespace lantern::cli
