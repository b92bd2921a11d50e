// The code that docs/guide-testing.md shows: a plain program, and a run that is recorded and replayed.
#undef NDEBUG
#include <stdlib.h>

#include <cassert>
#include <filesystem>
#include <iostream>

#include "guide_testing_carts.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/memory/memory_store.hpp"
#include "lantern/testing/recording.hpp"
#include "lantern/testing/spec_json.hpp"

using namespace shop;
namespace testing = lantern::testing;

namespace {

void plain() {
  using lantern::testing::given;
  const auto verdict = given<Carts>(Added{"ann", "pen", 300}, Added{"ann", "ink", 500})
                           .when(Removed{"ann", "pen"})
                           .then_view("ann", {.lines = {{"ink", 500}}, .total = 500})
                           .then_deltas(TotalMoved{-300});
  if (!verdict) std::cerr << verdict << '\n';
  assert(verdict);
}

// Subtracts nothing.
struct Wrong : Carts {
  using Carts::apply;
  Change<TotalMoved> apply(Cart& cart, const Removed& event) const {
    cart.lines.erase(event.sku);
    return changed(TotalMoved{0});
  }
};

void wrong() {
  using lantern::testing::given;
  const auto verdict = given<Wrong>(Added{"ann", "pen", 300}, Added{"ann", "ink", 500})
                           .when(Removed{"ann", "pen"})
                           .then_view("ann", {.lines = {{"ink", 500}}, .total = 500});
  assert(verdict.message() == R"(the view of "ann" is not as expected, after Removed {"cart":"ann","sku":"pen"}
  total: expected 500, is 800)");
  const auto deltas = given<Wrong>(Added{"ann", "pen", 300}).when(Removed{"ann", "pen"}).then_deltas(TotalMoved{-300});
  assert(deltas.message() == R"(the deltas are not as expected, after Removed {"cart":"ann","sku":"pen"}
  1. of "ann": expected {"by":-300}, is {"by":0})");
}

lantern::MemoryStore shop_store() {
  lantern::MemoryStore store;
  const auto appended =
      store.append({{.stream = "ann", .type = "Added", .data = R"({"cart":"ann","sku":"pen","cents":300})"},
                    {.stream = "ann", .type = "Removed", .data = R"({"cart":"ann","sku":"pen"})"}});
  assert(appended);
  return store;
}

bool record(const std::filesystem::path& file, lantern::MemoryStore& store) {
  Wrong carts;
  lantern::ProjectionConfig config;
  auto recording = testing::RecordingFile::create(file);
  if (!recording) return std::cerr << recording.error() << '\n', false;
  const auto end = lantern::run_projection_blocking(carts, store, config.record(**recording));
  if (const auto& failure = (*recording)->failure()) std::cerr << *failure << '\n';
  return end.has_value();
}

bool replayed(const std::filesystem::path& file) {
  const auto recording = testing::read_recording(file);
  if (!recording) return std::cerr << recording.error() << '\n', false;
  Carts carts;
  const auto replayed = testing::replay(*recording, carts);
  if (!replayed) std::cerr << replayed.error() << '\n';
  return replayed.has_value();
}

}  // namespace

int main() {
  plain();
  wrong();
  std::string folder = (std::filesystem::temp_directory_path() / "guide-XXXXXX").string();
  assert(::mkdtemp(folder.data()));
  auto store = shop_store();
  const std::filesystem::path file = std::filesystem::path(folder) / "carts.rec";
  assert(record(file, store));
  assert(!replayed(file));
  const auto recording = testing::read_recording(file);
  Carts mended;
  auto mismatch = testing::replay(*recording, mended).error();
  mismatch.recording = "carts.rec";
  const std::string message = mismatch.message();
  std::filesystem::remove_all(folder);
  if (message != R"(carts.rec, line 15: decision 6 is another one
  after LoadViews: 0 views, 0 parked
  both: ask SaveCheckpoint
  views[0].state (of "ann"): recorded "{\"lines\":{},\"total\":300}", now "{\"lines\":{},\"total\":0}")") {
    std::cerr << message << '\n';
    return 1;
  }
  return 0;
}
