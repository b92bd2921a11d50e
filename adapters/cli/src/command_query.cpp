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
  const auto formats = std::make_shared<int>(0);
  const auto format = [&](const char* flag, RowFormat chosen_format, const char* what) {
    const auto choose = [options, formats, chosen_format] {
      if (++*formats > 1) throw CLI::ValidationError("--table, --csv and --json", "only one of them can be chosen");
      options->format = chosen_format;
    };
    verb.add_flag_callback(flag, choose, what);
  };
  format("--table", RowFormat::table, "Aligned columns (the default)");
  format("--csv", RowFormat::csv, "RFC 4180, with a header");
  format("--json", RowFormat::json, "One JSON object a line");
  verb.footer(R"(Example:
echo '{"stream":"cart-1","type":"ItemAdded","data":{"item":"tea"}}' | lantern import --store shop.db -
lantern query --store shop.db "SELECT type, count(*) AS events FROM lantern_events GROUP BY type")");
  verb.callback([options, &chosen] { chosen = [options] { return query(*options); }; });
}

}  // namespace lantern::cli
