// Identities for events that come without one, so that importing a file again adds nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lantern::cli {

/// Sets `id` to the identity of a line that stands at `number`, from 1: the same line at the same place is the same
/// event, in every input and whatever the other lines are. So any of them may be mended, and more may follow; a line
/// that is added or removed moves those behind it. The number comes first so that ids ascend: an index that they go
/// into at random costs twice as much as all the rest of an import.
void name_line(std::uint64_t number, std::string_view line, std::string& id);

}  // namespace lantern::cli
