// The names on a disk, and what they stand for, also after a loss of power.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "file_locks.hpp"
#include "lantern/testing/choices.hpp"
#include "stored_file.hpp"

namespace lantern::testing::simulated_disk {

/// A file: what is in it, and who uses it. Without a name it lives as long as it is open.
struct File {
  StoredFile stored{};
  FileLocks locks{};
  std::weak_ptr<SharedMemory> shared{};
};

/// All names of a disk. Copying it copies the files, without their locks and shared memory.
class Folder {
 public:
  Folder() = default;
  Folder(const Folder& other) { *this = other; }
  Folder& operator=(const Folder& other);
  ~Folder() = default;
  /// Compares names and what is in the files; not who uses them.
  friend bool operator==(const Folder&, const Folder&);

  /// Null: there is none.
  [[nodiscard]] std::shared_ptr<File> find(std::string_view name) const;
  std::shared_ptr<File> make(const std::string& name);
  /// False: there was none.
  bool remove(const std::string& name);
  /// What is named `name`, and all beside it, is found by its name from now on.
  void sync_around(std::string_view name);

  /// Somebody reads or writes a file with a name.
  [[nodiscard]] bool is_in_use() const;

  /// What becomes of names and files. Who has a file open keeps a file that is not of this folder any more.
  void lose_power(Choices& choices);
  void lose_all_that_was_not_synced();

 private:
  /// What a name stood for since the folder was last synced, in order; null: nothing. The last is what it stands for.
  using History = std::vector<std::shared_ptr<File>>;

  template <class Decide>
  void settle(Decide decide);

  std::map<std::string, History, std::less<>> names_{};
};

}  // namespace lantern::testing::simulated_disk
