#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "export.hpp"

namespace lantern::cli {

void declare_export(CLI::App& program, Command& chosen) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App& verb = *program.add_subcommand("export", "Write the log as NDJSON, as import reads it");
  declare_store(verb, options->store);
  const auto position = CLI::Range(std::int64_t{1}, INT64_MAX);
  verb.add_option("--from", options->from, "The first position")->type_name("POSITION")->check(position);
  verb.add_option("--to", options->to, "The last position")->type_name("POSITION")->check(position);
  verb.add_option("--stream", options->stream_prefix, "Only streams that begin with this text")->type_name("PREFIX");
  verb.footer(R"(Example:
echo '{"stream":"cart-1","type":"ItemAdded","data":{"item":"tea"}}' | lantern import --store shop.db -
lantern export --store shop.db --stream cart- > carts.ndjson)");
  verb.callback([options, &chosen] { chosen = [options] { return export_events(*options); }; });
}

}  // namespace lantern::cli
