// The generations of a projection, as they are stored.
#pragma once

#include <optional>

#include "connection.hpp"
#include "lantern/generation_effects.hpp"

namespace lantern::detail {

/// One generation. Its views are those of its build.
struct StoredGeneration {
  Generation generation{};
  GenerationState state{GenerationState::active};
  std::optional<std::int64_t> build{};  ///< absent: it has no views
  std::optional<Position> position{};
  Revision revision{};
  CodeVersion version{};
  std::optional<LogIdentity> log{};

  /// `cursors` are those of its build.
  [[nodiscard]] Checkpoint checkpoint(StreamCursors cursors = {}) const {
    return {position, generation, revision, version, std::move(cursors), log};
  }
  [[nodiscard]] AsOf as_of() const { return {generation, position, revision}; }
};

/// All generations of one projection: at most one in each state.
struct StoredGenerations {
  std::optional<StoredGeneration> active{}, building{}, previous{};
  Generation greatest{0};  ///< number ever used; numbers of dropped ones count

  /// The one of this number, or null.
  [[nodiscard]] const StoredGeneration* find(Generation number) const noexcept;
  /// The one of this number, or the active one when no number is given; or null.
  [[nodiscard]] const StoredGeneration* find(std::optional<Generation> number) const noexcept;
};

/// As it stands in a column. SQLite's numbers have a sign.
[[nodiscard]] std::optional<std::int64_t> column_of(const std::optional<LogIdentity>& log) noexcept;
[[nodiscard]] std::optional<LogIdentity> log_of(const std::optional<std::int64_t>& column) noexcept;

/// Prepare this one for `find_generations`.
extern const char* const generations_sql;
/// Empty for a projection that is not known, or of which nothing but a note of its run is.
[[nodiscard]] tl::expected<StoredGenerations, Failure> find_generations(const Connection& db, Statement& prepared,
                                                                        const ProjectionId& projection);

}  // namespace lantern::detail
