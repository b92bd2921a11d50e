// The blocking driver, to the end of an empty log.
#include <lantern/blocking/run_projection_blocking.hpp>

#include "empty_store.hpp"

int main() {
  EmptyStore empty;
  lantern::Unguarded store(empty);
  Counting counting;
  return lantern::run_projection_blocking(counting, store) ? 0 : 1;
}
