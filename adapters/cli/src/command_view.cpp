#include <functional>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "view.hpp"

namespace lantern::cli {
namespace {

CLI::App& declare(CLI::App& view, Command& chosen, const std::shared_ptr<ViewOptions>& options, const char* name,
                  const char* what, Outcome (*run)(const ViewOptions&)) {
  CLI::App& verb = *view.add_subcommand(name, what);
  declare_store(verb, options->store);
  verb.add_flag("--json", options->json, "As JSON, one object a line");
  verb.callback([options, &chosen, run] { chosen = [options, run] { return run(*options); }; });
  return verb;
}

void declare_projection(CLI::App& verb, ViewOptions& options) {
  verb.add_option("PROJECTION", options.projection, "Whose views")->required();
  verb.add_option("--tenant", options.tenant, "Of this tenant");
}

}  // namespace

void declare_view(CLI::App& program, Command& chosen) {
  const auto options = std::make_shared<ViewOptions>();
  CLI::App& view = *program.add_subcommand("view", "Show the views of keyed projections: list, get, scan, watch");
  view.require_subcommand(1);
  declare(view, chosen, options, "list", "All projections and their generations, of SQL projections too", &list_views)
      .footer("Example:\nlantern view list --store shop.db");

  CLI::App& get = declare(view, chosen, options, "get", "The view of one key", &get_view);
  declare_projection(get, *options);
  get.add_option("KEY", options->key, "Which view")->required();
  get.footer("Example:\nlantern view get --store shop.db orders order-17");

  CLI::App& scan = declare(view, chosen, options, "scan", "Views in the order of their keys", &scan_views);
  declare_projection(scan, *options);
  scan.add_option("--prefix", options->prefix, "Only keys that begin with these bytes, literally");
  scan.add_option("--after", options->after, "Only keys behind this one");
  scan.add_option("--limit", options->limit, "At most this many (100)")->check(CLI::Range(1, 1'000'000));
  scan.add_option("--where", options->where, "Only views with this JSON at this path")->type_name("PATH=JSON");
  scan.footer("Example:\nlantern view scan --store shop.db orders --prefix order- --where '$.status=\"open\"'");

  CLI::App& watch = declare(view, chosen, options, "watch", "What changes, as it changes, until Ctrl-C", &watch_views);
  declare_projection(watch, *options);
  watch.add_option("--prefix", options->prefix, "Only keys that begin with these bytes, literally");
  watch.add_flag("--quiet", options->quiet, "Print nothing but changes and errors");
  watch.footer("Example:\nlantern view watch --store shop.db orders --json");
}

}  // namespace lantern::cli
