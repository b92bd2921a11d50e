// Which changes of a key are known, and which frames can be built upon that.
#pragma once

#include "lantern/view_follower.hpp"

namespace lantern::detail {

/// True when a read as of `read` shows this change of any key, or a later one.
[[nodiscard]] bool tells_of(const AsOf& read, const Moment& change, const std::optional<Position>& position);
/// True when it shows everything that the other one does.
[[nodiscard]] bool at_least(const AsOf& read, const AsOf& other);

/// The position by which it is known whether a read tells of the frame. A replacement is known by its edition alone: it
/// may be as of no event at all.
[[nodiscard]] std::optional<Position> event_of(const Frame&);
/// True when the frame tells of a change that is not known yet.
[[nodiscard]] bool is_news(const FollowedKey&, const Frame&);
/// True when a frame with news can be shown on top of what is known.
[[nodiscard]] bool follows(const FollowedKey&, const Frame&);

}  // namespace lantern::detail
