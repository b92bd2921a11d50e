// Cursors as JSON, to look at, to keep elsewhere and to bring back.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "lantern/cursors.hpp"
#include "lantern/failure.hpp"

namespace lantern {

/// `{"cursors":{"order-1":4,"order-2":7}}`, streams in ascending order, so that equal cursors give equal texts. Names
/// must be UTF-8, as those of all events are.
[[nodiscard]] std::string to_json(const StreamCursors&);

/// The way back; of a stream that is named twice, the last counts. What is not such a text, or has a version that is no
/// whole number from 0 to 2^63 - 1, is FailureKind::undecodable, with what is wrong.
[[nodiscard]] tl::expected<StreamCursors, Failure> cursors_from_json(std::string_view text);

}  // namespace lantern
