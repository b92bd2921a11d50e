#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "generations.hpp"

namespace lantern::cli {

void declare_generations(CLI::App& program, Command& chosen) {
  const auto options = std::make_shared<GenerationOptions>();
  const auto declare = [&](const char* name, const char* what, Outcome (*run)(const GenerationOptions&)) {
    CLI::App& verb = *program.add_subcommand(name, what);
    declare_store(verb, options->store);
    verb.add_option("PROJECTION", options->projection, "Which projection")->required();
    verb.add_option("--tenant", options->tenant, "Of this tenant");
    verb.add_flag("--json", options->json, "As one JSON object");
    verb.footer(std::string("Example:\nlantern ") + name + " --store shop.db orders");
    verb.callback([options, &chosen, run] { chosen = [options, run] { return run(*options); }; });
  };
  declare("activate", "Show readers the generation that was built", &activate);
  declare("rollback", "Bring the previous generation back, under a new number", &roll_back);
  declare("finalize", "Drop the previous generation: no rollback after this", &finalize);
  declare("cancel", "Drop the generation that is being built", &cancel);
}

}  // namespace lantern::cli
