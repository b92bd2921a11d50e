#include "lantern/sqlite/sql_tables.hpp"

#include <algorithm>
#include <vector>

#include "connection.hpp"
#include "open_file.hpp"
#include "schema.hpp"
#include "sql_order.hpp"
#include "sql_value.hpp"

namespace lantern {
namespace detail {

struct SqlTablesParts {
  Connection db;  // within one snapshot until it is closed
  ProjectionId projection;
  Generation generation{};
  std::optional<Position> position{};
  std::int64_t version{};
  std::string fingerprint{};
  std::vector<std::string> tables{};
};

namespace {

constexpr std::string_view doing = "comparing tables";
using Trouble = std::optional<Failure>;
using Row = std::span<const SqlValue>;

template <class Take, class... T>
Trouble each_row(const Connection& db, std::string_view sql, Take take, const T&... values) {
  auto statement = db.prepare(sql, Keep::no);
  if (!statement) return std::move(statement).error();
  return db.each(*statement, doing, take, values...);
}

Trouble read_facts(SqlTablesParts& parts) {
  bool known = false;
  std::optional<std::int64_t> build;
  const std::string_view tenant = parts.projection.tenant, name = parts.projection.name;
  auto failed = each_row(
      parts.db,
      "SELECT generation, version, fingerprint, position, build FROM lantern_projections "
      "WHERE tenant = ?1 AND name = ?2 AND version IS NOT NULL",
      [&](const Statement& row) {
        known = true;
        parts.generation = Generation{row.integer(0)};
        parts.version = row.integer(1);
        parts.fingerprint = std::string(row.text(2));
        if (!row.is_null(3)) parts.position = Position{row.integer(3)};
        build = row.maybe_integer(4);
      },
      tenant, name);
  if (failed) return failed;
  if (!known) {
    return Failure(FailureKind::invalid,
                   "the store has no SQL projection " + to_string(parts.projection) + " (" + parts.db.file() + ")");
  }
  return each_row(
      parts.db,
      "SELECT object FROM lantern_projection_objects "
      "WHERE tenant = ?1 AND name = ?2 AND build IS ?3 AND kind = 'table' ORDER BY object",
      [&](const Statement& row) { parts.tables.emplace_back(row.text(0)); }, tenant, name, build);
}

// ---- one table ----

struct Shape {
  std::vector<std::string> columns{}, quoted{};  // those of the key first
  std::vector<Collation> key{};
  std::string quoted_table{};
  friend bool operator==(const Shape&, const Shape&) = default;
};

Collation collation_of(const Connection& db, const std::string& table, const std::string& column) {
  const char* name = nullptr;
  const int code = sqlite3_table_column_metadata(db.get(), "main", table.c_str(), column.c_str(), nullptr, &name,
                                                 nullptr, nullptr, nullptr);
  return code == SQLITE_OK && name ? collation_named(name) : Collation::binary;
}

// Generated columns are among them; the hidden ones of virtual tables cannot be.
tl::expected<Shape, Failure> shape_of(const Connection& db, const std::string& table) {
  Shape shape;
  auto failed = each_row(
      db,
      "SELECT name, pk, printf('\"%w\"', name), printf('main.\"%w\"', ?1) FROM pragma_table_xinfo(?1) "
      "WHERE hidden <> 1 ORDER BY pk = 0, pk, cid",
      [&](const Statement& row) {
        shape.columns.emplace_back(row.text(0));
        shape.quoted.emplace_back(row.text(2));
        shape.quoted_table = std::string(row.text(3));
        if (row.integer(1) > 0) shape.key.push_back(collation_of(db, table, shape.columns.back()));
      },
      std::string_view(table));
  if (failed) return tl::unexpected(*std::move(failed));
  return shape;
}

// By key, and then by everything: keys of old may hold NULL more than once.
std::string select_in_order(const Shape& shape) {
  std::string list, order;
  const auto add = [](std::string& to, const std::string& what) { to += (to.empty() ? "" : ", ") + what; };
  for (std::size_t at = 0; at < shape.key.size(); ++at) {
    add(order, shape.quoted[at] + " COLLATE " + std::string(to_string(shape.key[at])));
  }
  for (const std::string& column : shape.quoted) {
    add(list, column);
    add(order, "typeof(" + column + "), " + column + " COLLATE BINARY");
  }
  return "SELECT " + list + " FROM " + shape.quoted_table + " ORDER BY " + order;
}

class Rows {
 public:
  static tl::expected<Rows, Failure> of(const Connection& db, const Shape& shape) {
    auto statement = db.prepare(select_in_order(shape), Keep::no);
    if (!statement) return tl::unexpected(std::move(statement).error());
    Rows rows(db, *std::move(statement), shape.columns.size());
    if (auto failed = rows.next()) return tl::unexpected(*std::move(failed));
    return rows;
  }
  Trouble next() {
    const int code = statement_.step();
    over_ = code != SQLITE_ROW;
    if (over_) return code == SQLITE_DONE ? std::nullopt : Trouble(db_->failure(code, doing));
    for (std::size_t at = 0; at < row_.size(); ++at) row_[at] = value_of(statement_.get(), static_cast<int>(at));
    return std::nullopt;
  }
  [[nodiscard]] bool over() const noexcept { return over_; }
  [[nodiscard]] Row row() const noexcept { return row_; }

 private:
  Rows(const Connection& db, Statement statement, std::size_t columns)
      : db_(&db), statement_(std::move(statement)), row_(columns) {}
  const Connection* db_;
  Statement statement_;
  std::vector<SqlValue> row_;
  bool over_{};
};

bool identical_rows(Row a, Row b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const SqlValue& x, const SqlValue& y) { return identical(x, y); });
}

std::weak_ordering compare(Row a, Row b, const std::vector<Collation>& key) {
  for (std::size_t at = 0; at < key.size(); ++at) {
    if (const auto order = compare_values(a[at], b[at], key[at]); order != 0) return order;
  }
  if (!key.empty()) return std::weak_ordering::equivalent;
  for (std::size_t at = 0; at < a.size(); ++at) {
    if (const auto order = compare_exactly(a[at], b[at]); order != 0) return order;
  }
  return std::weak_ordering::equivalent;
}

/// Goes through both sides of a table at once. False: no more is wanted.
tl::expected<bool, Failure> merge(const std::string& table, const Shape& shape, Rows& first, Rows& second,
                                  const SqlComparisonSink& sink, SqlComparison& found) {
  constexpr std::uint64_t between_calls = 1024;
  const auto tell = [&](std::optional<Row> one, std::optional<Row> other) {
    ++found.different;
    if (sink.difference) sink.difference({table, shape.columns, shape.key.size(), one, other});
  };
  Trouble failed;
  while (!failed && !(first.over() && second.over())) {
    if (++found.rows % between_calls == 0 && sink.go_on && !sink.go_on(found.rows)) return false;
    const bool both = !first.over() && !second.over();
    const bool same = both && identical_rows(first.row(), second.row());
    const auto order = same           ? std::weak_ordering::equivalent
                       : both         ? compare(first.row(), second.row(), shape.key)
                       : first.over() ? std::weak_ordering::greater
                                      : std::weak_ordering::less;
    if (order < 0) tell(first.row(), {});
    else if (order > 0) tell({}, second.row());
    else if (!same) tell(first.row(), second.row());
    if (order <= 0) failed = first.next();
    if (!failed && order >= 0) failed = second.next();
  }
  if (failed) return tl::unexpected(*std::move(failed));
  return true;
}

Failure changed_from_outside(const SqlTablesParts& parts, const std::string& table) {
  return Failure(FailureKind::incompatible,
                 "table `" + table + "` of " + to_string(parts.projection) + " is missing, or has other columns (" +
                     parts.db.file() + ")",
                 "it was changed from outside: rebuild the projection");
}

}  // namespace
}  // namespace detail

tl::expected<SqlTables, Failure> SqlTables::now(const std::filesystem::path& file, const ProjectionId& projection) {
  auto found = detail::find_file(file, StoreAccess::read_only);
  if (!found) return tl::unexpected(std::move(found).error());
  auto db = detail::Connection::open({found->string()}, detail::Access::read, std::chrono::seconds(10));
  if (!db) return tl::unexpected(std::move(db).error());
  if (auto failed = detail::check_schema(*db)) return tl::unexpected(*std::move(failed));
  auto parts = std::make_unique<detail::SqlTablesParts>(detail::SqlTablesParts{*std::move(db), projection});
  auto failed = parts->db.execute("BEGIN", detail::doing);
  if (!failed) failed = detail::read_facts(*parts);
  if (failed) return tl::unexpected(*std::move(failed));
  return SqlTables(std::move(parts));
}

SqlTables::SqlTables(std::unique_ptr<detail::SqlTablesParts> parts) noexcept : parts_(std::move(parts)) {}
SqlTables::SqlTables(SqlTables&&) noexcept = default;
SqlTables& SqlTables::operator=(SqlTables&&) noexcept = default;
SqlTables::~SqlTables() = default;

Generation SqlTables::generation() const noexcept { return parts_->generation; }
const std::optional<Position>& SqlTables::position() const noexcept { return parts_->position; }
std::int64_t SqlTables::version() const noexcept { return parts_->version; }
const std::string& SqlTables::fingerprint() const noexcept { return parts_->fingerprint; }

tl::expected<SqlComparison, Failure> SqlTables::compare(const SqlTables& other, const SqlComparisonSink& sink) const {
  SqlComparison found;
  for (const std::string& table : other.parts_->tables) {
    const auto mine = detail::shape_of(parts_->db, table), theirs = detail::shape_of(other.parts_->db, table);
    if (!mine || !theirs) return tl::unexpected(mine ? theirs.error() : mine.error());
    if (*mine != *theirs) return tl::unexpected(detail::changed_from_outside(*parts_, table));
    auto first = detail::Rows::of(parts_->db, *mine), second = detail::Rows::of(other.parts_->db, *theirs);
    if (!first || !second) return tl::unexpected(first ? second.error() : first.error());
    ++found.tables;
    const auto go_on = detail::merge(table, *mine, *first, *second, sink, found);
    if (!go_on) return tl::unexpected(go_on.error());
    if (!*go_on) break;
  }
  return found;
}

}  // namespace lantern
