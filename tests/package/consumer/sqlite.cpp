// A log in a file: what is appended can be read by another store on it.
#include <lantern/sqlite/sqlite_store.hpp>

#include <cstdlib>
#include <filesystem>

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "lantern-consumer-XXXXXX").string();
  if (!mkdtemp(folder.data())) return 1;
  bool good = false;
  {
    auto writer = lantern::SqliteStore::open(folder + "/log.db");
    good = writer && writer->append({{.stream = "s", .type = "t", .data = "{}"}});
    auto reader = lantern::SqliteStore::open(folder + "/log.db");
    good = good && reader && reader->head() && *reader->head() == lantern::Position{1};
  }
  std::filesystem::remove_all(folder);
  return good ? 0 : 1;
}
