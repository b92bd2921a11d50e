#include "stored_file.hpp"

#include <algorithm>
#include <cstring>

namespace lantern::testing::simulated_disk {
namespace {

constexpr std::size_t sector = 512;

void put(std::size_t offset, std::span<const std::byte> bytes, StoredFile::Bytes& to) {
  if (offset > to.size()) to.resize(offset);
  const auto over = bytes.first(std::min(bytes.size(), to.size() - offset));
  std::copy(over.begin(), over.end(), to.begin() + static_cast<std::ptrdiff_t>(offset));
  to.insert(to.end(), bytes.begin() + static_cast<std::ptrdiff_t>(over.size()), bytes.end());
}

}  // namespace

bool operator==(const StoredFile& a, const StoredFile& b) {
  // Of `std::byte`, the standard library compares one at a time.
  const auto same = [](const StoredFile::Bytes& one, const StoredFile::Bytes& other) {
    return one.size() == other.size() && (one.empty() || std::memcmp(one.data(), other.data(), one.size()) == 0);
  };
  return same(a.now_, b.now_) && same(a.durable_, b.durable_) &&
         std::ranges::equal(a.unsynced_, b.unsynced_, [&](const auto& one, const auto& other) {
           return one.offset == other.offset && one.truncates == other.truncates && same(one.bytes, other.bytes);
         });
}

std::size_t StoredFile::read(std::size_t offset, std::span<std::byte> into) const noexcept {
  const std::size_t there = offset < now_.size() ? std::min(into.size(), now_.size() - offset) : 0;
  std::copy_n(now_.begin() + static_cast<std::ptrdiff_t>(there ? offset : 0), there, into.begin());
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(there), into.end(), std::byte{});
  return there;
}

void StoredFile::write(std::size_t offset, std::span<const std::byte> bytes) {
  unsynced_.push_back({offset, Bytes(bytes.begin(), bytes.end()), false});
  put(offset, bytes, now_);
}

void StoredFile::truncate(std::size_t size) {
  unsynced_.push_back({size, {}, true});
  now_.resize(size);
}

void StoredFile::sync() {
  for (const Change& change : unsynced_) apply(change, durable_);
  unsynced_.clear();
}

void StoredFile::lose_power(Choices& choices) {
  enum : std::uint32_t { keeps, loses, tears };
  constexpr Chance often = Chance::percent(60);
  for (const Change& change : unsynced_) {
    const bool one_sector = change.offset / sector == (change.offset + change.bytes.size() - 1) / sector;
    switch (choices.choose(About::fault, change.truncates || one_sector ? 2 : 3, often)) {
      case keeps: apply(change, durable_); break;
      case tears: tear(change, durable_, choices); break;
      default: break;
    }
  }
  lose_all_that_was_not_synced();
}

void StoredFile::lose_all_that_was_not_synced() {
  unsynced_.clear();
  now_ = durable_;
}

void StoredFile::apply(const Change& change, Bytes& to) {
  if (change.truncates) to.resize(change.offset);
  else put(change.offset, change.bytes, to);
}

void StoredFile::tear(const Change& change, Bytes& to, Choices& choices) {
  const std::size_t end = change.offset + change.bytes.size();
  for (std::size_t at = change.offset; at < end;) {
    const std::size_t next = std::min(end, (at / sector + 1) * sector);
    if (choices.choose(About::fault, 2, Chance::percent(50)) == 0) {
      put(at, std::span(change.bytes).subspan(at - change.offset, next - at), to);
    }
    at = next;
  }
}

}  // namespace lantern::testing::simulated_disk
