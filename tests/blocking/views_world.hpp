// Stores with a log and views of it, for tests of what reads, mends and rebuilds them. The fold is a chain of hashes;
// what it must give is known from a fold that knows nothing of stores.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "keyed_probe.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "places.hpp"

namespace views_world {

using namespace lantern;
using testing::Chain;
using testing_places::OnMemory;
using testing_places::OnSqlite;

inline const ProjectionId id{"p"};

using Folder = testing::TemporaryFolder;

/// A store with a log, whose events have these data (see `testing::Chain`), at positions 1, 2, …
template <class Place>
struct World : Place {
  using Place::store;
  std::vector<testing::ViewModel::Event> log{};

  World() = default;
  explicit World(const std::vector<std::string>& data) { append(data); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void append(const std::vector<std::string>& data) {
    std::vector<NewEvent> events;
    for (const std::string& text : data) {
      events.push_back({.stream = "s", .type = "T", .data = text});
      log.push_back({static_cast<std::int64_t>(log.size()) + 1, "T", text});
    }
    if (!store.append(std::move(events))) throw std::runtime_error("append failed");
  }
  [[nodiscard]] Position head() const { return Position{static_cast<std::int64_t>(log.size())}; }

  /// Runs to the head; the run must end well.
  RunSummary run(Chain& chain, ProjectionConfig config = {}) {
    const Finished end = run_projection_blocking(chain, store, std::move(config));
    if (!end) FAIL(end.error().message());
    return *end;
  }
  RunSummary run(ProjectionConfig config = {}) {
    Chain chain;
    return run(chain, std::move(config));
  }

  [[nodiscard]] Checkpoint checkpoint(std::optional<Generation> generation = {}) {
    const auto found = store.perform(LoadCheckpoint{id, LoadCheckpoint::Purpose::start, generation});
    if (!found) FAIL(found.error());
    return found->value_or(Checkpoint{});
  }
  [[nodiscard]] std::optional<StoredView> view(const std::string& key, std::optional<Generation> generation = {}) {
    const auto found = store.perform(GetView{id, key, generation});
    if (!found) FAIL(found.error());
    return found->view;
  }
  /// All views as they are stored, by key.
  [[nodiscard]] std::map<std::string, StoredView> views(std::optional<Generation> generation = {}) {
    const auto page = store.perform(ScanViews{.projection = id, .limit = 1'000'000, .generation = generation});
    if (!page) FAIL(page.error());
    std::map<std::string, StoredView> all;
    for (const StoredView& view : page->views) all.emplace(view.key, view);
    return all;
  }
  /// What must be stored of the log up to there; without the views that are erased.
  [[nodiscard]] std::map<std::string, testing::Expected> expected(std::optional<Position> through = {},
                                                                  std::int64_t code = 1) const {
    auto all = testing::naive_fold(log, through.value_or(head()), code);
    std::erase_if(all, [](const auto& view) { return !view.second.state; });
    return all;
  }

  /// Puts this in place of what is stored, past the projection.
  void tamper(const std::string& key, const std::string& state, std::int64_t more_versions = 0) {
    const Checkpoint at = checkpoint();
    StoredView bad = view(key).value_or(StoredView{key, {}, 1, {}, at.position, 1, {}});
    bad.state = state;
    bad.version += more_versions;
    SaveCheckpoint save;
    save.projection = id;
    save.generation = at.generation;
    save.from = save.through = at.position;
    save.revision = at.revision;
    save.version = at.version;
    save.views = {bad};
    if (!store.perform(save)) throw std::runtime_error("cannot tamper");
  }
};

/// A store that does something before each page of views.
template <class Store>
struct Moving {
  Store& store;
  std::function<void()> before_scan{};
  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, ScanViews>) before_scan();
    return store.perform(effect);
  }
};

/// The words of a hash chain's log, with every kind of event. From 5 keys up, no event names one twice.
inline std::vector<std::string> many_events(std::size_t count, std::size_t keys) {
  std::vector<std::string> data;
  for (std::size_t n = 0; n < count; ++n) {
    std::string text = "k" + std::to_string(n * 5 % keys);
    if (n % 5 == 1) text += " k" + std::to_string((n * 5 + 1 + n % 3) % keys);
    if (n % 11 == 3) text += "!";
    if (n % 13 == 4) text += "=";
    data.push_back(std::move(text));
  }
  return data;
}

}  // namespace views_world
