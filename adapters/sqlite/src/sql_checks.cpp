#include "sql_checks.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace lantern::detail {
namespace {

using Kind = SqlToken::Kind;
using Statement = std::span<const SqlToken>;

template <class Range>
bool contains(const Range& range, std::string_view value) {
  return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

constexpr std::string_view changing[] = {"insert", "replace", "update", "delete", "with"};

// What people try, and what to tell them.
struct Forbidden {
  std::string_view verb, why;
};
constexpr std::string_view within = "the statements run inside of the commit's transaction, which lantern alone ends";
constexpr std::string_view connection = "a projection's file only describes tables and how events change them";
constexpr std::string_view setup_makes = "tables are made in the -- setup section, and dropped when the version rises";
// clang-format off
constexpr Forbidden forbidden[] = {
    {"begin", within}, {"commit", within}, {"end", within}, {"rollback", within}, {"savepoint", within},
    {"release", within}, {"attach", connection}, {"detach", connection}, {"pragma", connection},
    {"vacuum", connection}, {"analyze", connection}, {"reindex", connection}, {"explain", connection},
    {"create", setup_makes}, {"drop", setup_makes}, {"alter", setup_makes},
    {"select", "nobody would read its rows"}, {"values", "nobody would read its rows"},
};
// clang-format on

std::optional<SqlObjection> object_to_verb(Statement statement, SqlPart part) {
  const SqlToken& first = statement.front();
  const std::string verb = lower(first.text);
  if (first.kind == Kind::word && contains(changing, verb)) return std::nullopt;
  const bool creates = part == SqlPart::setup && first.is_word("CREATE");
  if (creates) {
    if (statement.size() < 2) return std::nullopt;  // SQLite will say what is missing
    const SqlToken& second = statement[1];
    if (second.is_word("TEMP") || second.is_word("TEMPORARY")) {
      return SqlObjection{second.begin, "a temporary table, view or trigger would not outlive the connection",
                          "leave out " + std::string(second.text)};
    }
    if (second.is_word("VIRTUAL")) {
      return SqlObjection{second.begin, "virtual tables are not allowed in a projection", "use a plain table"};
    }
    return std::nullopt;
  }
  SqlObjection objection{first.begin, "a statement may not begin with `" + std::string(first.text) + "`", {}};
  const auto* known = std::find_if(std::begin(forbidden), std::end(forbidden),
                                   [&](const Forbidden& row) { return first.kind == Kind::word && row.verb == verb; });
  if (known != std::end(forbidden)) objection.advice = std::string(known->why) + "; ";
  objection.advice += part == SqlPart::setup
                          ? "allowed here are CREATE TABLE, CREATE INDEX, CREATE VIEW, CREATE TRIGGER, INSERT, "
                            "REPLACE, UPDATE, DELETE and WITH"
                          : "allowed here are INSERT, REPLACE, UPDATE, DELETE and WITH";
  return objection;
}

std::optional<SqlObjection> object_to_variable(const SqlToken& token, SqlPart part) {
  if (part == SqlPart::setup) {
    return SqlObjection{token.begin, "the parameter " + std::string(token.text) + " has no value during setup",
                        "parameters belong into the -- on sections"};
  }
  if (token.text.front() == ':' && contains(sql_parameters, token.text.substr(1))) return std::nullopt;
  return SqlObjection{token.begin, "unknown parameter " + std::string(token.text), sql_parameters_allowed};
}

constexpr const char* use_the_event = "the same events must give the same tables again; use :ts, the event's own time";

/// Looks inside the parentheses of a call of a date function, of which `open` is the opening one.
std::optional<SqlObjection> object_to_date(Statement statement, std::size_t open, const SqlToken& name,
                                           std::string_view function) {
  std::size_t depth = 0, arguments = 0;
  for (std::size_t at = open; at < statement.size(); ++at) {
    const SqlToken& token = statement[at];
    if (token.is("(")) ++depth;
    else if (token.is(")") && --depth == 0) break;
    else if (arguments == 0) arguments = 1;
    if (depth == 1 && token.is(",")) ++arguments;
    // At any depth: parentheses, CASE and iif() hand their texts on.
    if (token.kind != Kind::text) continue;
    const std::string literal = lower(unquoted(token.text));
    if (literal == "now") {
      return SqlObjection{token.begin, std::string(name.text) + "('now') asks for the current time", use_the_event};
    }
    if (literal == "localtime" || literal == "utc") {
      return SqlObjection{token.begin, "'" + literal + "' depends on the time zone of the machine",
                          "the same events must give the same tables everywhere; keep to UTC"};
    }
  }
  if (arguments < (function == "strftime" ? 2U : 1U)) {
    return SqlObjection{name.begin, std::string(name.text) + " without a time asks for the current one", use_the_event};
  }
  return std::nullopt;
}

/// `INSERT INTO date(day)`, `CREATE TABLE date(day)`, `CREATE INDEX i ON date(day)`: not a call.
bool names_a_table(Statement statement, std::size_t at) {
  if (at == 0) return false;
  const SqlToken& before = statement[at - 1];
  if (before.is_word("INTO")) return true;
  return statement.front().is_word("CREATE") &&
         (before.is_word("TABLE") || before.is_word("EXISTS") || before.is_word("ON"));
}

std::optional<SqlObjection> object_to_word(Statement statement, std::size_t at) {
  static constexpr std::string_view clocks[] = {"current_date", "current_time", "current_timestamp"};
  static constexpr std::string_view dates[] = {"date", "time", "datetime", "julianday", "unixepoch", "strftime"};
  const SqlToken& token = statement[at];
  const std::string name = lower(unquoted(token.text));
  if (token.kind == Kind::word && name == "rollback") {
    return SqlObjection{token.begin, "ROLLBACK would end the transaction of the commit",
                        "use ABORT (the default): lantern takes back what the event did, and the policy decides"};
  }
  if (token.kind == Kind::word && contains(clocks, name)) {
    return SqlObjection{token.begin, std::string(token.text) + " asks for the current time", use_the_event};
  }
  if (at + 1 == statement.size() || !statement[at + 1].is("(")) return std::nullopt;
  if (names_a_table(statement, at)) return std::nullopt;
  if (is_unrepeatable_function(name)) {
    return SqlObjection{token.begin, "the result of " + name + "() differs from one run to the next",
                        "the same events must give the same tables again; use values of the event"};
  }
  if (contains(dates, name)) return object_to_date(statement, at + 1, token, name);
  return std::nullopt;
}

}  // namespace

bool is_unrepeatable_function(std::string_view name) noexcept {
  // clang-format off
  static constexpr std::string_view names[] = {
      "random", "randomblob", "changes", "total_changes", "last_insert_rowid", "load_extension", "sqlite_version",
      "sqlite_source_id", "sqlite_compileoption_used", "sqlite_compileoption_get", "sqlite_offset", "sqlite_log",
      "current_date", "current_time", "current_timestamp", "localtime"};
  // clang-format on
  return contains(names, name);
}

std::optional<SqlObjection> object_to(Statement statement, SqlPart part) {
  if (auto objection = object_to_verb(statement, part)) return objection;
  for (std::size_t at = 0; at < statement.size(); ++at) {
    const SqlToken& token = statement[at];
    std::optional<SqlObjection> objection;
    if (token.kind == Kind::variable) objection = object_to_variable(token, part);
    if (token.kind == Kind::word || token.kind == Kind::quoted) objection = object_to_word(statement, at);
    if (objection) return objection;
  }
  return std::nullopt;
}

}  // namespace lantern::detail
