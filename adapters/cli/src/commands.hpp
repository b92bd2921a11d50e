// The verbs of the command line. Each declares its options in a file of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "exit_code.hpp"
#include "lantern/bounds.hpp"

namespace CLI {
class App;
}

namespace lantern::cli {

/// What was chosen on the command line, to be run once all of it is read.
using Command = std::function<Outcome()>;

void declare_import(CLI::App& program, Command& chosen);
void declare_run(CLI::App& program, Command& chosen);
void declare_rebuild(CLI::App& program, Command& chosen);
void declare_verify(CLI::App& program, Command& chosen);
void declare_query(CLI::App& program, Command& chosen);
void declare_status(CLI::App& program, Command& chosen);
void declare_export(CLI::App& program, Command& chosen);
void declare_view(CLI::App& program, Command& chosen);
void declare_generations(CLI::App& program, Command& chosen);

/// The shortest way from an event to an answer, for a shell: the program's own help ends with it, and that of `run`.
inline constexpr std::string_view whole_example = R"(Example:
cat > carts.sql <<'END'
-- projection: carts
-- version: 1
-- setup
CREATE TABLE carts (cart TEXT PRIMARY KEY, items INTEGER NOT NULL) STRICT;
-- on ItemAdded
INSERT INTO carts VALUES (:stream, 1) ON CONFLICT (cart) DO UPDATE SET items = items + 1;
END
echo '{"stream":"cart-1","type":"ItemAdded","data":{"item":"tea"}}' | lantern import --store shop.db -
lantern run --store shop.db carts.sql
lantern query --store shop.db "SELECT * FROM carts")";

/// Adds `--store FILE`, required, as all verbs have it.
void declare_store(CLI::App& verb, std::string& store);

/// Adds `--batch N`; what it is read into must outlive the command line's reading.
void declare_batch(CLI::App& verb, std::optional<BatchSize>& batch);

}  // namespace lantern::cli
