// One projection, replayed into a scratch store and compared.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>

#include "exit_code.hpp"
#include "lantern/sqlite/sql_tables.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "watch.hpp"

namespace lantern::cli {

/// What was found of one projection.
struct Verified {
  Generation generation{};
  std::optional<Position> position{};  ///< up to which the log was replayed
  SqlComparison comparison{};
};

/// Verifies one projection. `run` is called once; `progress` may be called from another thread meanwhile.
class Verification {
 public:
  /// Both must outlive it.
  Verification(const SqliteStore& log, const SqlProjection& projection);
  Verification(const Verification&) = delete;
  Verification& operator=(const Verification&) = delete;

  /// `scratch` is a file that is not there yet. Calls `tell` for each row that differs.
  [[nodiscard]] tl::expected<Verified, Trouble> run(const std::filesystem::path& scratch, const std::stop_token& stop,
                                                    const std::function<void(const SqlDifference&)>& tell);
  [[nodiscard]] Progress progress(RateMeter::Clock::time_point now);

 private:
  [[nodiscard]] tl::expected<SqlTables, Trouble> stored() const;
  [[nodiscard]] std::optional<Trouble> replay(SqliteStore& scratch, std::optional<Position> last,
                                              const std::stop_token& stop);

  const SqliteStore& log_;
  const SqlProjection& projection_;
  const ProjectionId id_;
  Watch watch_;
  std::mutex mutex_{};
  std::optional<std::uint64_t> compared_{};  // rows; absent while the log is replayed
};

/// How it ends when it was asked to stop: without a verdict.
[[nodiscard]] Trouble interrupted();

}  // namespace lantern::cli
