#include "view_condition.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view considering = "considering a condition";

/// The JSON type of a text, in SQLite's words: `text`, `integer`, `real`, `true`, `false`, `null`, `object`, `array`;
/// empty when it is no JSON.
tl::expected<std::string, Failure> type_of(const Connection& db, std::string_view json) {
  auto asking = db.prepare("SELECT CASE WHEN json_valid(?1) THEN json_type(?1) ELSE '' END", Keep::no);
  if (!asking) return tl::unexpected(std::move(asking).error());
  std::string type;
  if (auto failed = db.each(
          *asking, considering, [&](const Statement& row) { type = row.text(0); }, json)) {
    return tl::unexpected(*std::move(failed));
  }
  return json.find('\0') == json.npos ? type : std::string();
}

std::optional<Failure> refuse_path(const Connection& db, const ViewCondition& where) {
  auto asking = db.prepare("SELECT json_type('{}', ?1), json_type('[]', ?1)", Keep::no);
  if (!asking) return std::move(asking).error();
  const Using use(*asking);
  use->bind(1, std::string_view(where.path));
  const int code = use->step();
  if (code == SQLITE_ROW) return std::nullopt;
  return (code & 0xff) == SQLITE_ERROR ? bad_condition(db, where) : db.failure(code, considering);
}

}  // namespace

Failure bad_condition(const Connection& db, const ViewCondition& where) {
  return Failure(FailureKind::invalid,
                 "'" + where.path + "' is no path into a state; SQLite says: " + sqlite3_errmsg(db.get()),
                 "write it as json_extract takes it, like $.status or $.lines[0].sku");
}

tl::expected<std::string, Failure> sql_of_condition(const Connection& db, const ViewCondition& where) {
  if (auto refused = refuse_path(db, where)) return tl::unexpected(*std::move(refused));
  const auto type = type_of(db, where.equals);
  if (!type) return tl::unexpected(type.error());
  std::string matches;
  if (*type == "text") {
    matches = "json_type(state, ?4) = 'text' AND json_extract(state, ?4) = json_extract(?5, '$')";
  } else if (*type == "integer" || *type == "real") {
    matches = "json_type(state, ?4) IN ('integer', 'real') AND json_extract(state, ?4) = json_extract(?5, '$')";
  } else if (*type == "true" || *type == "false" || *type == "null") {
    matches = "json_type(state, ?4) = json_type(?5)";
  } else {
    return tl::unexpected(Failure(FailureKind::invalid, "'" + where.equals + "' is no JSON value to compare with",
                                  R"(give a string with its quotation marks ("open"), a number, true, false or null)"));
  }
  // Only CASE promises that the functions are not called for what is no JSON.
  return "CASE WHEN json_valid(state) THEN " + matches + " ELSE 0 END";
}

}  // namespace lantern::detail
