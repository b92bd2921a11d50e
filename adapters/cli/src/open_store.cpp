#include "open_store.hpp"

namespace lantern::cli {

tl::unexpected<Trouble> store_trouble(const Failure& failure) { return trouble(ExitCode::store, to_string(failure)); }

tl::expected<SqliteStore, Trouble> open_store(const std::string& path, Access access) {
  SqliteOptions options;
  options.busy_timeout = std::chrono::seconds(10);
  switch (access) {
    case Access::read: options.access = StoreAccess::read_only; break;
    case Access::write: options.access = StoreAccess::open_existing; break;
    case Access::create: options.access = StoreAccess::create; break;
  }
  auto store = SqliteStore::open(path, options);
  if (!store) return store_trouble(store.error());
  return *std::move(store);
}

}  // namespace lantern::cli
