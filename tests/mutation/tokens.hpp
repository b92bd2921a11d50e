// C++ as a row of tokens, as far as it takes to change it in small ways.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lantern::mutation {

struct Token {
  enum class Kind : std::uint8_t {
    word,    ///< a name or a keyword
    number,  ///< of any form
    text,    ///< a string or a character
    sign,    ///< punctuation; the longest there is, but that `>` stands alone, since it may close a template
  };
  Kind kind{};
  std::string_view text{};
  std::size_t begin{};   ///< offset in the source
  std::uint64_t line{};  ///< from 1

  [[nodiscard]] std::size_t end() const noexcept { return begin + text.size(); }
  [[nodiscard]] bool is(std::string_view what) const noexcept { return text == what; }
  [[nodiscard]] bool is_word() const noexcept { return kind == Kind::word; }
};

/// The tokens of a source. Comments and preprocessor lines are none. The source must outlive them.
[[nodiscard]] std::vector<Token> tokens_of(std::string_view source);

}  // namespace lantern::mutation
