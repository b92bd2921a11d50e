#include "status.hpp"

#include <algorithm>
#include <vector>

#include "json_text.hpp"
#include "leader.hpp"
#include "open_store.hpp"
#include "output.hpp"
#include "rows.hpp"

namespace lantern::cli {
namespace {

// A lease that has expired, or whose owner has ended, leads nothing.
bool leads(const std::optional<LeaderStatus>& holder) {
  return holder && holder->expires_in.count() > 0 && !has_ended(holder->owner);
}

bool is_led(const ProjectionStatus& status) { return leads(status.leader); }

// What a run noted last, but for runs that could note nothing any more.
std::string state_of(const ProjectionStatus& status) {
  const std::string& noted = status.run.state;
  if (noted.empty()) return is_led(status) ? "running" : "never ran";
  const bool over = noted == "caught up" || noted == "stopped" || noted == "failed";
  return over || is_led(status) ? noted : "interrupted";
}

template <class T>
std::optional<std::int64_t> number(const std::optional<T>& wrapped) {
  return wrapped ? std::optional(wrapped->value) : std::nullopt;
}

std::optional<std::string> text(const std::string& value) {
  return value.empty() ? std::nullopt : std::optional(value);
}

// A generation beside the active one; `filled_by` is of one that is being built.
std::string as_json(const GenerationBeside& beside, const std::optional<LeaderStatus>* filled_by) {
  JsonObject object;
  object.field("generation", beside.generation.value)
      .field("position", number(beside.position))
      .field("version", beside.version.program)
      .field("quarantined", beside.quarantined);
  if (filled_by) object.field("leader", leads(*filled_by) ? std::optional((*filled_by)->owner) : std::nullopt);
  return object.text();
}

std::string as_json(const ProjectionStatus& status) {
  JsonObject object;
  object.field("projection", status.id.name);
  if (!status.id.tenant.empty()) object.field("tenant", status.id.tenant);
  object.field("version", status.version)
      .field("generation", status.generation.value)
      .field("position", number(status.position))
      .field("head", number(status.head))
      .field("lag", status.lag)
      .field("state", state_of(status))
      .field("leader", is_led(status) ? std::optional(status.leader->owner) : std::nullopt)
      .field("retries", status.run.retries)
      .field("quarantined", status.quarantined)
      .field("last_error", text(status.run.last_error))
      .field("updated_at", text(status.updated_at))
      .raw("building", status.building ? as_json(*status.building, &status.builder) : "null")
      .raw("previous", status.previous ? as_json(*status.previous, nullptr) : "null");
  return object.text();
}

SqlValue cell(const std::optional<Position>& position) {
  return position ? SqlValue(position->value) : SqlValue(std::string_view("-"));
}

std::string_view leader_of(const ProjectionStatus& status) {
  return is_led(status) ? without_mark(status.leader->owner) : "-";
}

// `2 at 1200`, and by whom.
std::string beside_text(const std::optional<GenerationBeside>& beside, const std::optional<LeaderStatus>& filled_by) {
  if (!beside) return "-";
  return std::to_string(beside->generation.value) +
         (beside->position ? " at " + std::to_string(beside->position->value) : std::string(", empty")) +
         (leads(filled_by) ? " by " + std::string(without_mark(filled_by->owner)) : std::string());
}

void as_table(const std::vector<ProjectionStatus>& projections, Output& out) {
  const auto writer = row_writer(RowFormat::table, out);
  // Columns that only a rebuild fills are there when one does.
  const bool any_building =
      std::ranges::any_of(projections, [](const auto& each) { return each.building.has_value(); });
  const bool any_previous =
      std::ranges::any_of(projections, [](const auto& each) { return each.previous.has_value(); });
  std::vector<std::string> names{"projection", "generation"};
  if (any_building) names.emplace_back("building");
  if (any_previous) names.emplace_back("previous");
  for (const char* name : {"position", "head", "lag", "state", "leader", "retries", "quarantined", "last error"}) {
    names.emplace_back(name);
  }
  writer->columns(names);
  for (const ProjectionStatus& status : projections) {
    const std::string name = to_string(status.id), state = state_of(status);
    const std::string building = beside_text(status.building, status.builder),
                      previous = beside_text(status.previous, {});
    const std::string_view error = status.run.last_error;
    std::vector<SqlValue> cells{std::string_view(name), status.generation.value};
    if (any_building) cells.emplace_back(std::string_view(building));
    if (any_previous) cells.emplace_back(std::string_view(previous));
    cells.insert(cells.end(),
                 {cell(status.position), cell(status.head), static_cast<std::int64_t>(status.lag),
                  std::string_view(state), leader_of(status), static_cast<std::int64_t>(status.run.retries),
                  static_cast<std::int64_t>(status.quarantined), error.empty() ? std::string_view("-") : error});
    writer->row(cells);
  }
  writer->end();
}

}  // namespace

Outcome status(const StatusOptions& options) {
  const auto store = open_store(options.store, Access::read);
  if (!store) return tl::unexpected(store.error());
  const auto projections = store->projections();
  if (!projections) return store_trouble(projections.error());
  const auto head = store->head();
  if (!head) return store_trouble(head.error());
  Output out(1);
  if (options.json) {
    std::string list = "[";
    for (const auto& each : *projections) (list += list.size() > 1 ? "," : "") += as_json(each);
    JsonObject object;
    object.field("store", store->file().string()).field("head", number(*head)).raw("projections", list + "]");
    out << object.text() << '\n';
  } else if (projections->empty()) {
    out << (*head ? "the log ends at position " + std::to_string((*head)->value) : std::string("the log is empty"))
        << "; no projection has run yet\n";
  } else {
    as_table(*projections, out);
  }
  return out.finish();
}

}  // namespace lantern::cli
