#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "verify.hpp"

namespace lantern::cli {

void declare_verify(CLI::App& program, Command& chosen) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App& verb = *program.add_subcommand("verify", "Tell which rows are not what the events make");
  declare_store(verb, options->store);
  verb.add_option("PROJECTION.sql", options->files, "The projections, in the version that made their tables")
      ->required();
  verb.add_option("--keep", options->keep, "Tell at most this many differing rows of a projection (20)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  verb.add_flag("--json", options->json, "As JSON, one object a line");
  verb.add_flag("--quiet", options->quiet, "Print nothing but differences and errors");
  verb.footer(
      std::string(
          R"(Replays the log into a temporary store (in TMPDIR), and compares row by row. The store is only read.
Exit codes: 0 all is as it should be, 1 rows differ, 2 usage or another version, 3 store, 130 interrupted.

)") + std::string(whole_example) +
      "\nlantern verify --store shop.db carts.sql");
  verb.callback([options, &chosen] { chosen = [options] { return verify(*options); }; });
}

}  // namespace lantern::cli
