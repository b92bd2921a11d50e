// Every way in which SQLite says no, as a Failure that names the file.
#pragma once

#include <string>
#include <string_view>

#include "lantern/failure.hpp"

struct sqlite3;

namespace lantern::detail {

/// Whose fault an error is that SQLite does not itself put down to the file.
enum class Blame : std::uint8_t {
  store,      ///< lantern's own statement: a bug, or somebody changed the tables
  statement,  ///< a user's statement: FailureKind::rejected
};

/// Maps an extended result code. `message` is SQLite's own text, `os_error` an errno or 0; `doing` completes "while …".
[[nodiscard]] Failure failure_from(int code, int os_error, std::string_view message, std::string_view file,
                                   std::string_view doing, Blame blame = Blame::store);

/// The same for the latest error of a connection.
[[nodiscard]] Failure failure_from(sqlite3* db, int code, std::string_view file, std::string_view doing,
                                   Blame blame = Blame::store);

/// True for failures that are about the store or the transaction as a whole, and not about one event of it.
[[nodiscard]] constexpr bool is_transaction_wide(FailureKind kind) noexcept {
  return kind != FailureKind::rejected && kind != FailureKind::undecodable && kind != FailureKind::invalid;
}

}  // namespace lantern::detail
