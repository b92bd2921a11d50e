#include "sql_builds.hpp"

#include <algorithm>
#include <set>

#include "once.hpp"
#include "sql_lexer.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view doing = "exchanging the tables of a projection";
constexpr std::string_view automatic = "sqlite_autoindex_";
using Trouble = SqlBuilds::Trouble;

using Kind = SchemaRename::Kind;

Kind kind_of(std::string_view type) {
  if (type == "table") return Kind::table;
  if (type == "view") return Kind::view;
  return type == "index" ? Kind::index : Kind::trigger;
}

/// What SQLite takes for a name before or after a dot; a number is not.
bool is_name(const SqlToken& token) {
  using enum SqlToken::Kind;
  return token.kind == word || token.kind == quoted || token.kind == text;
}

/// The text of a CREATE as SQLite stores it, with its own name and its table's changed. What a view or a trigger says
/// of other objects stays as it is. In tables and indexes, which hold expressions of their own columns only, a name
/// before a dot can be nothing but the table's.
std::string renamed(const std::string& sql, Kind kind, const SchemaRename::Words& from, const SchemaRename::Words& to) {
  const std::vector<SqlToken> tokens = tokens_of(sql);
  std::size_t name = 1;  // after CREATE
  while (name < tokens.size() && !tokens[name].is_word("TABLE") && !tokens[name].is_word("INDEX") &&
         !tokens[name].is_word("VIEW") && !tokens[name].is_word("TRIGGER")) {
    ++name;
  }
  ++name;
  const bool stands_on_table = kind == Kind::index || kind == Kind::trigger;
  std::size_t table = tokens.size();
  if (stands_on_table) {
    table = name + 1;
    while (table < tokens.size() && !tokens[table].is_word("ON")) ++table;
    ++table;
    if (table + 2 < tokens.size() && tokens[table + 1].is(".")) table += 2;  // main.t
  }
  std::string out;
  std::size_t copied = 0;
  const auto put = [&](const SqlToken& token, const std::string& word) {
    out.append(sql, copied, token.begin - copied).append(quoted(word));
    copied = token.begin + token.text.size();
  };
  const auto qualifies = [&](std::size_t at) {
    return at + 2 < tokens.size() && is_name(tokens[at]) && tokens[at + 1].is(".") && is_name(tokens[at + 2]);
  };
  for (std::size_t at = name; at < tokens.size(); ++at) {
    if (at == name) put(tokens[at], to.name);
    else if (at == table) put(tokens[at], to.table);
    else if ((kind == Kind::table || kind == Kind::index) && qualifies(at) &&
             equal_but_for_case(unquoted(tokens[at].text), from.table))
      put(tokens[at], to.table);
  }
  return out.append(sql, copied);
}

/// Lets the schema be written while it lives; SQLite refuses that on lantern's connections.
class WritableSchema {
 public:
  explicit WritableSchema(const Connection& db) : db_(db) { set(true); }
  WritableSchema(const WritableSchema&) = delete;
  WritableSchema& operator=(const WritableSchema&) = delete;
  ~WritableSchema() { set(false); }

 private:
  void set(bool writable) const noexcept {
    sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_WRITABLE_SCHEMA, writable ? 1 : 0, nullptr);
    sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_DEFENSIVE, writable ? 0 : 1, nullptr);
  }
  const Connection& db_;
};

}  // namespace

std::string hidden_name(std::int64_t build, std::string_view name) {
  return "lantern_b" + std::to_string(build) + "_" + std::string(name);
}

std::string shown_name(std::int64_t build, std::string_view name) {
  const std::string prefix = hidden_name(build, {});
  return std::string(name.starts_with(prefix) ? name.substr(prefix.size()) : name);
}

SchemaRenames undone(SchemaRenames renames) {
  for (SchemaRename& one : renames) std::swap(one.before, one.after);
  std::reverse(renames.begin(), renames.end());
  return renames;
}

tl::expected<std::optional<std::string>, Failure> SqlBuilds::fingerprint(std::optional<std::int64_t> build) const {
  std::optional<std::string> found;
  if (!build) return found;
  const auto take = [&](const Statement& row) {
    if (!row.is_null(0)) found = std::string(row.text(0));
  };
  if (auto failed = each_once(connection_->db(), "SELECT fingerprint FROM lantern_builds WHERE build = ?1", doing, take,
                              *build)) {
    return tl::unexpected(*std::move(failed));
  }
  return found;
}

Trouble SqlBuilds::plan(std::int64_t build, Way way, SchemaRenames& renames) const {
  const auto changed = [&](std::string_view name) {
    return way == Way::hide ? hidden_name(build, name) : shown_name(build, name);
  };
  return each_once(
      connection_->db(),
      "SELECT s.rowid, s.type, s.name, s.tbl_name, s.sql FROM lantern_projection_objects AS o "
      "JOIN sqlite_schema AS s ON o.object = s.tbl_name WHERE o.build = ?1 ORDER BY s.rowid",
      doing,
      [&](const Statement& row) {
        const std::string type(row.text(1));
        SchemaRename one{row.integer(0), kind_of(type), {std::string(row.text(2)), std::string(row.text(3))}, {}};
        const bool has_text = !row.is_null(4);
        one.after.table = changed(one.before.table);
        one.after.name = has_text ? changed(one.before.name)
                                  : std::string(automatic) + changed(one.before.name.substr(automatic.size()));
        if (has_text) {
          one.before.sql = std::string(row.text(4));
          one.after.sql = renamed(*one.before.sql, one.kind, one.before, one.after);
        }
        renames.push_back(std::move(one));
      },
      build);
}

/// Somebody may have made something of the same name while the build was out of sight.
Trouble SqlBuilds::refuse_collision(const SchemaRenames& renames) const {
  std::set<std::int64_t> moving;
  for (const SchemaRename& one : renames) moving.insert(one.row);
  std::set<std::pair<bool, std::string>> taken;  // triggers have names of their own
  auto failed =
      each_once(connection_->db(), "SELECT rowid, type, name FROM sqlite_schema", doing, [&](const Statement& row) {
        if (!moving.contains(row.integer(0))) taken.emplace(row.text(1) == "trigger", lower(row.text(2)));
      });
  if (failed) return failed;
  for (const SchemaRename& moved : renames) {
    if (taken.contains({moved.kind == Kind::trigger, lower(moved.after.name)})) {
      return Failure(FailureKind::incompatible,
                     "`" + moved.after.name + "` of a projection cannot be brought out: something else has its name",
                     "rename or drop what was made since, and ask again");
    }
  }
  return std::nullopt;
}

Trouble SqlBuilds::apply(const SchemaRenames& renames, Cookie cookie) {
  const Connection& db = connection_->db();
  if (renames.empty()) return std::nullopt;
  auto version = db.number("PRAGMA schema_version", doing);
  if (!version) return std::move(version).error();
  {
    const WritableSchema writable(db);
    connection_->schema_is_touched();
    auto statement =
        db.prepare("UPDATE sqlite_schema SET name = ?2, tbl_name = ?3, sql = ?4 WHERE rowid = ?1", Keep::no);
    if (!statement) return std::move(statement).error();
    for (const SchemaRename& one : renames) {
      const auto sql = one.after.sql ? std::optional<std::string_view>(*one.after.sql) : std::nullopt;
      if (auto failed = db.run(*statement, doing, one.row, std::string_view(one.after.name),
                               std::string_view(one.after.table), sql)) {
        return failed;
      }
    }
    // First the number, then the schema: whatever happens in between, what is remembered does not pass for what is
    // stored. Going back to the number that others know spares them that:
    // what they know is true again.
    const std::int64_t next = version->value_or(0) + (cookie == Cookie::forward ? 1 : -1);
    if (auto failed = db.execute(("PRAGMA schema_version=" + std::to_string(next)).c_str(), doing)) return failed;
    connection_->forget_schema();
  }
  for (const SchemaRename& one : renames) {
    if (one.kind != Kind::table) continue;
    if (auto failed = run_once(db, "UPDATE sqlite_sequence SET name = ?2 WHERE name = ?1", doing,
                               std::string_view(one.before.name), std::string_view(one.after.name))) {
      return failed;
    }
  }
  return std::nullopt;
}

tl::expected<SchemaRenames, Failure> SqlBuilds::open_window(std::optional<std::int64_t> out,
                                                            std::optional<std::int64_t> in) {
  SchemaRenames renames;
  Trouble failed;
  if (out) failed = plan(*out, Way::hide, renames);
  if (!failed && in) failed = plan(*in, Way::show, renames);
  if (!failed) failed = refuse_collision(renames);
  if (!failed) failed = apply(renames, Cookie::forward);
  if (failed) return tl::unexpected(*std::move(failed));
  return renames;
}

Trouble SqlBuilds::close_window(SchemaRenames opened) { return apply(undone(std::move(opened)), Cookie::back); }

Trouble SqlBuilds::exchange(std::optional<std::int64_t> out, std::optional<std::int64_t> in) {
  auto renames = open_window(out, in);
  if (!renames) return std::move(renames).error();
  for (const SchemaRename& one : *renames) {
    if (one.kind != Kind::table && one.kind != Kind::view) continue;
    if (auto failed = run_once(connection_->db(), "UPDATE lantern_projection_objects SET object = ?2 WHERE object = ?1",
                               doing, std::string_view(one.before.name), std::string_view(one.after.name))) {
      return failed;
    }
  }
  return std::nullopt;
}

}  // namespace lantern::detail
