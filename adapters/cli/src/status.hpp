// `lantern status`: how the projections of a store are doing.
#pragma once

#include <string>

#include "exit_code.hpp"

namespace lantern::cli {

struct StatusOptions {
  std::string store{};
  bool json{};
};

[[nodiscard]] Outcome status(const StatusOptions&);

}  // namespace lantern::cli
