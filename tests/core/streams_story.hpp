// Words for telling a run over streams as a story: what a store lists, and what it reads of a stream.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "story.hpp"

namespace lantern::story {

inline constexpr Instant t0{};

inline StreamExtent extent(std::string name, std::int64_t first, std::int64_t last) {
  return {std::move(name), StreamVersion{first}, StreamVersion{last}};
}
inline std::optional<StreamVersion> version(std::optional<std::int64_t> value) {
  return value ? std::optional(StreamVersion{*value}) : std::nullopt;
}

/// Events with these versions, of a stream that was read up to `scanned`, and ends with `head`.
inline StreamSlice slice(const Positions& versions, std::optional<std::int64_t> scanned,
                         std::optional<std::int64_t> head, std::string_view stream = "s", std::string_view type = "T") {
  StreamSlice made;
  for (const auto number : versions)
    made.page.add({.position = Position{number}, .stream = stream, .version = number, .type = type, .data = ""});
  made.scanned_to = version(scanned);
  made.head = version(head);
  return made;
}

inline ProjectionConfig over_all() { return steady().over(StreamSelection::all()); }

/// A run whose first list is pending, with what is stored.
template <class P>
Step listing(P& probe, const ProjectionConfig& config, const StreamCursors& cursors = {}) {
  Step step = ProjectionPipeline(probe, config).start(t0);
  Checkpoint found;
  found.generation = Generation{1};
  found.cursors = cursors;
  return expect<LoadCheckpoint>(step).answer(LoadCheckpoint::reply(found), t0);
}

inline std::vector<StreamExtent> some(const std::vector<std::string>& names) {
  std::vector<StreamExtent> all;
  for (const auto& name : names) all.push_back(extent(name, 1, 1));
  return all;
}

}  // namespace lantern::story
