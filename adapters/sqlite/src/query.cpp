// A user's own SELECT, on a connection that cannot write.
#include <algorithm>
#include <array>

#include "connection.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "sql_value.hpp"
#include "sqlite_parts.hpp"

namespace lantern {
namespace {

using detail::Access;
using detail::Connection;
using detail::Statement;

// Pragmas that tell about tables. Others may change how the connection works.
constexpr std::array<std::string_view, 11> telling_pragmas{
    "table_info",       "table_xinfo",  "table_list",     "index_list",     "index_info",     "index_xinfo",
    "foreign_key_list", "user_version", "application_id", "schema_version", "compile_options"};

/// Notes what it refused, so that the message can name it.
int authorize(void* refused, int action, const char* first, const char* second, const char*, const char*) {
  const auto refuse = [refused](std::string what) {
    *static_cast<std::string*>(refused) = std::move(what);
    return SQLITE_DENY;
  };
  const auto text = [](const char* given) { return std::string(given ? given : ""); };
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION: return text(second) == "load_extension" ? refuse("load_extension()") : SQLITE_OK;
    case SQLITE_PRAGMA:
      if (std::ranges::find(telling_pragmas, text(first)) != telling_pragmas.end()) {
        const bool sets = second && (text(first) == "user_version" || text(first) == "application_id" ||
                                     text(first) == "schema_version");
        if (!sets) return SQLITE_OK;
      }
      return refuse("PRAGMA " + text(first));
    case SQLITE_ATTACH: return refuse("ATTACH");
    case SQLITE_DETACH: return refuse("DETACH");
    case SQLITE_TRANSACTION: return refuse(text(first));
    case SQLITE_SAVEPOINT: return refuse("SAVEPOINT");
    case SQLITE_INSERT: return refuse("INSERT into " + text(first));
    case SQLITE_UPDATE: return refuse("UPDATE of " + text(first));
    case SQLITE_DELETE: return refuse("DELETE from " + text(first));
    default: return refuse("a change of the schema");
  }
}

Failure refusal(const Connection& db, const std::string& what) {
  return Failure(FailureKind::denied, "a query may only read, and this one asks for " + what + " (" + db.file() + ")",
                 "use SELECT; tables of projections change through events only");
}

/// What is wrong with the statement's end: nothing but white space, comments and semicolons may follow.
bool has_more(const Connection& db, std::string_view tail) {
  while (!tail.empty()) {
    sqlite3_stmt* next = nullptr;
    const char* end = nullptr;
    const int code = sqlite3_prepare_v2(db.get(), tail.data(), static_cast<int>(tail.size()), &next, &end);
    const Statement owned(next);
    if (code != SQLITE_OK || next) return true;
    if (end == tail.data()) return false;
    tail.remove_prefix(static_cast<std::size_t>(end - tail.data()));
  }
  return false;
}

std::optional<Failure> give(const Connection& db, Statement& statement, const QuerySink& sink) {
  const int count = sqlite3_column_count(statement.get());
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    const char* const name = sqlite3_column_name(statement.get(), i);
    names.emplace_back(name ? name : "");
  }
  if (sink.columns) sink.columns(names);
  std::vector<SqlValue> row(names.size());
  for (;;) {
    const int code = statement.step();
    if (code == SQLITE_DONE) return std::nullopt;
    if (code != SQLITE_ROW) {
      Failure failure = db.failure(code, "running the query", detail::Blame::statement);
      if (failure.kind == FailureKind::rejected) failure.kind = FailureKind::invalid;
      return failure;
    }
    for (int i = 0; i < count; ++i) row[static_cast<std::size_t>(i)] = detail::value_of(statement.get(), i);
    if (sink.row && !sink.row(row)) return std::nullopt;
  }
}

// Indexes that SQLite makes by itself have the type 'index', and are left out with all others; so is what is lantern's.
constexpr const char* list_tables =
    "list them with: SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*' AND "
    "name NOT GLOB 'lantern_*'; the log is lantern_events";

}  // namespace

tl::expected<void, Failure> SqliteStore::query(std::string_view sql, const QuerySink& sink) const {
  auto opened = Connection::open(parts_->store_file(), Access::read, std::chrono::seconds(1));
  if (!opened) return tl::unexpected(std::move(opened).error());
  const Connection& db = *opened;
  // The first use of such a table declares its columns, in words that would be taken for the query's own.
  (void)db.prepare(
      "SELECT 1 FROM json_each('[]'), json_tree('[]'), pragma_table_info, pragma_table_xinfo, pragma_table_list, "
      "pragma_index_list, pragma_index_info, pragma_index_xinfo, pragma_foreign_key_list, pragma_compile_options",
      detail::Keep::no);
  std::string refused;
  sqlite3_set_authorizer(db.get(), &authorize, &refused);

  sqlite3_stmt* prepared = nullptr;
  const char* end = nullptr;
  const int code = sqlite3_prepare_v2(db.get(), sql.data(), static_cast<int>(sql.size()), &prepared, &end);
  Statement statement(prepared);
  if (code != SQLITE_OK) {
    if (!refused.empty()) return tl::unexpected(refusal(db, refused));
    Failure failure = db.failure(code, "reading the query", detail::Blame::statement);
    if (failure.kind == FailureKind::rejected) {
      failure.kind = FailureKind::invalid;
      failure.what = std::string("the query is not understood: ") + sqlite3_errmsg(db.get());
      const bool no_table = std::string_view(sqlite3_errmsg(db.get())).starts_with("no such table");
      failure.advice = no_table ? list_tables : "";
    }
    return tl::unexpected(std::move(failure));
  }
  if (!statement) return tl::unexpected(Failure(FailureKind::invalid, "the query is empty", "write a SELECT"));
  if (has_more(db, sql.substr(static_cast<std::size_t>(end - sql.data())))) {
    return tl::unexpected(Failure(FailureKind::invalid, "the query has more than one statement", "run one at a time"));
  }
  // The authorizer lets no writing statement through; this is the second lock on the same door.
  if (sqlite3_stmt_readonly(statement.get()) == 0) return tl::unexpected(refusal(db, "a write"));
  if (auto failed = give(db, statement, sink)) {
    if (!refused.empty()) return tl::unexpected(refusal(db, refused));  // refused while it ran
    return tl::unexpected(*std::move(failed));
  }
  return {};
}

}  // namespace lantern
