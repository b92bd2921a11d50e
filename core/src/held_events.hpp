// The events in hand: pages, oldest first, read as one sequence.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "lantern/event.hpp"

namespace lantern::detail {

class HeldEvents {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const RecordedEvent& operator[](std::size_t index) const noexcept { return run_at(index).front(); }

  /// The size of all texts that are held.
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (const auto& page : pages_) sum += page.bytes();
    return sum;
  }

  /// What the last page has looked at.
  [[nodiscard]] std::optional<Position> scanned_to() const noexcept { return pages_.back().scanned_to; }

  void add(EventPage page) {
    size_ += page.size();
    pages_.push_back(std::move(page));
  }

  void clear() noexcept {
    pages_.clear();
    size_ = 0;
  }

  /// The longest run of neighbours that begins at `index`; `index < size()`.
  [[nodiscard]] std::span<const RecordedEvent> run_at(std::size_t index) const noexcept {
    std::size_t page = 0;
    while (index >= pages_[page].size()) index -= pages_[page++].size();
    return pages_[page].events().subspan(index);
  }

  /// Events [begin, end), as one run for each page.
  [[nodiscard]] std::vector<std::span<const RecordedEvent>> runs(std::size_t begin, std::size_t end) const {
    std::vector<std::span<const RecordedEvent>> found;
    while (begin < end) {
      const auto run = run_at(begin);
      found.push_back(run.first(std::min(run.size(), end - begin)));
      begin += found.back().size();
    }
    return found;
  }

  /// Lets go of pages that lie wholly before `index`, but for the last. Returns how many events went with them.
  std::size_t drop_before(std::size_t index) {
    std::size_t dropped = 0, pages = 0;
    while (pages + 1 < pages_.size() && dropped + pages_[pages].size() <= index) dropped += pages_[pages++].size();
    pages_.erase(pages_.begin(), pages_.begin() + static_cast<std::ptrdiff_t>(pages));
    size_ -= dropped;
    return dropped;
  }

 private:
  std::vector<EventPage> pages_;
  std::size_t size_{};
};

}  // namespace lantern::detail
