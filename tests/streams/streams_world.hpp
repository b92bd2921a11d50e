// Stores with several streams, and views of them, whose right contents are known from a fold that knows nothing of
// stores.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "keyed_probe.hpp"
#include "lantern/blocking/run_projection_blocking.hpp"
#include "places.hpp"

namespace streams_world {

using namespace lantern;
using testing::link;
using testing_places::OnMemory;
using testing_places::OnSqlite;

inline const ProjectionId id{"p"};

/// A chain of hashes for each stream, which forgives neither loss, repetition nor order; and under `total` how many
/// events there were, whatever their order.
struct PerStream {
  using State = std::uint64_t;
  using Delta = std::int64_t;
  using view_codec = testing::ChainCodec;

  std::map<std::pair<std::string, std::int64_t>, int> fails{};  ///< how many more times; -1: for ever
  FailureStrategy strategy = FailureStrategy::Fatal;
  std::int64_t code = 1;
  std::vector<std::string> types{};

  std::string name() const { return "p"; }
  std::int64_t version() const { return code; }
  EventFilter filter() const { return {{}, {}, types}; }
  std::vector<std::string> keys(const RecordedEvent& event) const { return {std::string(event.stream), "total"}; }
  tl::expected<Change<Delta>, Failure> apply(State& state, const RecordedEvent& event, const ViewAt& at) {
    if (const auto planned = fails.find({std::string(event.stream), event.version});
        planned != fails.end() && planned->second != 0) {
      if (planned->second > 0) --planned->second;
      return tl::unexpected(Failure(FailureKind::rejected, "cannot take it"));
    }
    state = at.key == "total" ? state + 1 : link(state, event.version);
    return changed(event.version);
  }
  FailureStrategy on_error(const FailureContext&) const { return strategy; }
};

inline std::uint64_t chain_to(std::int64_t version) {
  std::uint64_t chain = 0;
  for (std::int64_t v = 1; v <= version; ++v) chain = link(chain, v);
  return chain;
}

/// A store whose streams have so many events.
template <class Place>
struct World : Place {
  using Place::store;
  std::map<std::string, std::int64_t> written{};

  World() = default;
  World(std::initializer_list<std::pair<std::string, int>> streams) {
    for (const auto& [stream, events] : streams) append(stream, events);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void append(const std::string& stream, int events, const std::string& type = "T") {
    std::vector<NewEvent> added(static_cast<std::size_t>(events),
                                NewEvent{.stream = stream, .type = type, .data = "{}"});
    if (!store.append(std::move(added))) throw std::runtime_error("append failed");
    written[stream] += events;
  }

  [[nodiscard]] Checkpoint checkpoint(std::optional<Generation> generation = {}) {
    const auto found = store.perform(LoadCheckpoint{id, LoadCheckpoint::Purpose::start, generation});
    if (!found) FAIL(found.error());
    return found->value_or(Checkpoint{});
  }
  [[nodiscard]] StreamCursors cursors() { return checkpoint().cursors; }
  [[nodiscard]] std::map<std::string, std::string> views() {
    const auto page = store.perform(ScanViews{.projection = id, .limit = 1'000'000});
    if (!page) FAIL(page.error());
    std::map<std::string, std::string> all;
    for (const StoredView& view : page->views) all.emplace(view.key, view.state.value_or("erased"));
    return all;
  }
};

/// What must be stored when these are the cursors.
inline std::map<std::string, std::string> views_at(const StreamCursors& cursors) {
  std::map<std::string, std::string> views;
  std::int64_t total = 0;
  for (const auto& [stream, version] : cursors) {
    views[stream] = std::to_string(chain_to(version.value));
    total += version.value;
  }
  if (total > 0) views["total"] = std::to_string(total);
  return views;
}

inline ProjectionConfig over(StreamSelection which) {
  ProjectionConfig config;
  config.over(std::move(which)).with(Leadership("me"));
  const Backoff quick{.base = std::chrono::microseconds(1), .cap = std::chrono::microseconds(1)};
  config.poll.failure_backoff = quick;
  config.with(StoreRetryConfig{.max_attempts = 20, .backoff = quick});
  config.with(EventRetryConfig{.max_attempts = 2, .backoff = quick});
  return config;
}

template <class Store>
RunSummary run(Store& store, ProjectionConfig config, PerStream projector = {}) {
  const Finished end = run_projection_blocking(projector, store, std::move(config));
  if (!end) FAIL(end.error().message());
  return *end;
}

/// Counts what a store is asked, and may answer in its place.
template <class Store>
struct Watched {
  Store& store;
  std::map<std::string, int> asked{};
  std::function<std::optional<Failure>(const std::string& stream)> spoil{};
  std::function<void(StreamPage&)> relabel{};

  template <Effect E>
  requires Performs<Store, E>
  typename E::reply perform(const E& effect) {
    if constexpr (std::same_as<E, ReadStream>) {
      ++asked["ReadStream"];
      if (spoil) {
        if (auto failure = spoil(effect.stream)) return tl::unexpected(*failure);
      }
    }
    if constexpr (std::same_as<E, ListStreams>) ++asked["ListStreams"];
    if constexpr (std::same_as<E, SaveCheckpoint>) {
      ++asked["SaveCheckpoint"];
      asked["cursors"] += static_cast<int>(effect.cursors.size());
    }
    auto reply = store.perform(effect);
    if constexpr (std::same_as<E, ListStreams>) {
      if (relabel && reply) relabel(*reply);
    }
    return reply;
  }
};

}  // namespace streams_world
