#include "disk_state.hpp"

#include <cerrno>

namespace lantern::testing::simulated_disk {
namespace {

bool is_change(Operation operation) {
  switch (operation) {
    case Operation::create:
    case Operation::write:
    case Operation::truncate:
    case Operation::sync:
    case Operation::remove: return true;
    default: return false;
  }
}

bool can_befall(Trouble trouble, Operation operation) {
  switch (trouble) {
    case Trouble::io_error: return true;
    case Trouble::busy: return operation == Operation::lock;
    case Trouble::sync: return operation == Operation::sync;
    case Trouble::full: return is_change(operation) && operation != Operation::remove;
    case Trouble::no_memory:
      return operation == Operation::open || operation == Operation::create || operation == Operation::read ||
             operation == Operation::write || operation == Operation::share;
  }
  return false;
}

Code code_of(Trouble trouble, Operation operation, Code io_error) {
  switch (trouble) {
    case Trouble::busy: return SQLITE_BUSY;
    case Trouble::full: return operation == Operation::write ? SQLITE_FULL : io_error;
    case Trouble::no_memory:
      return operation == Operation::read || operation == Operation::write ? SQLITE_IOERR_NOMEM : SQLITE_NOMEM;
    default: return io_error;
  }
}

int reason_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::busy: return EAGAIN;
    case Trouble::full: return ENOSPC;
    case Trouble::no_memory: return ENOMEM;
    default: return EIO;
  }
}

}  // namespace

Code DiskState::refuse(int why, Code code) noexcept {
  os_error = why;
  errno = why;  // where SQLite's own VFS leaves it
  return code;
}

Code DiskState::admit(Operation operation, std::uint64_t its_life, Code io_error, bool has_name) {
  if (!is_alive(its_life)) return refuse(EIO, io_error);
  if (fault && can_befall(fault->trouble, operation)) {
    ++suffered;
    if (suffered == fault->nth || (fault->for_ever && suffered > fault->nth)) {
      ++failures;
      return refuse(reason_of(fault->trouble), code_of(fault->trouble, operation, io_error));
    }
  }
  if (has_name && is_change(operation)) {
    if (changes + 1 == dies_at) {
      dead = true;
      return refuse(EIO, io_error);
    }
    ++changes;
  }
  return SQLITE_OK;
}

void DiskState::begin_life() {
  ++life;
  dead = false;
  dies_at = 0;
}

}  // namespace lantern::testing::simulated_disk
