// The events in hand: pages, oldest first, read as one sequence.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "lantern/cursors.hpp"
#include "lantern/event.hpp"

namespace lantern::detail {

class HeldEvents {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const RecordedEvent& operator[](std::size_t index) const noexcept { return run_at(index).front(); }

  /// The size of all texts that are held.
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (const auto& held : pages_) sum += held.page.bytes();
    return sum;
  }

  /// What the last page has looked at.
  [[nodiscard]] std::optional<Position> scanned_to() const noexcept { return pages_.back().page.scanned_to; }

  /// `version`: what a page of one stream has looked at.
  void add(EventPage page, std::optional<StreamVersion> version = {}) {
    size_ += page.size();
    pages_.push_back({std::move(page), version});
  }

  /// Which stream stands where when all events before `index` are done; `0 < index <= size()`.
  [[nodiscard]] std::pair<std::string_view, StreamVersion> done_before(std::size_t index) const noexcept {
    std::size_t page = 0;
    while (index > pages_[page].page.size()) index -= pages_[page++].page.size();
    const RecordedEvent& last = pages_[page].page.events()[index - 1];
    const bool is_all = index == pages_[page].page.size();
    return {last.stream,
            is_all ? pages_[page].version.value_or(StreamVersion{last.version}) : StreamVersion{last.version}};
  }

  /// Of each page, the stream of its events.
  [[nodiscard]] std::vector<std::string_view> streams() const {
    std::vector<std::string_view> found;
    for (const auto& held : pages_) found.push_back(held.page.events().front().stream);
    return found;
  }

  void clear() noexcept {
    pages_.clear();
    size_ = 0;
  }

  /// The longest run of neighbours that begins at `index`; `index < size()`.
  [[nodiscard]] std::span<const RecordedEvent> run_at(std::size_t index) const noexcept {
    std::size_t page = 0;
    while (index >= pages_[page].page.size()) index -= pages_[page++].page.size();
    return pages_[page].page.events().subspan(index);
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
    while (pages + 1 < pages_.size() && dropped + pages_[pages].page.size() <= index) {
      dropped += pages_[pages++].page.size();
    }
    pages_.erase(pages_.begin(), pages_.begin() + static_cast<std::ptrdiff_t>(pages));
    size_ -= dropped;
    return dropped;
  }

 private:
  struct Held {
    EventPage page{};
    std::optional<StreamVersion> version{};
  };
  std::vector<Held> pages_;
  std::size_t size_{};
};

}  // namespace lantern::detail
