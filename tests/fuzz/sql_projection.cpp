// Projections in `.sql` files: any text gives a projection that can be used, or an error with a place in the text.
#include <algorithm>

#include "input.hpp"
#include "lantern/names.hpp"
#include "lantern/sqlite/sql_projection.hpp"

using namespace lantern;
using fuzz::promise;

namespace {

std::size_t lines_in(std::string_view text) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

void check_error(const SqlProjectionError& error, std::string_view text) {
  const std::string message = error.message();
  promise(!error.what.empty(), "an error says what is wrong");
  promise(error.line >= 1 && error.line <= lines_in(text), "in a line of the file", message);
  promise(error.column <= text.size() + 1, "and a column of it", message);
  promise(message.starts_with("some.sql:"), "after the name of the file", message);
  for (const char c : message) {
    promise(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "in one line that commands no terminal", message);
  }
}

void check_statement(const SqlStatement& statement, std::string_view text) {
  promise(!statement.text.empty() && statement.text.back() != ';', "a statement is without its semicolon",
          statement.text);
  promise(statement.line >= 1 && statement.line <= lines_in(text) && statement.column >= 1,
          "and has a place in the file", statement.text);
  promise(is_utf8(statement.text) && statement.text.find('\0') == std::string::npos, "and is plain text",
          statement.text);
}

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

void check_projection(const SqlProjection& made, std::string_view text) {
  promise(!refuse_name("projection", made.name()), "its name is one", made.name());
  promise(made.version() >= 1, "its version is from 1 up");
  promise(!made.sections().empty(), "it has a section for some event");
  promise(made.fingerprint().size() == 32, "its fingerprint is of 32 digits", made.fingerprint());
  for (const SqlStatement& statement : made.setup()) check_statement(statement, text);
  bool for_all = false;
  for (const SqlSection& section : made.sections()) {
    promise(!section.statements.empty(), "no section is empty");
    for (const SqlStatement& statement : section.statements) check_statement(statement, text);
    for_all = for_all || section.types.empty();
    for (const std::string& type : section.types) promise(!refuse_name("type", type), "types have names", type);
  }
  promise(made.filter().types.empty() == for_all, "it reads what its sections are for");

  const auto again = SqlProjection::parse(text, "other.sql");
  promise(again && again->fingerprint() == made.fingerprint(), "the same text has the same fingerprint", text);
  const std::string other_line_ends = with_crlf(text);
  const auto on_windows = SqlProjection::parse(other_line_ends, "other.sql");
  // A text that has a bare CR before its LF would gain another one.
  if (text.find('\r') != text.npos) return;
  promise(on_windows && on_windows->fingerprint() == made.fingerprint(), "an editor's line ends change no meaning",
          text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto made = SqlProjection::parse(text, "some.sql");
  if (made) check_projection(*made, text);
  else check_error(made.error(), text);
  return 0;
}
