#include "scratch_folder.hpp"

#include <stdlib.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace lantern::cli {

tl::expected<ScratchFolder, Trouble> ScratchFolder::make() {
  std::error_code error;
  const auto parent = std::filesystem::temp_directory_path(error);
  std::string path = (error ? "/tmp" : parent.string()) + "/lantern-scratch-XXXXXX";
  if (!::mkdtemp(path.data())) {
    return trouble(ExitCode::store, "cannot create a temporary folder (" + std::generic_category().message(errno) +
                                        ", " + path + "): set TMPDIR to a folder that can be written");
  }
  return ScratchFolder(path);
}

void ScratchFolder::remove() const noexcept {
  if (path_.empty()) return;
  std::error_code ignored;
  // Under another name, nobody can put anything more into it.
  const std::filesystem::path gone = path_.native() + "-gone";
  std::filesystem::rename(path_, gone, ignored);
  std::filesystem::remove_all(gone, ignored);
}

}  // namespace lantern::cli
