// Where the bodies of functions are.
#pragma once

#include <vector>

#include "mutation/tokens.hpp"

namespace lantern::mutation {

/// For each token: it stands in the body of a function, or in the initialisers of a constructor.
[[nodiscard]] std::vector<bool> blocks_of(const std::vector<Token>& tokens);

}  // namespace lantern::mutation
