// Sequences that one thread at a time adds to, and that others read meanwhile: what is there stays where it is.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>

#include "lantern/event.hpp"

namespace lantern::detail {

/// Events by position, from 1. Each block has twice the room of the one before it, so none ever moves.
class EventList {
 public:
  // ---- for whoever adds ----

  /// Readers see it once it is published.
  const RecordedEvent& add(const RecordedEvent& event) {
    const Place place = place_of(size_);
    EventPage& block = blocks_[place.block];
    if (place.index == 0) {
      block.reserve(first_room << place.block);
      starts_[place.block] = block.events().data();
    }
    block.add(event);
    ++size_;
    return starts_[place.block][place.index];
  }
  /// Those behind this position were never published, and are to be gone.
  void take_back_to(std::int64_t position) noexcept {
    for (; size_ > position; --size_) {
      const Place place = place_of(size_ - 1);
      blocks_[place.block].drop_after(place.index);
    }
  }
  void publish() noexcept { published_.store(size_, std::memory_order_release); }
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }

  // ---- for everybody ----

  /// How many events may be read.
  [[nodiscard]] std::int64_t published() const noexcept { return published_.load(std::memory_order_acquire); }
  /// Of one that is published; for whoever adds, of any.
  [[nodiscard]] const RecordedEvent& at(std::int64_t position) const noexcept {
    const Place place = place_of(position - 1);
    return starts_[place.block][place.index];
  }

 private:
  struct Place {
    std::size_t block;
    std::size_t index;
  };
  static constexpr std::size_t first_room = 1024;
  static constexpr std::size_t most_blocks = 48;  // more than memory has room for

  [[nodiscard]] static constexpr Place place_of(std::int64_t number) noexcept {
    const std::size_t shifted = static_cast<std::size_t>(number) + first_room;
    const auto block = static_cast<std::size_t>(std::bit_width(shifted / first_room)) - 1;
    return {block, shifted - (first_room << block)};
  }

  std::int64_t size_{};
  std::atomic<std::int64_t> published_{};
  std::array<EventPage, most_blocks> blocks_{};
  std::array<const RecordedEvent*, most_blocks> starts_{};  ///< readers must not ask a block that is being added to
};

/// Positions, ascending. A view of it is taken in no time, and shares its memory: what is added afterwards lies behind
/// its end, or elsewhere. Whoever adds and whoever takes a view must exclude each other.
class PositionList {
 public:
  class View {
   public:
    View() = default;
    [[nodiscard]] std::span<const std::int64_t> positions() const noexcept { return {memory_.get(), size_}; }

   private:
    friend class PositionList;
    View(std::shared_ptr<const std::int64_t[]> memory, std::size_t size) : memory_(std::move(memory)), size_(size) {}
    std::shared_ptr<const std::int64_t[]> memory_{};
    std::size_t size_{};
  };

  void add(std::int64_t position) {
    if (size_ == room_) {
      const std::size_t room = std::max<std::size_t>(4, 2 * room_);
      const std::shared_ptr<std::int64_t[]> larger(new std::int64_t[room]);
      std::copy_n(memory_.get(), size_, larger.get());
      memory_ = larger;
      room_ = room;
    }
    memory_.get()[size_++] = position;
  }
  /// The last one is to be gone. Views that know of it keep their memory: what is added next lies elsewhere.
  void take_back() noexcept { room_ = --size_; }
  [[nodiscard]] bool ends_with(std::int64_t position) const noexcept {
    return size_ > 0 && memory_.get()[size_ - 1] == position;
  }
  [[nodiscard]] View view() const { return {memory_, size_}; }
  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(size_); }

 private:
  std::shared_ptr<std::int64_t[]> memory_{};
  std::size_t size_{}, room_{};
};

}  // namespace lantern::detail
