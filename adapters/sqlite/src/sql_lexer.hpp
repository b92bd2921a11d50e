// Cuts SQL into tokens, as far as lantern needs to know them: SQLite itself reads the statements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lantern::detail {

struct SqlToken {
  enum class Kind : std::uint8_t {
    word,          ///< keyword or plain identifier
    quoted,        ///< "identifier", `identifier` or [identifier]
    text,          ///< 'literal'
    variable,      ///< :name, @name, $name, ?, ?1
    number,        ///< begins with a digit
    sign,          ///< any other character
    comment,       ///< -- to the end of the line, or a closed /* comment */
    unterminated,  ///< text, quoted or comment that nothing closes
    end,
  };
  Kind kind{Kind::end};
  std::size_t begin{};
  std::string_view text{};

  [[nodiscard]] bool is(std::string_view sign) const noexcept { return kind == Kind::sign && text == sign; }
  /// True for this keyword, in upper case.
  [[nodiscard]] bool is_word(std::string_view upper) const noexcept;
};

class SqlLexer {
 public:
  explicit SqlLexer(std::string_view text) noexcept : text_(text) {}
  [[nodiscard]] SqlToken next() noexcept;

 private:
  [[nodiscard]] std::size_t end_of_quoted(std::size_t open, char close, bool doubled) const noexcept;
  std::string_view text_;
  std::size_t at_{};
};

/// All tokens but comments, up to the end or to one that nothing closes. They point into `sql`.
[[nodiscard]] std::vector<SqlToken> tokens_of(std::string_view sql);

/// ASCII letters in lower case: SQLite compares names so, and no other way.
[[nodiscard]] std::string lower(std::string_view);
/// Compares ASCII letters without their case.
[[nodiscard]] bool equal_but_for_case(std::string_view, std::string_view) noexcept;
/// The name or text inside of quotation marks; anything else as it is.
[[nodiscard]] std::string unquoted(std::string_view token);
/// The name in quotation marks, as SQL takes any name.
[[nodiscard]] std::string quoted(std::string_view name);

}  // namespace lantern::detail
