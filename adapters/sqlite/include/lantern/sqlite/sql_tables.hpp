// The tables of an SQL projection as they stand at one instant, and how those of two stores differ.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "lantern/failure.hpp"
#include "lantern/identity.hpp"
#include "lantern/sqlite/query.hpp"

namespace lantern {

namespace detail {
struct SqlTablesParts;
}

/// A row that is not the same on both sides. All of it lives during the call that shows it.
struct SqlDifference {
  std::string_view table{};
  std::span<const std::string> columns{};             ///< those of the primary key first, in its order
  std::size_t key_columns{};                          ///< how many are the primary key's; 0: the table has none
  std::optional<std::span<const SqlValue>> first{};   ///< by `columns`; absent: there is no such row
  std::optional<std::span<const SqlValue>> second{};  ///< by `columns`; absent: there is no such row
};

/// Takes what a comparison finds. Either function may be empty.
struct SqlComparisonSink {
  std::function<void(const SqlDifference&)> difference{};
  /// Called now and then with the rows compared so far. False: enough; the comparison ends with what it has.
  std::function<bool(std::uint64_t rows)> go_on{};
};

/// What a comparison found.
struct SqlComparison {
  std::uint64_t tables{};
  std::uint64_t rows{};  ///< a row that both sides have counts once
  std::uint64_t different{};
  friend bool operator==(const SqlComparison&, const SqlComparison&) = default;
};

/// The active tables of one SQL projection in a store's file, all as of one instant: that at which it was made. While
/// it lives, others may write on, and are not held up; but the file's WAL cannot shrink, so let it live shortly.
/// Move-only; used from one thread at a time; independent of every SqliteStore.
class SqlTables {
 public:
  /// FailureKind::invalid where the store has no SQL projection of this name.
  [[nodiscard]] static tl::expected<SqlTables, Failure> now(const std::filesystem::path& file,
                                                            const ProjectionId& projection);
  SqlTables(SqlTables&&) noexcept;
  SqlTables& operator=(SqlTables&&) noexcept;
  ~SqlTables();

  [[nodiscard]] Generation generation() const noexcept;
  [[nodiscard]] const std::optional<Position>& position() const noexcept;  ///< absent: no event is applied yet
  [[nodiscard]] std::int64_t version() const noexcept;                     ///< of the file that made them
  [[nodiscard]] const std::string& fingerprint() const noexcept;           ///< and what it means

  /// Compares these tables with those of `other`, which was made by the same statements: every row, by primary key, and
  /// of tables without one by all that is in it, as often as it is there. Values are the same when type and bytes are:
  /// 1, 1.0 and '1' differ. Streams, so memory does not grow with the tables; a table whose primary key has no index
  /// that can be read in its order is sorted by SQLite, in temporary files where it is large.
  /// FailureKind::incompatible: a table is missing here, or has other columns.
  [[nodiscard]] tl::expected<SqlComparison, Failure> compare(const SqlTables& other,
                                                             const SqlComparisonSink& sink) const;

 private:
  explicit SqlTables(std::unique_ptr<detail::SqlTablesParts> parts) noexcept;
  std::unique_ptr<detail::SqlTablesParts> parts_;
};

}  // namespace lantern
