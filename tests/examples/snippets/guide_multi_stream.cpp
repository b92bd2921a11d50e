// The code that docs/guide-multi-stream.md shows and no example holds.
#include <cassert>
#include <iostream>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/json_cursors.hpp"
#include "lantern/memory/memory_store.hpp"

using namespace lantern;

namespace {

struct Counting {
  int events{};
  std::string name() const { return "counting"; }
  void apply(const RecordedEvent&, Position) { ++events; }
};

void choose_streams() {
  ProjectionConfig()
      .over(StreamSelection::one("order-17"))                  // one stream
      .over(StreamSelection::list({"order-17", "order-18"}))   // these
      .over(StreamSelection::with_prefix("process/2026-10/"))  // all that begin so, new ones too
      .over(StreamSelection::category("order"))                // `order-…`
      .over(StreamSelection::all());                           // every stream
}

void compare_places() {
  static_assert(!std::totally_ordered_with<Position, StreamVersion>);  // a place in the log, a place in a stream
}

void keep_cursors_elsewhere() {
  StreamCursors cursors{{"order-17", StreamVersion{4}}};
  cursors.advance("order-18", StreamVersion{7});
  cursors.advance("order-18", StreamVersion{2});  // it only rises
  const std::string text = to_json(cursors);      // {"cursors":{"order-17":4,"order-18":7}}
  assert(cursors_from_json(text) == cursors);
}

}  // namespace

int main() {
  choose_streams();
  compare_places();
  keep_cursors_elsewhere();
  MemoryStore store;
  store.append({{.stream = "order-17", .type = "Placed"}, {.stream = "orders", .type = "Placed"}}).value();
  Counting counting;
  const auto done =
      run_projection_blocking(counting, store, ProjectionConfig().over(StreamSelection::category("order")));
  assert(done && counting.events == 1);
}
