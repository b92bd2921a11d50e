#include "mutation/blocks.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace lantern::mutation {
namespace {

enum class Brace { scope, body, value };

/// What this `{` opens, outside of any body: a namespace, a class or an enumeration; a function; or a value.
Brace opened(const std::vector<Token>& tokens, std::size_t brace) {
  static constexpr std::array<std::string_view, 5> scopes{"namespace", "struct", "class", "enum", "union"};
  bool parenthesis = false;
  for (std::size_t at = brace; at-- > 0;) {
    const Token& t = tokens[at];
    if (t.is(";") || t.is("{") || t.is("}")) break;
    if (t.is("=") && !(at > 0 && tokens[at - 1].is("operator"))) return Brace::value;
    if (t.is(")")) parenthesis = true;
    if (!parenthesis && std::ranges::find(scopes, t.text) != scopes.end()) return Brace::scope;
  }
  return parenthesis ? Brace::body : Brace::value;
}

}  // namespace

std::vector<bool> blocks_of(const std::vector<Token>& tokens) {
  std::vector<bool> within(tokens.size());
  std::size_t depth = 0;  // of braces within a body
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    if (depth == 0) {
      if (tokens[at].is("{") && opened(tokens, at) == Brace::body) depth = 1;
      continue;
    }
    if (tokens[at].is("{")) ++depth;
    if (tokens[at].is("}") && --depth == 0) continue;
    within[at] = true;
  }
  return within;
}

}  // namespace lantern::mutation
