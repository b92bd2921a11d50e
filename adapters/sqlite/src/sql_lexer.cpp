#include "sql_lexer.hpp"

#include <algorithm>

namespace lantern::detail {
namespace {

// SQLite's own rules (tokenize.c documents them), which do not depend on a locale.
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower_one(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool starts_word(char c) {
  return (lower_one(c) >= 'a' && lower_one(c) <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool goes_on(char c) { return starts_word(c) || is_digit(c) || c == '$'; }

}  // namespace

bool SqlToken::is_word(std::string_view upper) const noexcept {
  return kind == Kind::word && equal_but_for_case(text, upper);
}

/// One past the closing mark; npos when there is none.
std::size_t SqlLexer::end_of_quoted(std::size_t open, char close, bool doubled) const noexcept {
  for (std::size_t at = open + 1; at < text_.size(); ++at) {
    if (text_[at] != close) continue;
    if (!doubled || at + 1 == text_.size() || text_[at + 1] != close) return at + 1;
    ++at;
  }
  return text_.npos;
}

SqlToken SqlLexer::next() noexcept {
  using Kind = SqlToken::Kind;
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  const std::size_t begin = at_;
  if (begin == text_.size()) return {Kind::end, begin, {}};
  const auto take = [&](Kind kind, std::size_t end) {
    if (end == text_.npos) kind = Kind::unterminated, end = text_.size();
    at_ = end;
    return SqlToken{kind, begin, text_.substr(begin, end - begin)};
  };
  const auto end_of_word = [&](std::size_t from) {
    while (from < text_.size() && goes_on(text_[from])) ++from;
    return from;
  };

  const char c = text_[begin];
  const std::string_view two = text_.substr(begin, 2);
  if (two == "--") return take(Kind::comment, std::min(text_.find('\n', begin), text_.size()));
  if (two == "/*") {
    const std::size_t close = text_.find("*/", begin + 2);
    return take(Kind::comment, close == text_.npos ? close : close + 2);
  }
  if (c == '\'') return take(Kind::text, end_of_quoted(begin, c, true));
  if (c == '"' || c == '`') return take(Kind::quoted, end_of_quoted(begin, c, true));
  if (c == '[') return take(Kind::quoted, end_of_quoted(begin, ']', false));
  if (c == '?') return take(Kind::variable, end_of_word(begin + 1));
  if (c == ':' || c == '@' || c == '$') {
    const std::size_t end = end_of_word(begin + 1);
    return take(end == begin + 1 ? Kind::sign : Kind::variable, end);
  }
  if (is_digit(c)) return take(Kind::number, end_of_word(begin));
  if (starts_word(c)) return take(Kind::word, end_of_word(begin));
  return take(Kind::sign, begin + 1);
}

std::vector<SqlToken> tokens_of(std::string_view sql) {
  std::vector<SqlToken> tokens;
  SqlLexer lexer(sql);
  for (SqlToken token = lexer.next(); token.kind != SqlToken::Kind::end; token = lexer.next()) {
    if (token.kind == SqlToken::Kind::unterminated) break;
    if (token.kind != SqlToken::Kind::comment) tokens.push_back(token);
  }
  return tokens;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_one);
  return out;
}

bool equal_but_for_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_one(x) == lower_one(y); });
}

std::string unquoted(std::string_view token) {
  constexpr std::string_view open = "\"'`[", close = "\"'`]";
  const std::size_t mark = token.size() < 2 ? open.npos : open.find(token.front());
  if (mark == open.npos || token.back() != close[mark]) return std::string(token);
  std::string out;
  for (std::size_t at = 1; at + 1 < token.size(); ++at) {
    out += token[at];
    if (token.front() != '[' && token[at] == close[mark]) ++at;  // a doubled mark stands for one
  }
  return out;
}

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out += '"';
}

}  // namespace lantern::detail
