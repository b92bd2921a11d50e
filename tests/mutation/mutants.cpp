#include "mutation/mutants.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "mutation/blocks.hpp"
#include "mutation/tokens.hpp"

namespace lantern::mutation {
namespace {

using Names = std::vector<std::string_view>;

/// Signs of two operands, and what they may be mistaken for. They count where they stand between blanks: formatted as
/// the sources are, templates, references and pointers have none before or after them.
struct Swap {
  std::string_view sign;
  std::array<std::string_view, 2> others;  ///< the second may be empty
  std::string_view operation;
};
constexpr std::array swaps{
    Swap{"<", {"<=", ">="}, "relation"},  Swap{"<=", {"<", ">"}, "relation"},   Swap{">", {">=", "<="}, "relation"},
    Swap{">=", {">", "<"}, "relation"},   Swap{"==", {"!=", ""}, "relation"},   Swap{"!=", {"==", ""}, "relation"},
    Swap{"&&", {"||", ""}, "logic"},      Swap{"||", {"&&", ""}, "logic"},      Swap{"+", {"-", ""}, "arithmetic"},
    Swap{"-", {"+", ""}, "arithmetic"},   Swap{"*", {"/", ""}, "arithmetic"},   Swap{"/", {"*", ""}, "arithmetic"},
    Swap{"+=", {"-=", ""}, "arithmetic"}, Swap{"-=", {"+=", ""}, "arithmetic"},
};

/// Enumerations in which one value may be mistaken for the next.
const std::array<std::pair<std::string_view, Names>, 12> enumerations{{
    {"Role", {"live", "rebuild"}},
    {"Stop", {"none", "at_checkpoint", "now"}},
    {"PollMode", {"batch", "continuous"}},
    {"WhenNotLeader", {"fail", "stand_by"}},
    {"Escalation", {"stop", "quarantine", "quarantine_key"}},
    {"Slept", {"through", "woken"}},
    {"Ending", {"caught_up", "stopped", "failed", "rebuilt"}},
    {"Purpose", {"start", "resolve", "inspect"}},
    {"Reason", {"idle", "poll_retry", "event_retry", "store_retry", "standby", "yielding"}},
    {"QuarantineReason", {"skipped", "exhausted", "unreadable", "waiting"}},
    {"ErrorKind",
     {"event_failed", "retries_exhausted", "poll_failed", "checkpoint_load_failed", "checkpoint_save_failed",
      "checkpoint_conflict", "views_load_failed", "rebuild_failed", "superseded", "version_too_old", "leadership",
      "store_contract", "source_changed", "projector", "protocol"}},
    {"FailureKind",
     {"busy", "denied", "full", "unavailable", "corrupt", "not_a_store", "incompatible", "invalid", "undecodable",
      "rejected", "unsupported", "internal"}},
}};

class Finder {
 public:
  Finder(std::string_view file, std::string_view source)
      : file_(file), source_(source), tokens_(tokens_of(source)), within_(blocks_of(tokens_)) {}

  std::vector<Mutant> all() {
    for (std::size_t at = 0; at < tokens_.size(); ++at) {
      if (at = past_declaration(at); at >= tokens_.size()) break;
      if (!within_[at]) continue;  // what is not in a function is not done
      operators(at);
      constants(at);
      names(at);
      calls(at);
      conditions(at);
      statements(at);
    }
    std::ranges::stable_sort(found_, {}, &Mutant::begin);
    return std::move(found_);
  }

 private:
  [[nodiscard]] const Token& token(std::size_t at) const {
    static const Token none{};
    return at < tokens_.size() ? tokens_[at] : none;
  }
  [[nodiscard]] bool is(std::size_t at, std::string_view text) const { return token(at).is(text); }
  [[nodiscard]] char before(const Token& t) const { return t.begin == 0 ? ' ' : source_[t.begin - 1]; }
  [[nodiscard]] char after(const Token& t) const { return t.end() < source_.size() ? source_[t.end()] : ' '; }
  [[nodiscard]] bool between_blanks(const Token& t) const {
    const auto blank = [](char c) { return c == ' ' || c == '\n'; };
    return blank(before(t)) && blank(after(t));
  }

  /// The sign that closes what is opened here; `tokens_.size()` if there is none.
  [[nodiscard]] std::size_t closing(std::size_t open) const {
    std::size_t depth = 0;
    for (std::size_t at = open; at < tokens_.size(); ++at) {
      if (is(at, "(") || is(at, "[") || is(at, "{")) ++depth;
      if (is(at, ")") || is(at, "]") || is(at, "}")) --depth;
      if (depth == 0) return at;
    }
    return tokens_.size();
  }

  /// The parenthesis that is closed here; `tokens_.size()` if there is none.
  [[nodiscard]] std::size_t opening(std::size_t close) const {
    std::size_t depth = 0;
    for (std::size_t at = close + 1; at-- > 0;) {
      if (is(at, ")")) ++depth;
      if (is(at, "(") && --depth == 0) return at;
    }
    return tokens_.size();
  }

  /// The `;` that ends the statement which begins here.
  [[nodiscard]] std::size_t statement_end(std::size_t begin) const {
    std::size_t at = begin;
    while (at < tokens_.size() && !is(at, ";")) {
      if (is(at, "}") || is(at, ")")) return tokens_.size();
      at = is(at, "(") || is(at, "[") || is(at, "{") ? closing(at) + 1 : at + 1;
    }
    return at;
  }

  void add(std::string operation, std::size_t begin, std::size_t end, std::string replacement, std::uint64_t line) {
    found_.push_back({file_, line, std::move(operation), begin, end - begin, std::move(replacement)});
  }
  void swap(std::string_view operation, const Token& t, std::string_view by) {
    add(std::string(operation), t.begin, t.end(), std::string(by), t.line);
  }

  /// Concepts, requirements, assertions and what is settled when it is compiled are not for tests.
  [[nodiscard]] std::size_t past_declaration(std::size_t at) const {
    if (is(at, "concept") || is(at, "static_assert") || is(at, "using")) {
      while (at < tokens_.size() && !is(at, ";")) ++at;
    } else if (is(at, "requires")) {
      while (is(at + 1, "(") || is(at + 1, "{")) at = closing(at + 1);
    } else if (is(at, "template") && is(at + 1, "<")) {
      while (at < tokens_.size() && !is(at, ">")) ++at;
    } else if (is(at, "if") && is(at + 1, "constexpr")) {
      at = closing(at + 2);
    } else if (is(at, "operator")) {
      ++at;
    }
    return at;
  }

  void operators(std::size_t at) {
    const Token& t = token(at);
    if (t.kind != Token::Kind::sign) return;
    if (is(at, "!")) return add("logic", t.begin, t.end(), "", t.line);
    if (is(at, "++")) return swap("arithmetic", t, "--");
    if (is(at, "--")) return swap("arithmetic", t, "++");
    if (!between_blanks(t)) return;
    const auto known = std::ranges::find(swaps, t.text, &Swap::sign);
    if (known == swaps.end()) return;
    const std::size_t called = is(at - 1, ")") ? opening(at - 1) - 1 : at - 1;
    if (known->operation == "arithmetic" && (is_text(called) || is_text(at + 1))) return;
    for (const std::string_view other : known->others) {
      if (!other.empty()) swap(known->operation, t, other);
    }
  }
  /// `std::to_string(x) + …`, `… + "text"`: no numbers are added.
  [[nodiscard]] bool is_text(std::size_t at) const {
    if (is(at, "std") && is(at + 1, "::")) at += 2;
    if (is(at, "detail") && is(at + 1, "::")) at += 2;
    return token(at).kind == Token::Kind::text || is(at, "to_string") || is(at, "string") || is(at, "one_line");
  }

  void constants(std::size_t at) {
    const Token& t = token(at);
    if (is(at, "true")) return swap("constant", t, "false");
    if (is(at, "false")) return swap("constant", t, "true");
    if (t.kind != Token::Kind::number || is(at - 1, "[")) return;
    if (is(at, "0")) return swap("constant", t, "1");
    if (is(at, "1")) return swap("constant", t, "0");
    if (t.text.find_first_not_of("0123456789'") == t.text.npos) add("constant", t.end(), t.end(), " + 1", t.line);
  }

  void names(std::size_t at) {
    if (!is(at + 1, "::") || !token(at + 2).is_word()) return;
    const auto known = std::ranges::find_if(enumerations, [&](const auto& e) { return is(at, e.first); });
    std::size_t first = at;
    while (first >= 2 && is(first - 1, "::")) first -= 2;
    if (known == enumerations.end() || is(first - 1, "case")) return;
    const Names& values = known->second;
    const auto value = std::ranges::find(values, token(at + 2).text);
    if (value == values.end()) return;
    swap("name", token(at + 2), std::next(value) == values.end() ? values.front() : *std::next(value));
  }

  void calls(std::size_t at) {
    const Token& t = token(at);
    if (is(at, "value_or") && is(at + 1, "(")) {
      const std::size_t close = closing(at + 1);
      if (close < tokens_.size()) add("value_or", t.begin, token(close).end(), "value()", t.line);
    }
    if (!is(at - 1, "::") || !is(at - 2, "std")) return;
    if (is(at, "min")) swap("name", t, "max");
    if (is(at, "max")) swap("name", t, "min");
    if (is(at, "lower_bound")) swap("name", t, "upper_bound");
    if (is(at, "upper_bound")) swap("name", t, "lower_bound");
  }

  void conditions(std::size_t at) {
    if ((!is(at, "if") && !is(at, "while")) || !is(at + 1, "(")) return;
    const std::size_t close = closing(at + 1);
    if (close >= tokens_.size()) return;
    if (declares(at)) return;
    const std::size_t begin = token(at + 1).end(), end = token(close).begin;
    add("condition", begin, end, "false", token(at).line);
    if (is(at, "if")) add("condition", begin, end, "true", token(at).line);
  }

  void statements(std::size_t at) {
    const std::optional<std::size_t> guard = is(at - 1, ")") ? guard_of(at - 1) : std::nullopt;
    const bool begins = is(at - 1, ";") || is(at - 1, "{") || is(at - 1, "}") || is(at - 1, "else") || guard;
    if (!begins) return;
    const std::size_t end = statement_end(at);
    if (end >= tokens_.size()) return;
    // To leave out all that a condition guards is to have it false.
    if (guard && is(*guard, "if") && !declares(*guard) && !is(end + 1, "else")) return;
    const bool leaves = is(at, "return") && (guard || (is(at - 1, "{") && is(at - 2, ")") && guard_of(at - 2)));
    const bool jumps = is(at, "break") || is(at, "continue");
    if (!leaves && !jumps && !is_action(at, end)) return;
    add("statement", token(at).begin, token(end).end(), ";", token(at).line);
  }
  /// The `if`, `while` or `for` whose parentheses close here.
  [[nodiscard]] std::optional<std::size_t> guard_of(std::size_t close) const {
    const std::size_t guard = opening(close) - 1;
    return is(guard, "if") || is(guard, "while") || is(guard, "for") ? std::optional(guard) : std::nullopt;
  }
  /// The condition after this `if` declares something, so it cannot be replaced.
  [[nodiscard]] bool declares(std::size_t guard) const {
    const std::size_t close = std::min(closing(guard + 1), tokens_.size());
    return std::any_of(tokens_.begin() + static_cast<std::ptrdiff_t>(guard + 2),
                       tokens_.begin() + static_cast<std::ptrdiff_t>(close),
                       [](const Token& t) { return t.is("auto") || t.is(";") || t.is("const"); });
  }
  /// A call or an assignment, and no declaration.
  [[nodiscard]] bool is_action(std::size_t begin, std::size_t end) const {
    static const Names keywords{"return",  "if",    "for",      "while",    "do",        "switch",  "case",
                                "default", "using", "auto",     "const",    "constexpr", "static",  "struct",
                                "class",   "enum",  "template", "typename", "public",    "private", "throw",
                                "try",     "catch", "else",     "explicit", "friend",    "goto",    "delete",
                                "virtual", "break", "continue", "namespace"};
    if (begin == end || std::ranges::find(keywords, token(begin).text) != keywords.end()) return false;
    if (is(begin, "++") || is(begin, "--") || is(begin, "*")) return true;
    if (!token(begin).is_word()) return false;
    for (std::size_t at = begin; at + 1 < end; ++at) {
      if (is(at, "=") || is(at, "+=") || is(at, "-=") || is(at, "/=") || is(at, "(")) return true;
      // Two names in a row: a type, and what is of it.
      const bool type = token(at).is_word() || is(at, ">") || is(at, "&") || is(at, "*");
      if (type && token(at + 1).is_word()) return false;
    }
    return false;
  }

  std::string file_;
  std::string_view source_;
  std::vector<Token> tokens_;
  std::vector<bool> within_;
  std::vector<Mutant> found_{};
};

/// The whole lines that [begin, end) touches, in one line.
std::string lines_around(std::string_view text, std::size_t begin, std::size_t end) {
  const auto first = text.rfind('\n', begin == 0 ? 0 : begin - 1);
  const auto from = first == text.npos || begin == 0 ? 0 : first + 1;
  const auto last = std::min(text.find('\n', std::max(begin, end == begin ? end : end - 1)), text.size());
  std::string line;
  bool blank = true;  // leaves out blanks at the beginning, and all but one between
  for (const char c : text.substr(from, last - from)) {
    const bool is_blank = c == ' ' || c == '\n' || c == '\t';
    if (!is_blank || !blank) line += is_blank ? ' ' : c;
    blank = is_blank;
  }
  return line;
}

}  // namespace

std::vector<Mutant> mutants_of(std::string_view file, std::string_view source) { return Finder(file, source).all(); }

std::string mutated(std::string_view source, const Mutant& mutant) {
  std::string text(source);
  return text.replace(mutant.begin, mutant.length, mutant.replacement);
}

std::string lines_before(std::string_view source, const Mutant& mutant) {
  return lines_around(source, mutant.begin, mutant.begin + mutant.length);
}

std::string lines_after(std::string_view source, const Mutant& mutant) {
  return lines_around(mutated(source, mutant), mutant.begin, mutant.begin + mutant.replacement.size());
}

}  // namespace lantern::mutation
