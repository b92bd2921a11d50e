// Reads the text of a projection's file: headings are comments at the beginning of a line, between statements.
#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "lantern/names.hpp"
#include "lantern/sqlite/sql_projection.hpp"
#include "sql_checks.hpp"
#include "sql_lexer.hpp"

namespace lantern {
namespace {

using detail::SqlObjection;
using detail::SqlPart;
using detail::SqlToken;
using Kind = SqlToken::Kind;

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The text with every CRLF as one LF, and without a byte order mark: an editor's habits change no meaning.
std::string plain(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') continue;
    out += text[at];
  }
  return out;
}

/// Two FNV-1a hashes of 64 bits with different beginnings, as 32 hex digits. It guards against mistakes, not against
/// malice. http://www.isthe.com/chongo/tech/comp/fnv
class Fingerprint {
 public:
  /// The length goes first, so that no two sequences of parts look the same.
  void add(std::string_view part) {
    byte_by_byte(std::to_string(part.size()) + ":");
    byte_by_byte(part);
  }
  [[nodiscard]] std::string hex() const {
    std::string out;
    for (const std::uint64_t half : {a_, b_}) {
      for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(half >> shift) & 15];
    }
    return out;
  }

 private:
  void byte_by_byte(std::string_view text) {
    for (const char c : text) {
      a_ = (a_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
      b_ = (b_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    }
  }
  std::uint64_t a_ = 0xCBF29CE484222325ULL, b_ = 0x9E3779B97F4A7C15ULL;
};

constexpr const char* headers_allowed =
    "allowed are `-- projection: NAME`, `-- version: N` and `-- on error: fatal|skip|retry|quarantine`";

/// What a comment at the beginning of a line may be: `word: rest`, `word rest`, or prose.
struct Heading {
  enum class Kind { prose, header, setup, section } kind{Kind::prose};
  std::string_view key{};   ///< of a header
  std::string_view rest{};  ///< what follows; its offset in the file is that of its data
};

Heading heading_of(std::string_view comment) {
  if (!comment.starts_with("--")) return {};
  const std::string_view body = trimmed(comment.substr(2));
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto word_end = static_cast<std::size_t>(std::find_if_not(body.begin(), body.end(), is_letter) - body.begin());
  const std::string_view word = body.substr(0, word_end), rest = trimmed(body.substr(word_end));
  if (word.empty()) return {};

  if (detail::equal_but_for_case(word, "on")) {
    if (rest.size() >= 5 && detail::equal_but_for_case(rest.substr(0, 5), "error")) {
      const std::string_view after = trimmed(rest.substr(5));
      if (after.starts_with(":")) return {Heading::Kind::header, "on error", trimmed(after.substr(1))};
    }
    const bool joined = word_end < body.size() && (body[word_end] == '-' || body[word_end] == '\'');
    return joined ? Heading{} : Heading{Heading::Kind::section, word, rest};  // "on-call" is prose
  }
  if (detail::equal_but_for_case(word, "setup")) return {Heading::Kind::setup, word, rest};
  if (!rest.starts_with(":")) return {};
  const bool known = detail::equal_but_for_case(word, "projection") || detail::equal_but_for_case(word, "version");
  const bool spaced = rest.size() == 1 || is_blank(rest[1]);  // `http://…` is prose
  if (!known && !spaced) return {};
  return {Heading::Kind::header, word, trimmed(rest.substr(1))};
}

}  // namespace

class SqlFileReader {
 public:
  SqlFileReader(std::string_view text, std::string file_name) : text_(plain(text)) {
    made_.file_ = std::move(file_name);
  }

  tl::expected<SqlProjection, SqlProjectionError> read() && {
    Trouble trouble = check_text();
    detail::SqlLexer lexer(text_);
    for (SqlToken token = lexer.next(); !trouble; token = lexer.next()) {
      if (token.kind == Kind::end) {
        trouble = end_of_file();
        break;
      }
      trouble = take(token);
    }
    if (trouble) return tl::unexpected(*std::move(trouble));
    made_.fingerprint_ = fingerprint_.hex();
    return std::move(made_);
  }

 private:
  using Trouble = std::optional<SqlProjectionError>;
  enum class Area { header, setup, section };

  // ---- places ----

  struct Place {
    std::size_t line{1}, column{1};
  };
  [[nodiscard]] Place place(std::size_t offset) const {
    Place found;
    for (std::size_t at = 0; at < offset; ++at) {
      if (text_[at] == '\n') ++found.line, found.column = 1;
      else if ((static_cast<unsigned char>(text_[at]) & 0xC0) != 0x80) ++found.column;  // a character, not a byte
    }
    return found;
  }
  [[nodiscard]] std::size_t offset_of(std::string_view part) const {
    return static_cast<std::size_t>(part.data() - text_.data());
  }
  [[nodiscard]] SqlProjectionError error(std::size_t offset, std::string what, std::string advice = {}) const {
    const Place at = place(offset);
    return {made_.file_, at.line, at.column, std::move(what), std::move(advice)};
  }

  [[nodiscard]] Trouble check_text() const {
    if (const std::size_t nul = text_.find('\0'); nul != text_.npos) {
      return error(nul, "there is a NUL in the file", "a projection's file is plain text");
    }
    if (is_utf8(text_)) return std::nullopt;
    std::size_t line_begin = 0;  // the first line that is not UTF-8
    while (true) {
      const std::size_t line_end = std::min(text_.find('\n', line_begin), text_.size());
      if (!is_utf8(std::string_view(text_).substr(line_begin, line_end - line_begin))) break;
      line_begin = line_end + 1;
    }
    return SqlProjectionError{made_.file_, place(line_begin).line, 0, "this line is not UTF-8",
                              "save the file in UTF-8"};
  }

  // ---- tokens ----

  [[nodiscard]] bool first_on_its_line(const SqlToken& token) const {
    for (std::size_t at = token.begin; at > 0 && text_[at - 1] != '\n'; --at) {
      if (!is_blank(text_[at - 1])) return false;
    }
    return true;
  }

  Trouble take(const SqlToken& token) {
    if (token.kind == Kind::unterminated) return unterminated(token);
    if (token.kind == Kind::comment) {
      return first_on_its_line(token) ? take_heading(token, heading_of(token.text)) : std::nullopt;
    }
    if (token.is(";")) return statement_.empty() ? std::nullopt : end_of_statement(token);
    if (area_ == Area::header) {
      return error(token.begin, "a statement before any section",
                   "begin a section with `-- setup`, `-- on EventType` or `-- on *`");
    }
    statement_.push_back(token);
    return std::nullopt;
  }

  [[nodiscard]] Trouble unterminated(const SqlToken& token) const {
    if (token.text.starts_with("/*")) return error(token.begin, "this comment is not closed", "close it with */");
    const char open = token.text.front();
    const char close = open == '[' ? ']' : open;
    return error(token.begin, open == '\'' ? "this text is not closed" : "this name is not closed",
                 std::string("close it with ") + close + (open == '[' ? "" : "; inside of it, write the mark twice"));
  }

  Trouble end_of_statement(const SqlToken& semicolon) {
    const std::size_t begin = statement_.front().begin;
    std::string text = text_.substr(begin, semicolon.begin - begin);
    // Inside of a trigger's BEGIN … END there are more semicolons; SQLite knows which one is the last.
    if (sqlite3_complete((text + ";").c_str()) == 0) {
      statement_.push_back(semicolon);
      return std::nullopt;
    }
    const SqlPart part = area_ == Area::setup ? SqlPart::setup : SqlPart::section;
    if (auto objection = detail::object_to(statement_, part)) {
      return error(objection->at, std::move(objection->what), std::move(objection->advice));
    }
    const Place at = place(begin);
    while (!text.empty() && is_blank(text.back())) text.pop_back();
    auto& statements = part == SqlPart::setup ? made_.setup_ : made_.sections_.back().statements;
    statements.push_back({std::move(text), at.line, at.column});
    fingerprint_.add("statement");
    for (const SqlToken& token : statement_) fingerprint_.add(token.text);
    statement_.clear();
    return std::nullopt;
  }

  // ---- headings ----

  Trouble take_heading(const SqlToken& comment, const Heading& heading) {
    const bool section = heading.kind == Heading::Kind::setup || heading.kind == Heading::Kind::section;
    if (!statement_.empty()) return section ? in_midst_of_statement(comment) : std::nullopt;
    switch (heading.kind) {
      case Heading::Kind::prose: return std::nullopt;
      case Heading::Kind::header: return take_header(comment, heading);
      case Heading::Kind::setup:
      case Heading::Kind::section: break;
    }
    if (auto trouble = end_of_section()) return trouble;
    section_begin_ = comment.begin;
    return heading.kind == Heading::Kind::setup ? begin_setup(comment, heading) : begin_section(comment, heading);
  }

  [[nodiscard]] Trouble in_midst_of_statement(const SqlToken& comment) const {
    return error(comment.begin,
                 "a section begins here, but the statement of line " +
                     std::to_string(place(statement_.front().begin).line) + " is not ended",
                 "end it with `;`, or, if this is only a comment, begin it with another word");
  }

  Trouble take_header(const SqlToken& comment, const Heading& heading) {
    const std::string key = detail::lower(heading.key);
    const bool known = key == "projection" || key == "version" || key == "on error";
    if (area_ != Area::header) {
      if (!known) return std::nullopt;
      return error(comment.begin, "the header `-- " + key + ":` comes too late", "headers stand before all sections");
    }
    if (!known) {
      return error(comment.begin, "unknown header `-- " + std::string(heading.key) + ":`",
                   std::string(headers_allowed) + "; a comment here must not begin with a word and a colon");
    }
    if (key == "projection") return take_name(comment, heading.rest);
    if (key == "version") return take_version(comment, heading.rest);
    return take_policy(comment, heading.rest);
  }

  [[nodiscard]] SqlProjectionError duplicate(const SqlToken& comment, const char* header,
                                             std::size_t first_line) const {
    return error(comment.begin, std::string("a second `-- ") + header + ":` header",
                 "the first is in line " + std::to_string(first_line) + "; keep one of them");
  }

  Trouble take_name(const SqlToken& comment, std::string_view value) {
    if (name_line_ != 0) return duplicate(comment, "projection", name_line_);
    if (auto refused = refuse_name("projection", value)) {
      return error(comment.begin, refused->what, "write `-- projection: NAME`");
    }
    name_line_ = place(comment.begin).line;
    made_.name_ = std::string(value);
    return std::nullopt;
  }

  Trouble take_version(const SqlToken& comment, std::string_view value) {
    if (version_line_ != 0) return duplicate(comment, "version", version_line_);
    const char* const end = value.data() + value.size();
    const auto [stopped, wrong] = std::from_chars(value.data(), end, made_.version_);
    if (wrong != std::errc() || stopped != end || made_.version_ < 1) {
      return error(value.empty() ? comment.begin : offset_of(value), "`" + std::string(value) + "` is not a version",
                   "allowed is a whole number from 1 up");
    }
    version_line_ = place(comment.begin).line;
    return std::nullopt;
  }

  Trouble take_policy(const SqlToken& comment, std::string_view value) {
    if (policy_line_ != 0) return duplicate(comment, "on error", policy_line_);
    for (const SqlPolicy policy : {SqlPolicy::fatal, SqlPolicy::skip, SqlPolicy::retry, SqlPolicy::quarantine}) {
      if (!detail::equal_but_for_case(value, to_string(policy))) continue;
      made_.policy_ = policy;
      policy_line_ = place(comment.begin).line;
      return std::nullopt;
    }
    return error(value.empty() ? comment.begin : offset_of(value), "unknown policy `" + std::string(value) + "`",
                 "allowed are fatal, skip, retry and quarantine");
  }

  Trouble begin_setup(const SqlToken& comment, const Heading& heading) {
    if (!heading.rest.empty()) {
      return error(offset_of(heading.rest), "`" + std::string(heading.rest) + "` follows `-- setup`",
                   "the heading stands alone in its line; if this is only a comment, begin it with another word");
    }
    if (setup_line_ != 0) {
      return error(comment.begin, "a second -- setup section",
                   "the first is in line " + std::to_string(setup_line_) + "; put all into one");
    }
    setup_line_ = place(comment.begin).line;
    area_ = Area::setup;
    fingerprint_.add("setup");
    return std::nullopt;
  }

  Trouble begin_section(const SqlToken& comment, const Heading& heading) {
    SqlSection section;
    section.line = place(comment.begin).line;
    if (auto trouble = read_types(comment, heading.rest, section.types)) return trouble;
    area_ = Area::section;
    fingerprint_.add("on");
    for (const std::string& type : section.types) fingerprint_.add(type);
    made_.sections_.push_back(std::move(section));
    return std::nullopt;
  }

  // ---- the list of types: one or more of `plain` and "quoted", or `*` ----

  Trouble read_types(const SqlToken& comment, std::string_view list, std::vector<std::string>& types) const {
    static constexpr const char* allowed =
        "write `-- on EventType`, `-- on \"an event type\", \"another, with a comma\"` or `-- on *`";
    if (list == "*") return std::nullopt;
    if (list.empty()) return error(comment.begin, "the section names no event type", allowed);
    while (true) {
      const std::size_t at = offset_of(list);
      if (list.empty()) return error(at, "an event type is missing after the comma", allowed);
      std::string type;
      std::size_t length = 0;
      if (list.front() == '"') {
        const SqlToken token = detail::SqlLexer(list).next();
        if (token.kind != Kind::quoted) return error(at, "this event type is not closed", "close it with \"");
        type = detail::unquoted(token.text);
        length = token.text.size();
      } else {
        length = std::min(list.find_first_of(" \t\v\f\r,\"'`;()"), list.size());
        type = std::string(list.substr(0, length));
        if (type == "*") return error(at, "`*` among event types", "`-- on *` stands for every event, alone");
        if (length == 0) return error(at, "`" + std::string(list.substr(0, 1)) + "` is no event type", allowed);
      }
      if (auto refused = refuse_name("type", type)) return error(at, refused->what, allowed);
      if (std::find(types.begin(), types.end(), type) != types.end()) {
        return error(at, "the event type \"" + type + "\" twice in one list", "name it once");
      }
      types.push_back(std::move(type));
      list = trimmed(list.substr(length));
      if (list.empty()) return std::nullopt;
      if (list.front() != ',') {
        return error(offset_of(list), "`" + std::string(list) + "` follows an event type without a comma",
                     "put an event type with spaces or punctuation into double quotes; if this is only a comment, "
                     "begin it with another word than `on`");
      }
      const std::string_view after = list.substr(1);
      list = trimmed(after);
      if (list.empty()) return error(offset_of(after), "an event type is missing after the comma", allowed);
    }
  }

  // ---- ends ----

  [[nodiscard]] Trouble end_of_section() const {
    const bool empty = (area_ == Area::setup && made_.setup_.empty()) ||
                       (area_ == Area::section && made_.sections_.back().statements.empty());
    if (!empty) return std::nullopt;
    return error(section_begin_, "this section has no statement", "write one, or leave the section out");
  }

  [[nodiscard]] SqlProjectionError missing(std::string what, std::string advice) const {
    return {made_.file_, 1, 0, std::move(what), std::move(advice)};
  }

  Trouble end_of_file() {
    if (!statement_.empty()) {
      return error(statement_.front().begin, "this statement is not ended", "end it with `;`");
    }
    if (auto trouble = end_of_section()) return trouble;
    if (name_line_ == 0) return missing("there is no `-- projection: NAME` header", "write it before all sections");
    if (version_line_ == 0) return missing("there is no `-- version: N` header", "write it before all sections");
    if (made_.sections_.empty()) {
      return missing("there is no section for any event", "write at least one `-- on EventType` or `-- on *`");
    }
    fingerprint_.add(to_string(made_.policy_));
    return std::nullopt;
  }

  std::string text_;
  SqlProjection made_;
  Area area_{Area::header};
  std::size_t section_begin_{};
  std::vector<SqlToken> statement_;  // the one that is being read, without its comments
  std::size_t name_line_{}, version_line_{}, policy_line_{}, setup_line_{};
  Fingerprint fingerprint_;
};

tl::expected<SqlProjection, SqlProjectionError> SqlProjection::parse(std::string_view text, std::string file_name) {
  return SqlFileReader(text, std::move(file_name)).read();
}

}  // namespace lantern
