#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "run.hpp"

namespace lantern::cli {

void declare_rebuild(CLI::App& program, Command& chosen) {
  const auto options = std::make_shared<RunOptions>();
  options->rebuild = true;
  CLI::App& verb = *program.add_subcommand("rebuild", "Build projections anew beside what readers see, and switch");
  declare_store(verb, options->store);
  verb.add_option("PROJECTION.sql", options->files, "The projections, of the stored version or a higher one")
      ->required();
  verb.add_flag("--hold", options->hold, "Do not switch: lantern activate does, and lantern cancel drops it");
  declare_batch(verb, options->batch);
  verb.add_flag("--json", options->json, "Print what happens as JSON, one object a line");
  verb.add_flag("--quiet", options->quiet, "Print nothing but errors");
  verb.footer(
      std::string(
          R"(Readers see the old tables until one commit switches, and a live run goes on meanwhile. Interrupted, however that
comes, it goes on where it was when it is asked for again. The old tables are kept: lantern rollback, lantern finalize.
Exit codes: 0 done, 1 a projection failed, 2 usage or a bad file, 3 store, 4 another process rebuilds it.

)") + std::string(whole_example) +
      "\nlantern rebuild --store shop.db carts.sql");
  verb.callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace lantern::cli
