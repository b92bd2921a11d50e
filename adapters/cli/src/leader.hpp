// Who leads, and whether it still lives.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lantern/error.hpp"

namespace lantern::cli {

/// How long a lease of this program lasts; it is renewed long before that.
inline constexpr std::chrono::seconds lease_length{10};

/// The name under which this process takes leases: `HOST:PID:MARK`, where the mark tells it from every other process
/// that ever had this number. The same for the whole life of the process.
[[nodiscard]] const std::string& this_process();

/// True when the owner of a lease was a process of this machine that has ended, so that nobody need wait for its lease
/// to expire. False whenever that is not certain.
[[nodiscard]] bool has_ended(std::string_view owner);

/// `HOST:PID` of an owner that is named like this process; any other owner as it is.
[[nodiscard]] std::string_view without_mark(std::string_view owner);

/// The error's message, in which owners that are named like this process are `HOST:PID`.
[[nodiscard]] std::string message_of(const ProjectionError& error);

}  // namespace lantern::cli
