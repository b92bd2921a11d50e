#include "allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

// Of the test's own thread.
thread_local bool counts = false, is_for_ever = false;
thread_local std::uint64_t count = 0, failing = 0;

void* allocate(std::size_t size, std::size_t alignment) {
  if (counts) {
    ++count;
    if (count == failing || (is_for_ever && count > failing)) throw std::bad_alloc();
  }
  size = size == 0 ? 1 : size;
  void* const found = alignment == 0 ? std::malloc(size)
                                     : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (!found) throw std::bad_alloc();
  return found;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, 0); }
void* operator new[](std::size_t size) { return allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t at) { return allocate(size, static_cast<std::size_t>(at)); }
void* operator new[](std::size_t size, std::align_val_t at) { return allocate(size, static_cast<std::size_t>(at)); }
// The standard library's own call the ones above, but a sanitizer's do not.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept try {
  return allocate(size, 0);
} catch (const std::bad_alloc&) {
  return nullptr;
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept try {
  return allocate(size, 0);
} catch (const std::bad_alloc&) {
  return nullptr;
}
void operator delete(void* what) noexcept { std::free(what); }
void operator delete[](void* what) noexcept { std::free(what); }
void operator delete(void* what, std::size_t) noexcept { std::free(what); }
void operator delete[](void* what, std::size_t) noexcept { std::free(what); }
void operator delete(void* what, std::align_val_t) noexcept { std::free(what); }
void operator delete[](void* what, std::align_val_t) noexcept { std::free(what); }
void operator delete(void* what, std::size_t, std::align_val_t) noexcept { std::free(what); }
void operator delete[](void* what, std::size_t, std::align_val_t) noexcept { std::free(what); }

namespace lantern::testing {

Exhausted::Exhausted(std::uint64_t nth, bool for_ever) noexcept {
  count = 0;
  failing = nth;
  is_for_ever = for_ever;
  counts = true;
}
Exhausted::~Exhausted() { counts = false; }
std::uint64_t Exhausted::counted() noexcept { return count; }

}  // namespace lantern::testing
