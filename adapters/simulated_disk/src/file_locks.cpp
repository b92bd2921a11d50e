#include "file_locks.hpp"

#include <algorithm>

namespace lantern::testing::simulated_disk {

int FileLocks::level_of(Holder who) const {
  const auto found = levels_.find(who);
  return found == levels_.end() ? SQLITE_LOCK_NONE : found->second;
}

int FileLocks::highest_beside(Holder who) const {
  int highest = SQLITE_LOCK_NONE;
  for (const auto& [holder, level] : levels_) {
    if (holder != who) highest = std::max(highest, level);
  }
  return highest;
}

bool FileLocks::raise(Holder who, int level) {
  if (level_of(who) >= level) return true;
  const int others = highest_beside(who);
  if (level == SQLITE_LOCK_SHARED) {
    if (others >= SQLITE_LOCK_PENDING) return false;
    levels_[who] = SQLITE_LOCK_SHARED;
    return true;
  }
  if (others >= SQLITE_LOCK_RESERVED) return false;
  if (level == SQLITE_LOCK_EXCLUSIVE && others != SQLITE_LOCK_NONE) {
    levels_[who] = SQLITE_LOCK_PENDING;  // nobody else begins to read meanwhile
    return false;
  }
  levels_[who] = level;
  return true;
}

void FileLocks::lower(Holder who, int level) {
  if (level_of(who) <= level) return;
  if (level == SQLITE_LOCK_NONE) levels_.erase(who);
  else levels_[who] = level;
}

bool FileLocks::somebody_has_reserved() const {
  return std::any_of(levels_.begin(), levels_.end(),
                     [](const auto& each) { return each.second >= SQLITE_LOCK_RESERVED; });
}

void* SharedMemory::region(std::size_t index, std::size_t size, bool make) {
  if (index >= regions_.size() && !make) return nullptr;
  while (regions_.size() <= index) regions_.push_back(std::make_unique<std::byte[]>(size));
  return regions_[index].get();
}

bool SharedMemory::lock(Holder who, int first, int count, bool exclusive) {
  const auto from = slots_.begin() + first, to = from + count;
  const auto in_the_way = [&](const Slot& slot) {
    if (slot.owner && slot.owner != who) return true;
    return exclusive && std::any_of(slot.sharers.begin(), slot.sharers.end(), [&](Holder one) { return one != who; });
  };
  if (std::any_of(from, to, in_the_way)) return false;
  std::for_each(from, to, [&](Slot& slot) {
    if (exclusive) slot.owner = who;
    else slot.sharers.push_back(who);
  });
  return true;
}

bool SharedMemory::is_locked() const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return slot.owner || !slot.sharers.empty(); });
}

void SharedMemory::unlock(Holder who, int first, int count) {
  std::for_each(slots_.begin() + first, slots_.begin() + first + count, [&](Slot& slot) {
    if (slot.owner == who) slot.owner = nullptr;
    std::erase(slot.sharers, who);
  });
}

}  // namespace lantern::testing::simulated_disk
