// The verbs of the command line. Each declares its options in a file of its own.
#pragma once

#include <functional>
#include <string>

#include "exit_code.hpp"

namespace CLI {
class App;
}

namespace lantern::cli {

/// What was chosen on the command line, to be run once all of it is read.
using Command = std::function<Outcome()>;

void declare_import(CLI::App& program, Command& chosen);
void declare_run(CLI::App& program, Command& chosen);
void declare_query(CLI::App& program, Command& chosen);
void declare_status(CLI::App& program, Command& chosen);
void declare_export(CLI::App& program, Command& chosen);

/// Adds `--store FILE`, required, as all verbs have it.
void declare_store(CLI::App& verb, std::string& store);

}  // namespace lantern::cli
