// A log in memory: what is appended can be read.
#include <lantern/memory/memory_store.hpp>

int main() {
  lantern::MemoryStore store;
  if (!store.append({{.stream = "s", .type = "t"}})) return 1;
  const auto page = store.perform(lantern::ReadEvents());
  return page && page->size() == 1 && page->at_head() ? 0 : 1;
}
