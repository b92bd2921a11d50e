// A folder for files that nobody is to find afterwards.
#pragma once

#include <filesystem>
#include <utility>

#include <tl/expected.hpp>

#include "exit_code.hpp"

namespace lantern::cli {

/// A new folder in TMPDIR, for its owner only; gone with all that is in it when this is destroyed. Move-only.
class ScratchFolder {
 public:
  [[nodiscard]] static tl::expected<ScratchFolder, Trouble> make();
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() { remove(); }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Before its time: what has files open in it goes on with them, unseen. From any thread.
  void remove() const noexcept;

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace lantern::cli
