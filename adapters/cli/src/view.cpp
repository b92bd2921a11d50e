#include "view.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "json_text.hpp"
#include "known_projection.hpp"
#include "lantern/blocking/read_views.hpp"
#include "messages.hpp"
#include "open_store.hpp"
#include "output.hpp"
#include "rows.hpp"
#include "text.hpp"
#include "view_text.hpp"

namespace lantern::cli {
namespace {

struct OneGeneration {
  ProjectionId projection{};
  GenerationStatus status{};
};

std::string as_json(const OneGeneration& each) {
  JsonObject object;
  object.field("projection", each.projection.name);
  if (!each.projection.tenant.empty()) object.field("tenant", each.projection.tenant);
  return object.field("generation", each.status.generation.value)
      .field("state", to_string(each.status.state))
      .field("position", each.status.position ? std::optional(each.status.position->value) : std::nullopt)
      .field("version", each.status.version.program)
      .field("views", each.status.views)
      .text();
}

SqlValue cell(const std::optional<Position>& position) {
  return position ? SqlValue(position->value) : SqlValue(std::string_view("-"));
}

// PATH=JSON, as `$.status="open"`. A path that begins with a name in quotation marks may hold an equals sign in it.
tl::expected<ViewCondition, Trouble> condition_of(const std::string& text) {
  const std::size_t equals = text.find('=', text.starts_with("$.\"") ? text.find('"', 3) : 0);
  if (equals == 0 || equals == text.npos || equals + 1 == text.size()) {
    return trouble(ExitCode::usage,
                   "--where takes PATH=JSON, as in --where '$.status=\"open\"', and not " + one_line(text));
  }
  return ViewCondition{text.substr(0, equals), text.substr(equals + 1)};
}

// A question that the store cannot take is the user's mistake; everything else is the store's trouble.
tl::unexpected<Trouble> trouble_of(const Failure& failure) {
  const bool our_question = failure.kind == FailureKind::invalid || failure.kind == FailureKind::unsupported;
  return trouble(our_question ? ExitCode::usage : ExitCode::store, to_string(failure));
}

}  // namespace

Outcome list_views(const ViewOptions& options) {
  const auto store = open_store(options.store, Access::read);
  if (!store) return tl::unexpected(store.error());
  const auto projections = store->projections();
  if (!projections) return store_trouble(projections.error());
  std::vector<OneGeneration> all;
  for (const ProjectionStatus& projection : *projections) {
    const auto generations = store->perform(ListGenerations{projection.id});
    if (!generations) return store_trouble(generations.error());
    for (const GenerationStatus& each : *generations) all.push_back({projection.id, each});
  }
  Output out(1);
  if (options.json) {
    for (const OneGeneration& each : all) out << as_json(each) << '\n';
    return out.finish();
  }
  const auto writer = row_writer(RowFormat::table, out);
  const std::vector<std::string> names{"projection", "generation", "state", "position", "version", "views"};
  writer->columns(names);
  for (const OneGeneration& each : all) {
    const std::string name = to_string(each.projection);
    writer->row(std::array<SqlValue, 6>{std::string_view(name), each.status.generation.value,
                                        std::string_view(to_string(each.status.state)), cell(each.status.position),
                                        each.status.version.program, static_cast<std::int64_t>(each.status.views)});
  }
  writer->end();
  return out.finish();
}

Outcome get_view(const ViewOptions& options) {
  const auto store = open_store(options.store, Access::read);
  if (!store) return tl::unexpected(store.error());
  if (auto unknown = object_to_views(*store, options.id())) return tl::unexpected(*std::move(unknown));
  const auto answer = store->perform(GetView{.projection = options.id(), .key = options.key});
  if (!answer) return trouble_of(answer.error());
  if (!answer->view) {
    return trouble(ExitCode::usage, "projection " + to_string(options.id()) + " has no view for key \"" +
                                        one_line(options.key) + "\" (generation " +
                                        std::to_string(answer->as_of.generation.value) + ")");
  }
  Output out(1);
  ViewText text;
  if (options.json) out << text.json(*answer->view, answer->as_of.generation) << '\n';
  else out << text.shown(*answer->view) << '\n';
  return out.finish();
}

Outcome scan_views(const ViewOptions& options) {
  ScanViews ask{.projection = options.id(), .prefix = options.prefix, .after = options.after, .limit = options.limit};
  if (options.where) {
    auto condition = condition_of(*options.where);
    if (!condition) return tl::unexpected(std::move(condition).error());
    ask.where = *std::move(condition);
  }
  const auto store = open_store(options.store, Access::read);
  if (!store) return tl::unexpected(store.error());
  if (auto unknown = object_to_views(*store, options.id())) return tl::unexpected(*std::move(unknown));
  ViewScan scan(*store, ask);
  auto page = scan.next();
  if (!page) return trouble_of(page.error());
  Output out(1);
  ViewText text;
  const auto writer = options.json ? nullptr : row_writer(RowFormat::table, out);
  const std::vector<std::string> names{"key", "version", "position", "state"};
  if (writer) writer->columns(names);
  std::uint32_t left = options.limit;
  std::string last;
  for (;;) {  // a page may end long before the limit
    for (const StoredView& view : std::span(page->views).first(std::min<std::size_t>(left, page->views.size()))) {
      --left;
      last = view.key;
      if (!writer) {
        out << text.json(view, page->as_of.generation) << '\n';
        continue;
      }
      const std::string state = text.shown(view);
      writer->row(std::array<SqlValue, 4>{std::string_view(view.key), view.version, cell(view.position),
                                          std::string_view(state)});
    }
    if (scan.done() || left == 0 || !out.good()) break;
    page = scan.next();
    if (!page) return trouble_of(page.error());
  }
  if (writer) writer->end();
  Outcome outcome = out.finish();
  const bool more = !scan.done() || (!page->views.empty() && page->views.back().key != last);
  if (more && out.good()) {
    say("there are more: go on with --after '" + one_line(last) + "', or raise --limit");
  }
  return outcome;
}

}  // namespace lantern::cli
