// What the program says to people goes to standard error, one line each.
#pragma once

#include <string_view>

namespace lantern::cli {

/// One line on standard error, whatever the text holds.
void say(std::string_view text);

}  // namespace lantern::cli
