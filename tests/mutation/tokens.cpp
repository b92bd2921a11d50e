#include "mutation/tokens.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace lantern::mutation {
namespace {

bool begins_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }
bool in_word(char c) { return begins_word(c) || is_digit(c); }

constexpr std::array<std::string_view, 25> long_signs{"<=>", "...", "<<=", "->*", "::", "->", "++", "--", "&&",
                                                      "||",  "==",  "!=",  "<=",  ">=", "+=", "-=", "*=", "/=",
                                                      "%=",  "&=",  "|=",  "^=",  "<<", ".*", "##"};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> all() {
    while (skip_blanks(), at_ < source_.size()) next();
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return source_.substr(at_); }
  [[nodiscard]] bool at_line_begin() const {
    const auto before = source_.find_last_not_of(" \t", at_ - 1);
    return at_ == 0 || before == source_.npos || source_[before] == '\n';
  }

  void advance(std::size_t to) {
    to = std::min(to, source_.size());
    line_ += static_cast<std::uint64_t>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                   source_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }
  /// To behind the next `what`, or to the end.
  void pass(std::string_view what) {
    const auto found = source_.find(what, at_);
    advance(found == source_.npos ? source_.size() : found + what.size());
  }

  void skip_blanks() {
    while (at_ < source_.size()) {
      if (std::isspace(static_cast<unsigned char>(source_[at_]))) advance(at_ + 1);
      else if (rest().starts_with("//")) pass("\n");
      else if (rest().starts_with("/*")) pass("*/");
      else if (source_[at_] == '#' && at_line_begin()) skip_directive();
      else return;
    }
  }
  void skip_directive() {
    do pass("\n");
    while (at_ >= 2 && at_ < source_.size() && source_[at_ - 2] == '\\');
  }

  void next() {
    const std::size_t begin = at_;
    const char c = source_[at_];
    if (rest().starts_with("R\"")) return take(Token::Kind::text, raw_end());
    if (c == '"' || c == '\'') return take(Token::Kind::text, quoted_end(c));
    if (begins_word(c)) {
      std::size_t end = begin;
      while (end < source_.size() && in_word(source_[end])) ++end;
      return take(Token::Kind::word, end);
    }
    if (is_digit(c)) {
      std::size_t end = begin;
      while (end < source_.size() && (in_word(source_[end]) || source_[end] == '\'' || source_[end] == '.')) ++end;
      return take(Token::Kind::number, end);
    }
    const auto sign = std::ranges::find_if(long_signs, [&](auto text) { return rest().starts_with(text); });
    take(Token::Kind::sign, begin + (sign == long_signs.end() ? 1 : sign->size()));
  }
  void take(Token::Kind kind, std::size_t end) {
    tokens_.push_back({kind, source_.substr(at_, end - at_), at_, line_});
    advance(end);
  }
  [[nodiscard]] std::size_t quoted_end(char quote) const {
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    return std::min(end + 1, source_.size());
  }
  [[nodiscard]] std::size_t raw_end() const {
    const auto open = source_.find('(', at_);
    const std::string close = ")" + std::string(source_.substr(at_ + 2, open - at_ - 2)) + "\"";
    return std::min(source_.find(close, open) + close.size(), source_.size());
  }

  std::string_view source_;
  std::size_t at_{};
  std::uint64_t line_{1};
  std::vector<Token> tokens_{};
};

}  // namespace

std::vector<Token> tokens_of(std::string_view source) { return Lexer(source).all(); }

}  // namespace lantern::mutation
