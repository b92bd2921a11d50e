#include "sql_guard.hpp"

#include <algorithm>

#include "sql_checks.hpp"
#include "sql_lexer.hpp"

namespace lantern::detail {
namespace {

constexpr const char* own_tables_only =
    "a projection keeps the tables and views of its own -- setup section, no others";
constexpr const char* sees_events_only =
    "what another table holds when an event is applied may differ in a rebuild; read the event through its parameters, "
    "and fold what is needed of earlier ones into a table of this projection";

/// Takes part in every statement that is prepared while it lives.
class Authorizer {
 public:
  Authorizer(sqlite3* db, int (*ask)(void*, int, const char*, const char*, const char*, const char*), void* self)
      : db_(db) {
    sqlite3_set_authorizer(db_, ask, self);
  }
  Authorizer(const Authorizer&) = delete;
  Authorizer& operator=(const Authorizer&) = delete;
  ~Authorizer() { sqlite3_set_authorizer(db_, nullptr, nullptr); }

 private:
  sqlite3* db_;
};

bool makes_trigger(std::string_view sql) {
  const std::vector<SqlToken> tokens = tokens_of(sql);
  return tokens.size() > 1 && tokens[0].is_word("CREATE") && tokens[1].is_word("TRIGGER");
}

/// The two virtual tables that every build has and that only look at their arguments.
constexpr bool is_json_table(std::string_view lower_name) {
  return lower_name == "json_each" || lower_name == "json_tree";
}

}  // namespace

tl::expected<Statement, Failure> SqlGuard::prepare_setup(const SqlStatement& statement) {
  const bool creates = SqlLexer(statement.text).next().is_word("CREATE");
  return prepare_without_rows(statement, creates ? Asked::create : Asked::change);
}

tl::expected<Statement, Failure> SqlGuard::prepare_section(const SqlStatement& statement) {
  return prepare_without_rows(statement, Asked::change);
}

tl::expected<Statement, Failure> SqlGuard::prepare_without_rows(const SqlStatement& statement, Asked asked) {
  auto prepared = prepare(statement.text, statement, asked);
  if (prepared && sqlite3_column_count(prepared->get()) != 0) {
    return tl::unexpected(error(statement, 0, "this statement gives rows, which nobody would read",
                                "use INSERT, UPDATE or DELETE, without RETURNING"));
  }
  return prepared;
}

std::optional<Failure> SqlGuard::check_view(const std::string& view, const SqlStatement& created_by) {
  auto prepared = prepare("SELECT * FROM main." + quoted(view), created_by, Asked::view);
  return prepared ? std::nullopt : std::optional(std::move(prepared).error());
}

std::optional<Failure> SqlGuard::check_triggers() {
  for (const SqlStatement& made : projection_.setup()) {
    if (!makes_trigger(made.text)) continue;
    for (const OwnObject& own : own_) {
      std::string columns;
      const std::string table = quoted(own.name);
      auto listed = db_.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0", Keep::no);
      if (!listed) return std::move(listed).error();
      if (auto failed = db_.each(
              *listed, "reading the columns of a table",
              [&](const Statement& row) {
                const std::string column = quoted(row.text(0));
                columns += (columns.empty() ? "" : ", ") + column + " = " + column;
              },
              std::string_view(own.name))) {
        return failed;
      }
      // Each sets off all triggers of its kind. One that SQLite cannot do (to a view, most of them) is no matter.
      for (const std::string& sql : {"INSERT INTO main." + table + " DEFAULT VALUES",
                                     "UPDATE main." + table + " SET " + columns, "DELETE FROM main." + table}) {
        auto prepared = prepare(sql, made, Asked::change);
        if (!prepared && objection_ && made.text.find(within_) != made.text.npos) return std::move(prepared).error();
      }
    }
  }
  return std::nullopt;
}

tl::expected<Statement, Failure> SqlGuard::prepare(std::string_view sql, const SqlStatement& place, Asked asked) {
  // The first use of json_each declares its columns, in words that would be taken for the statement's own.
  (void)db_.prepare("SELECT 1 FROM json_each('[]'), json_tree('[]')", Keep::no);
  asked_ = asked;
  objection_.reset();
  sqlite3_stmt* stmt = nullptr;
  const char* tail = nullptr;
  int code = SQLITE_OK;
  {
    const Authorizer authorizer(db_.get(), &SqlGuard::ask, this);
    code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &stmt,
                              &tail);
  }
  Statement statement(stmt);
  if (objection_) return tl::unexpected(error(place, 0, std::move(objection_->what), std::move(objection_->advice)));
  if (code != SQLITE_OK) {
    Failure failure = db_.failure(code, "reading " + projection_.file(), Blame::statement);
    if (failure.kind != FailureKind::rejected) return tl::unexpected(std::move(failure));
    const int offset = asked == Asked::view ? -1 : sqlite3_error_offset(db_.get());
    return tl::unexpected(error(place, static_cast<std::size_t>(std::max(offset, 0)), sqlite3_errmsg(db_.get())));
  }
  // lantern and SQLite agree on where a statement ends, or it is not run.
  if (tail != sql.data() + sql.size() || !statement) {
    return tl::unexpected(error(place, static_cast<std::size_t>(tail - sql.data()),
                                "SQLite ends the statement here, before its semicolon",
                                "write one statement at a time"));
  }
  return statement;
}

Failure SqlGuard::error(const SqlStatement& statement, std::size_t offset, std::string what, std::string advice) const {
  SqlProjectionError error{projection_.file(), statement.line, statement.column, std::move(what), std::move(advice)};
  for (const char c : std::string_view(statement.text).substr(0, offset)) {
    if (c == '\n') ++error.line, error.column = 1;
    else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++error.column;
  }
  return error.as_failure();
}

int SqlGuard::ask(void* self, int action, const char* first, const char* second, const char* database,
                  const char* within) noexcept {
  const auto text = [](const char* given) { return given ? std::string_view(given) : std::string_view(); };
  auto& guard = *static_cast<SqlGuard*>(self);
  auto objection = guard.object(action, text(first), text(second), text(database));
  if (!objection) return SQLITE_OK;
  if (within && guard.asked_ != Asked::view) objection->what += " (in `" + std::string(within) + "`)";
  if (!guard.objection_) {
    guard.objection_ = std::move(objection);
    guard.within_ = text(within);
  }
  return SQLITE_DENY;
}

bool SqlGuard::owns(std::string_view name) const {
  return std::any_of(own_.begin(), own_.end(),
                     [&](const OwnObject& own) { return equal_but_for_case(own.name, name); });
}

std::string SqlGuard::whose(std::string_view name) const {
  const std::string key = lower(name);
  if (key.starts_with("lantern_")) return "lantern's own";
  if (key.starts_with("sqlite_") || key.starts_with("pragma_")) return "SQLite's own";
  const auto other = others_.find(key);
  return other == others_.end() ? "not this projection's" : other->second;
}

auto SqlGuard::object_to_read(std::string_view table, std::string_view column) const -> std::optional<Objection> {
  const std::string key = lower(table);
  if (owns(table) || is_json_table(key)) return std::nullopt;
  if (asked_ == Asked::create && key == "sqlite_master") return std::nullopt;
  // Of a subquery or a common table expression that gives no column SQLite tells the alias only.
  const bool reserved = key.starts_with("lantern_") || key.starts_with("sqlite_") || key.starts_with("pragma_");
  if (column.empty() && !reserved && !others_.contains(key)) return std::nullopt;
  return Objection{"it reads `" + std::string(table) + "`, which is " + whose(table), sees_events_only};
}

auto SqlGuard::object_to_write(std::string_view table) const -> std::optional<Objection> {
  if (owns(table)) return std::nullopt;
  const std::string key = lower(table);
  if (asked_ == Asked::create && (key == "sqlite_master" || key == "sqlite_sequence")) return std::nullopt;
  // A virtual table that is used for the first time announces itself so.
  if (key == "sqlite_master") {
    return Objection{"it touches sqlite_master, or one of SQLite's virtual tables", own_tables_only};
  }
  return Objection{"it writes `" + std::string(table) + "`, which is " + whose(table), own_tables_only};
}

auto SqlGuard::object_to_name(std::string_view name) const -> std::optional<Objection> {
  const std::string key = lower(name);
  if (key.starts_with("lantern_")) {
    return Objection{"names that begin with lantern_ are lantern's own",
                     "give `" + std::string(name) + "` another name"};
  }
  if (!others_.contains(key)) return std::nullopt;
  return Objection{"projection " + named_ + " cannot make `" + std::string(name) + "`, which is " + whose(name),
                   "choose another name"};
}

auto SqlGuard::object_to_creation(std::string_view name, bool is_view) -> std::optional<Objection> {
  if (auto objection = object_to_name(name)) return objection;
  if (!owns(name)) own_.push_back({std::string(name), is_view});
  return std::nullopt;
}

auto SqlGuard::object(int action, std::string_view first, std::string_view second, std::string_view database)
    -> std::optional<Objection> {
  const bool creates = asked_ == Asked::create;
  if (!database.empty() && database != "main") {
    return Objection{"it touches the database `" + std::string(database) + "`",
                     "all tables of a projection are in the store's file"};
  }
  switch (action) {
    case SQLITE_SELECT:
      if (!creates) return std::nullopt;
      return Objection{"CREATE TABLE … AS SELECT is not allowed", "write CREATE TABLE with its columns, then INSERT"};
    case SQLITE_RECURSIVE: return std::nullopt;
    case SQLITE_FUNCTION:
      if (!is_unrepeatable_function(lower(second))) return std::nullopt;
      return Objection{"the result of " + std::string(second) + "() differs from one run to the next",
                       "the same events must give the same tables again; use values of the event"};
    case SQLITE_READ: return object_to_read(first, second);
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE: return object_to_write(first);
    case SQLITE_REINDEX:
      if (creates) return std::nullopt;
      break;
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_VIEW:
      if (creates)
        return first == "sqlite_sequence" ? std::nullopt : object_to_creation(first, action == SQLITE_CREATE_VIEW);
      break;
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TRIGGER:
      if (!creates) break;
      if (!owns(second)) {
        return Objection{"`" + std::string(second) + "` is " + whose(second), own_tables_only};
      }
      return object_to_name(first);
    default: break;
  }
  return Objection{"the statement does what a projection may not do (SQLite's action " + std::to_string(action) + ")",
                   own_tables_only};
}

}  // namespace lantern::detail
