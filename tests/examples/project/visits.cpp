#include <iostream>
#include <map>

#include <lantern/blocking/run_projection_blocking.hpp>
#include <lantern/sqlite/sqlite_store.hpp>

struct Visits {
  std::map<std::string, int> of_page;

  std::string name() const { return "visits"; }
  void apply(const lantern::RecordedEvent& event, lantern::Position) { ++of_page[std::string(event.stream)]; }
};

int main() {
  auto store = lantern::SqliteStore::open("site.db").value();
  store.append({{.stream = "/home", .type = "Visited", .data = "{}"}, {.stream = "/news", .type = "Visited"}}).value();

  Visits visits;
  lantern::run_projection_blocking(visits, store).value();
  for (const auto& [page, count] : visits.of_page) std::cout << page << ": " << count << '\n';
}
