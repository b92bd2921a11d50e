// Virtual time, and how long things take in a simulated world.
#pragma once

#include <chrono>

namespace lantern::testing {

using Time = std::chrono::nanoseconds;  ///< virtual; since the world began

inline constexpr Time call{std::chrono::milliseconds(1)};             // how long an effect usually takes
inline constexpr Time restart{std::chrono::milliseconds(10)};         // after a crash
inline constexpr Time between_events{std::chrono::milliseconds(20)};  // of the producers
inline constexpr Time upgrade_at{std::chrono::milliseconds(120)};
inline constexpr Time standby_interval{std::chrono::seconds(1)};
inline constexpr Time longest_empty_poll{std::chrono::milliseconds(50)};  // beside the poll interval
inline constexpr Time ack_wait{
    std::chrono::milliseconds(200)};  // a broker's; then what is not acknowledged comes again

}  // namespace lantern::testing
