// What an operator sees of a projection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "lantern/identity.hpp"
#include "lantern/view.hpp"

namespace lantern {

/// Who leads a projection.
struct LeaderStatus {
  std::string owner{};
  Fence fence{};
  std::chrono::nanoseconds expires_in{};  ///< by the store's clock; negative: expired, and nobody took over yet
  friend bool operator==(const LeaderStatus&, const LeaderStatus&) = default;
};

/// What a run wants remembered about itself, for `lantern status`; see SqliteStore::record_run.
struct RunNote {
  std::string state{};       ///< one word: running, caught_up, stopped, failed, …; any text
  std::uint64_t retries{};   ///< event retries of the latest run
  std::string last_error{};  ///< empty: none
  friend bool operator==(const RunNote&, const RunNote&) = default;
};

/// A generation beside the active one.
struct GenerationBeside {
  Generation generation{};
  std::optional<Position> position{};  ///< of its checkpoint; absent: nothing is applied to it yet
  CodeVersion version{};               ///< of the code that makes or made it
  std::uint64_t quarantined{};         ///< its records
  friend bool operator==(const GenerationBeside&, const GenerationBeside&) = default;
};

/// Where a projection stands. All of it is from one instant.
struct ProjectionStatus {
  ProjectionId id{};
  std::optional<std::int64_t> version{};  ///< of the `.sql` file; absent: not an SQL projection
  Generation generation{};
  std::optional<Position> position{};  ///< of the checkpoint; absent: nothing is applied yet
  std::optional<Position> head{};      ///< of the log; absent: it is empty
  /// Positions between checkpoint and head. This costs nothing to tell; it counts events of all types, also those that
  /// the projection's filter lets pass by.
  std::uint64_t lag{};
  std::optional<LeaderStatus> leader{};        ///< absent: no lease, or it was given back
  CodeVersion code{};                          ///< of the code that made this generation; of SQL its version
  std::optional<GenerationBeside> building{};  ///< which a rebuild fills
  std::optional<LeaderStatus> builder{};       ///< who fills it; absent: nobody does
  std::optional<GenerationBeside> previous{};  ///< which a rollback would bring back
  std::uint64_t quarantined{};                 ///< records of this generation
  RunNote run{};                               ///< as the latest run noted
  std::string updated_at{};                    ///< of the latest commit or note, RFC 3339 in UTC; empty: never
  friend bool operator==(const ProjectionStatus&, const ProjectionStatus&) = default;
};

}  // namespace lantern
