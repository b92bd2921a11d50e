// The bytes of one file: as they are read, and as they would be found after a loss of power.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lantern/testing/choices.hpp"

namespace lantern::testing::simulated_disk {

/// A value. Offsets and sizes in bytes.
class StoredFile {
 public:
  using Bytes = std::vector<std::byte>;

  [[nodiscard]] const Bytes& bytes() const noexcept { return now_; }
  /// Reads what is there; the rest of `into` is filled with zeros. Returns how much was there.
  std::size_t read(std::size_t offset, std::span<std::byte> into) const noexcept;
  void write(std::size_t offset, std::span<const std::byte> bytes);
  void truncate(std::size_t size);
  void sync();
  /// A sync failed: what it should have brought to the disk is read as before, but no later sync does so any more.
  void forget_what_was_not_synced() noexcept { unsynced_.clear(); }

  /// What was not synced is kept, lost or torn; afterwards there is nothing that is not synced.
  void lose_power(Choices& choices);
  void lose_all_that_was_not_synced();

  friend bool operator==(const StoredFile&, const StoredFile&);

 private:
  struct Change {
    std::size_t offset{};  ///< or the new size
    Bytes bytes{};
    bool truncates{};
  };
  static void apply(const Change& change, Bytes& to);
  static void tear(const Change& change, Bytes& to, Choices& choices);

  Bytes now_{}, durable_{};
  std::vector<Change> unsynced_{};  ///< in order; what a later sync brings to the disk
};

}  // namespace lantern::testing::simulated_disk
