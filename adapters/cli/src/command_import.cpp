#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "import.hpp"

namespace lantern::cli {

void declare_import(CLI::App& program, Command& chosen) {
  const auto options = std::make_shared<ImportOptions>();
  CLI::App& verb = *program.add_subcommand("import", "Append events from NDJSON, one JSON object a line");
  declare_store(verb, options->store);
  verb.add_option("NDJSON", options->input, "The file of events; - or nothing: standard input");
  verb.add_flag("--dry-run", options->dry_run, "Only check every line; the store is not looked into");
  verb.add_option("--skip-bad", options->skip_bad, "Put lines that are no events into this new file, import the rest")
      ->type_name("FILE");
  verb.add_flag("--as-new", options->as_new, "Import every line without an id as a new event, without one");
  verb.add_flag("--quiet", options->quiet, "Print nothing but errors");
  verb.footer(
      R"(Each line is {"stream":...,"type":...,"data":...}, and may have "id", "ts" (RFC 3339), "meta" and "schema_version".
A file with a bad line is not imported at all, unless --skip-bad is given. Importing a file again adds only what is new:
a line without an id is known by its bytes and its number, so lines may be mended in their place, and others may follow,
but none be added or removed before them. The same line at the same place of two files is one event; a "ts" or an "id"
tells such lines apart, and --as-new takes every line without an id for a new event.

Example:
echo '{"stream":"cart-1","type":"ItemAdded","data":{"item":"tea"}}' > events.ndjson
lantern import --store shop.db events.ndjson)");
  verb.callback([options, &chosen] { chosen = [options] { return import_events(*options); }; });
}

}  // namespace lantern::cli
