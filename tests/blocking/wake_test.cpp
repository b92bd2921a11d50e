// Appends through another connection to the same file, as another program would make them.
#include <catch2/catch.hpp>
#include <filesystem>
#include <future>

#include "driver_world.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/sqlite/sqlite_store.hpp"

using namespace world;

namespace {
struct Directory {
  std::filesystem::path path;
  Directory() : path(std::filesystem::temp_directory_path() / ("lantern-wake-" + unique_owner())) {
    std::filesystem::create_directory(path);
  }
  ~Directory() { std::filesystem::remove_all(path); }
};

struct Fold {
  std::uint64_t chain = 0;
  [[nodiscard]] std::string name() const { return "fold"; }
  void apply(const RecordedEvent& event, Position) { chain = link(chain, event.data); }
};
}  // namespace

TEST_CASE("an append by another connection cuts an idle sleep short") {
  Directory directory;
  auto reader = SqliteStore::open(directory.path / "store.db");
  auto writer = SqliteStore::open(directory.path / "store.db");
  REQUIRE(reader);
  REQUIRE(writer);
  REQUIRE(writer->append({event(1)}));

  Signal caught_up;
  Observer observer = raise_on<happening::CaughtUp>(caught_up);
  const auto config = ProjectionConfig().continuous().poll_every(long_time).tell(observer);
  Fold fold;
  std::stop_source stop;
  auto result =
      std::async(std::launch::async, [&] { return run_projection_blocking(fold, *reader, config, stop.get_token()); });
  CHECK(caught_up.wait(1));
  CHECK(writer->append({event(2), event(3)}));
  CHECK(caught_up.wait(2));
  CHECK(reader->append({event(4)}));  // and one of its own
  CHECK(caught_up.wait(3));
  stop.request_stop();
  REQUIRE(result.get());
  CHECK(fold.chain == chain_of(4));
}
