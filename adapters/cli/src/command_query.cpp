#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "query.hpp"

namespace lantern::cli {

void declare_query(CLI::App& program, Command& chosen) {
  const auto options = std::make_shared<QueryOptions>();
  CLI::App& verb = *program.add_subcommand("query", "Ask the tables with SQL; reads only");
  declare_store(verb, options->store);
  verb.add_option("SQL", options->sql, "One SELECT")->required();
  CLI::Option_group& format = *verb.add_option_group("format");
  format.add_flag_callback(
      "--table", [options] { options->format = RowFormat::table; }, "Aligned columns (the default)");
  format.add_flag_callback(
      "--csv", [options] { options->format = RowFormat::csv; }, "RFC 4180, with a header");
  format.add_flag_callback(
      "--json", [options] { options->format = RowFormat::json; }, "One JSON object a line");
  format.require_option(0, 1);
  verb.footer(R"(Example:
echo '{"stream":"cart-1","type":"ItemAdded","data":{"item":"tea"}}' | lantern import --store shop.db -
lantern query --store shop.db "SELECT type, count(*) AS events FROM lantern_events GROUP BY type")");
  verb.callback([options, &chosen] { chosen = [options] { return query(*options); }; });
}

}  // namespace lantern::cli
