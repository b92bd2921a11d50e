// Tables of SQL projections beside those that readers see: out of sight under other names, and brought back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "write_connection.hpp"

namespace lantern::detail {

/// A row of sqlite_schema that gets another name. Only names and their places in the text change, never a root page.
struct SchemaRename {
  struct Words {
    std::string name, table;
    std::optional<std::string> sql{};  ///< absent: an index that comes with its table
  };
  enum class Kind : std::uint8_t { table, view, index, trigger };
  std::int64_t row{};
  Kind kind{};
  Words before, after;
};
using SchemaRenames = std::vector<SchemaRename>;

/// The other way round, exactly: texts and all.
[[nodiscard]] SchemaRenames undone(SchemaRenames renames);

/// The objects of a build are tables, indexes, views and triggers that the setup of one SQL projection made. A build
/// that is not the active one has its objects under names that begin with `lantern_b<build>_`; what their texts say of
/// each other stays as it was written, so a hidden build is data at rest: its views and triggers mean what they say
/// only while it is brought out. Inside of a transaction of the caller's; one thread at a time.
class SqlBuilds {
 public:
  explicit SqlBuilds(WriteConnection& connection) noexcept : connection_(&connection) {}

  using Trouble = std::optional<Failure>;

  /// Of an SQL projection's build, what its file meant; absent for builds that are not an SQL projection's.
  [[nodiscard]] tl::expected<std::optional<std::string>, Failure> fingerprint(std::optional<std::int64_t> build) const;

  /// For good: `out` is put out of sight, and `in` brought out. Nothing happens for builds that have no objects.
  [[nodiscard]] Trouble exchange(std::optional<std::int64_t> out, std::optional<std::int64_t> in);
  /// For the rest of the transaction, or until `close`: what happens to own names happens to `in`. Other connections
  /// never see it, and need not read the schema again.
  [[nodiscard]] tl::expected<SchemaRenames, Failure> open_window(std::optional<std::int64_t> out,
                                                                 std::optional<std::int64_t> in);
  [[nodiscard]] Trouble close_window(SchemaRenames opened);
  /// Of a hidden build: a view, a trigger, at most so many rows of a table, or a table that has no more. False: there
  /// was nothing left.
  [[nodiscard]] tl::expected<bool, Failure> drop_some(std::int64_t build, std::int64_t at_most);

 private:
  enum class Way : bool { hide, show };
  [[nodiscard]] Trouble plan(std::int64_t build, Way way, SchemaRenames& renames) const;
  [[nodiscard]] Trouble refuse_collision(const SchemaRenames& renames) const;
  enum class Cookie : std::uint8_t { forward, back };
  [[nodiscard]] Trouble apply(const SchemaRenames& renames, Cookie cookie);

  WriteConnection* connection_;
};

/// The name of an object of this build while it is out of sight.
[[nodiscard]] std::string hidden_name(std::int64_t build, std::string_view name);
/// Its own name, as the projection's file has it, whether it is out of sight or not.
[[nodiscard]] std::string shown_name(std::int64_t build, std::string_view name);

}  // namespace lantern::detail
