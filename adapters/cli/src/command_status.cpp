#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "status.hpp"

namespace lantern::cli {

void declare_status(CLI::App& program, Command& chosen) {
  const auto options = std::make_shared<StatusOptions>();
  CLI::App& verb = *program.add_subcommand("status", "Show how far each projection is, who leads it, and what failed");
  declare_store(verb, options->store);
  verb.add_flag("--json", options->json, "As one JSON object");
  verb.footer(R"(Example:
echo '{"stream":"cart-1","type":"ItemAdded","data":{"item":"tea"}}' | lantern import --store shop.db -
lantern status --store shop.db)");
  verb.callback([options, &chosen] { chosen = [options] { return status(*options); }; });
}

}  // namespace lantern::cli
