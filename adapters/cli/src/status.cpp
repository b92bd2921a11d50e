#include "status.hpp"

#include <vector>

#include "json_text.hpp"
#include "leader.hpp"
#include "open_store.hpp"
#include "output.hpp"
#include "rows.hpp"

namespace lantern::cli {
namespace {

// A lease that has expired, or whose owner has ended, leads nothing.
bool is_led(const ProjectionStatus& status) {
  return status.leader && status.leader->expires_in.count() > 0 && !has_ended(status.leader->owner);
}

// What a run noted last, but for runs that could note nothing any more.
std::string state_of(const ProjectionStatus& status) {
  const std::string& noted = status.run.state;
  if (noted.empty() && !is_led(status)) {
    return status.generation.value > 1 && !status.position ? "not rebuilt yet" : "never ran";
  }
  if (noted.empty()) return "running";
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
      .field("updated_at", text(status.updated_at));
  return object.text();
}

SqlValue cell(const std::optional<Position>& position) {
  return position ? SqlValue(position->value) : SqlValue(std::string_view("-"));
}

std::string_view leader_of(const ProjectionStatus& status) {
  return is_led(status) ? without_mark(status.leader->owner) : "-";
}

void as_table(const std::vector<ProjectionStatus>& projections, Output& out) {
  const auto writer = row_writer(RowFormat::table, out);
  const std::vector<std::string> names{"projection", "generation", "position", "head",        "lag",
                                       "state",      "leader",     "retries",  "quarantined", "last error"};
  writer->columns(names);
  for (const ProjectionStatus& status : projections) {
    const std::string name = to_string(status.id), state = state_of(status);
    const std::string_view error = status.run.last_error;
    const std::vector<SqlValue> cells{std::string_view(name),
                                      status.generation.value,
                                      cell(status.position),
                                      cell(status.head),
                                      static_cast<std::int64_t>(status.lag),
                                      std::string_view(state),
                                      leader_of(status),
                                      static_cast<std::int64_t>(status.run.retries),
                                      static_cast<std::int64_t>(status.quarantined),
                                      error.empty() ? std::string_view("-") : error};
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
