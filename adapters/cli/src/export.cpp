#include "export.hpp"

#include "ndjson_line.hpp"
#include "open_store.hpp"
#include "output.hpp"

namespace lantern::cli {
namespace {

tl::unexpected<Trouble> not_json(const RecordedEvent& event, const char* part) {
  return trouble(ExitCode::store, "the " + std::string(part) + " of the event at position " +
                                      std::to_string(event.position.value) + " is not JSON (stream " +
                                      std::string(event.stream) + ", type " + std::string(event.type) +
                                      "): the export ends before it; go on behind it with --from " +
                                      std::to_string(event.position.value + 1));
}

}  // namespace

Outcome export_events(const ExportOptions& options) {
  if (options.from && options.to && *options.from > *options.to) {
    return trouble(ExitCode::usage, "--from " + std::to_string(*options.from) + " lies behind --to " +
                                        std::to_string(*options.to) + ": give the lower position to --from");
  }
  auto store = open_store(options.store, Access::read);
  if (!store) return tl::unexpected(std::move(store).error());
  Output out(1);
  NdjsonParser parser;
  std::string line;
  ReadEvents ask{.filter = {.stream_prefix = options.stream_prefix}};
  if (options.from && *options.from > 1) ask.after = Position{*options.from - 1};
  std::optional<Position> last;  // the head when we began: what is appended meanwhile is not our business
  if (options.to) last = Position{*options.to};
  while (out.good()) {
    const auto page = store->perform(ask);
    if (!page) return store_trouble(page.error());
    if (!last || (page->head && *page->head < *last)) last = page->head;
    for (const RecordedEvent& event : page->events()) {
      if (last && event.position > *last) return out.finish();
      for (const auto& [text, part] : {std::pair(event.data, "payload"), {event.meta, "metadata"}}) {
        if (part == std::string_view("metadata") && text.empty()) continue;
        if (!parser.is_json(text)) {
          out.flush();
          return not_json(event, part);
        }
      }
      line.clear();
      append_event_line(line, event);
      out << line;
    }
    if (page->at_head() || !page->scanned_to || (last && *page->scanned_to >= *last)) break;
    ask.after = page->scanned_to;
  }
  return out.finish();
}

}  // namespace lantern::cli
