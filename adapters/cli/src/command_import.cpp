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
  verb.add_flag("--dry-run", options->dry_run, "Only check every line, and say what would happen");
  verb.add_option("--skip-bad", options->skip_bad, "Put lines that are no events into this new file, import the rest")
      ->type_name("FILE");
  verb.add_flag("--as-new", options->as_new, "Import every line without an id as a new event, without one");
  verb.add_flag("--quiet", options->quiet, "Print nothing but errors");
  verb.footer(
      R"(Each line is {"stream":...,"type":...,"data":...}, and may have "id", "ts" (RFC 3339), "meta" and "schema_version".
A file with a bad line is not imported at all, unless --skip-bad is given. Importing a file again adds only what is new:
a line without an id that is the same, at the same place, in an input that begins with the same event, is taken for the
same event. --as-new, or an "id" in each line, changes that. So do not mend the first event of an input of which others
are imported, nor add or remove lines before those: mend what --skip-bad put aside, and import that.

Example:
echo '{"stream":"cart-1","type":"ItemAdded","data":{"item":"tea"}}' > events.ndjson
lantern import --store shop.db events.ndjson)");
  verb.callback([options, &chosen] { chosen = [options] { return import_events(*options); }; });
}

}  // namespace lantern::cli
