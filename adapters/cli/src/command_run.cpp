#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "run.hpp"

namespace lantern::cli {

void declare_batch(CLI::App& verb, std::optional<BatchSize>& batch) {
  verb.add_option_function<std::string>(
          "--batch",
          [&batch](const std::string& text) {
            std::int64_t number{};
            if (!CLI::detail::lexical_cast(text, number)) number = 0;
            const auto size = BatchSize::of(number);
            if (!size) throw CLI::ValidationError("--batch", "must be a whole number from 1 to 1000000, not " + text);
            batch = *size;
          },
          "Events of a commit (1000)")
      ->type_name("N");
}

void declare_run(CLI::App& program, Command& chosen) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App& verb = *program.add_subcommand("run", "Build read models with projections written in SQL");
  declare_store(verb, options->store);
  verb.add_option("PROJECTION.sql", options->files, "The projections; each has its own checkpoint and error policy")
      ->required();
  verb.add_flag("--follow", options->follow, "Go on waiting for new events, until Ctrl-C or SIGTERM");
  verb.add_flag("--standby", options->standby, "When another process runs a projection, wait until it ends");
  declare_batch(verb, options->batch);
  verb.add_flag("--json", options->json, "Print what happens as JSON, one object a line");
  verb.add_flag("--quiet", options->quiet, "Print nothing but errors");
  verb.footer(
      std::string(
          R"(Ctrl-C or SIGTERM finishes the commit that is under way and ends with code 0; the next run goes on exactly there.
Exit codes: 0 done, 1 a projection failed, 2 usage or a bad file, 3 store, 4 another process leads.

)") + std::string(whole_example));
  verb.callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace lantern::cli
