#include "lantern/simulated_disk/simulated_disk.hpp"

#include <atomic>
#include <stdexcept>

#include "vfs.hpp"

namespace lantern::testing {

using simulated_disk::DiskState;
using simulated_disk::Folder;

namespace {

std::string new_name() {
  static std::atomic<std::uint64_t> disks = 0;
  return "lantern-simulated-disk-" + std::to_string(++disks);
}

}  // namespace

struct SimulatedDisk::Registered {
  std::shared_ptr<DiskState> state = std::make_shared<DiskState>();
  std::string name = new_name();
  sqlite3_vfs vfs = simulated_disk::vfs_of(state, name);
};

SimulatedDisk::SimulatedDisk() : registered_(std::make_unique<Registered>()) {
  if (sqlite3_vfs_register(&registered_->vfs, 0) != SQLITE_OK) {
    throw std::runtime_error("SQLite takes no VFS: it could not be initialised");
  }
}
SimulatedDisk::~SimulatedDisk() { sqlite3_vfs_unregister(&registered_->vfs); }

const char* SimulatedDisk::vfs() const noexcept { return registered_->name.c_str(); }

std::uint64_t SimulatedDisk::changes() const {
  const std::lock_guard lock(registered_->state->mutex);
  return registered_->state->changes;
}

void SimulatedDisk::die_at(std::uint64_t change) {
  const std::lock_guard lock(registered_->state->mutex);
  registered_->state->dies_at = change;
}

bool SimulatedDisk::is_dead() const {
  const std::lock_guard lock(registered_->state->mutex);
  return registered_->state->dead;
}

void SimulatedDisk::lose_power(Choices& choices) {
  const std::lock_guard lock(registered_->state->mutex);
  registered_->state->folder.lose_power(choices);
  registered_->state->begin_life();
}

void SimulatedDisk::lose_power_and_all_that_was_not_synced() {
  const std::lock_guard lock(registered_->state->mutex);
  registered_->state->folder.lose_all_that_was_not_synced();
  registered_->state->begin_life();
}

void SimulatedDisk::restart() {
  const std::lock_guard lock(registered_->state->mutex);
  registered_->state->folder = Folder(registered_->state->folder);  // who is dead keeps the files that it has open
  registered_->state->begin_life();
}

void SimulatedDisk::fail(DiskFault fault) {
  const std::lock_guard lock(registered_->state->mutex);
  registered_->state->fault = fault;
  registered_->state->suffered = registered_->state->failures = 0;
}

void SimulatedDisk::heal() {
  const std::lock_guard lock(registered_->state->mutex);
  registered_->state->fault.reset();
}

std::uint64_t SimulatedDisk::failures() const {
  const std::lock_guard lock(registered_->state->mutex);
  return registered_->state->failures;
}

bool SimulatedDisk::is_in_transaction() const {
  const std::lock_guard lock(registered_->state->mutex);
  return registered_->state->folder.is_in_use();
}

SimulatedDisk::Image SimulatedDisk::image() const {
  const std::lock_guard lock(registered_->state->mutex);
  Image image;
  image.files_ = std::make_shared<const Folder>(registered_->state->folder);
  return image;
}

bool operator==(const SimulatedDisk::Image& a, const SimulatedDisk::Image& b) {
  static const Folder nothing;
  const auto files = [](const SimulatedDisk::Image& image) -> const Folder& {
    return image.files_ ? *static_cast<const Folder*>(image.files_.get()) : nothing;
  };
  return files(a) == files(b);
}

void SimulatedDisk::restore(const Image& image) {
  const std::lock_guard lock(registered_->state->mutex);
  if (image.files_) registered_->state->folder = *static_cast<const Folder*>(image.files_.get());
  else registered_->state->folder = Folder();
  registered_->state->begin_life();
  registered_->state->fault.reset();
}

std::optional<std::string> SimulatedDisk::contents(std::string_view file) const {
  const std::lock_guard lock(registered_->state->mutex);
  const auto found = registered_->state->folder.find(file);
  if (!found) return std::nullopt;
  const auto& bytes = found->stored.bytes();
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace lantern::testing
