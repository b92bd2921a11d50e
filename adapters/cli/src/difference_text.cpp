#include "difference_text.hpp"

#include "json_text.hpp"
#include "text.hpp"

namespace lantern::cli {
namespace {

using Blob = std::span<const std::byte>;
using Row = std::span<const SqlValue>;

std::string_view bytes_of(Blob blob) { return {reinterpret_cast<const char*>(blob.data()), blob.size()}; }

// What one_line changes cannot be read back from it.
bool is_plain(std::string_view text) { return one_line(text) == text; }

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out += '\'';
}

Row key_of(const SqlDifference& difference, Row row) { return row.first(difference.key_columns); }

std::string listed(std::span<const std::string> columns, Row row) {
  std::string out;
  for (std::size_t at = 0; at < row.size(); ++at) {
    out += (at > 0 ? ", " : "") + one_line(columns[at]) + " " + sql_text(row[at]);
  }
  return out;
}

void add(JsonObject& object, const std::string& column, const SqlValue& value) {
  if (const auto* const whole = std::get_if<std::int64_t>(&value)) {
    object.field(column, *whole);
  } else if (const auto* const real = std::get_if<double>(&value)) {
    object.field(column, *real);
  } else if (const auto* const text = std::get_if<std::string_view>(&value)) {
    if (valid_utf8(*text) == *text) object.field(column, *text);
    else object.raw(column, JsonObject().field("text_hex", hex(*text)).text());
  } else if (const auto* const blob = std::get_if<Blob>(&value)) {
    object.raw(column, JsonObject().field("blob", hex(bytes_of(*blob))).text());
  } else {
    object.raw(column, "null");
  }
}

std::string as_json(std::span<const std::string> columns, std::optional<Row> row) {
  if (!row) return "null";
  JsonObject object;
  for (std::size_t at = 0; at < row->size(); ++at) add(object, columns[at], (*row)[at]);
  return object.text();
}

}  // namespace

std::string sql_text(const SqlValue& value) {
  if (const auto* const whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* const real = std::get_if<double>(&value)) {
    std::string text;
    append_json_number(text, *real);
    return text;
  }
  if (const auto* const text = std::get_if<std::string_view>(&value)) {
    return is_plain(*text) ? quoted(*text) : "CAST(x'" + hex(*text) + "' AS TEXT)";
  }
  if (const auto* const blob = std::get_if<Blob>(&value)) return "x'" + hex(bytes_of(*blob)) + "'";
  return "NULL";
}

std::string difference_for_people(const std::string& projection, const SqlDifference& difference) {
  const Row either = difference.first ? *difference.first : *difference.second;
  std::string out = one_line(projection) + ": table " + one_line(difference.table);
  if (difference.key_columns > 0) out += ", " + listed(difference.columns, key_of(difference, either));
  const auto shown = [&](std::optional<Row> row) {
    return row ? listed(difference.columns, *row) : std::string("no such row");
  };
  return out + "\n  stored:    " + shown(difference.first) + "\n  should be: " + shown(difference.second);
}

std::string difference_as_json(const std::string& projection, const SqlDifference& difference) {
  const Row either = difference.first ? *difference.first : *difference.second;
  JsonObject object;
  object.field("event", "difference").field("projection", projection).field("table", difference.table);
  if (difference.key_columns > 0) object.raw("key", as_json(difference.columns, key_of(difference, either)));
  else object.raw("key", "null");
  return object.raw("stored", as_json(difference.columns, difference.first))
      .raw("expected", as_json(difference.columns, difference.second))
      .text();
}

}  // namespace lantern::cli
