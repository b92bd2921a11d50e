#include "view_reader.hpp"

#include <algorithm>

#include "prefix.hpp"
#include "prepare_all.hpp"
#include "view_condition.hpp"

namespace lantern::detail {
namespace {

constexpr std::string_view reading = "reading views";

/// Columns of a view, after its key.
constexpr const char* columns = "state, version, edition, position, schema_version, updated_at";
constexpr int shows = 7;  ///< the column after these and the key: whether a scan returns the view

/// Views that one page of a scan looks at and does not return: a condition that lets little through neither blocks for
/// long nor delays a stop.
constexpr std::int64_t most_passed_over = 8192;

StoredView view_of(const Statement& row, std::string key, int column) {
  StoredView view;
  view.key = std::move(key);
  if (!row.is_null(column)) view.state = std::string(row.text(column));
  view.version = row.integer(column + 1);
  view.edition = Revision{row.integer(column + 2)};
  if (const auto position = row.maybe_integer(column + 3)) view.position = Position{*position};
  view.schema_version = static_cast<std::int32_t>(row.integer(column + 4));
  view.updated_at = std::string(row.text(column + 5));
  return view;
}

/// Of the generation that was asked for, if there is one; else of a moment at which it has nothing.
AsOf moment_of(const StoredGeneration* found, std::optional<Generation> asked) {
  return found ? found->as_of() : AsOf{asked.value_or(Generation{}), {}, {}};
}

}  // namespace

tl::expected<std::unique_ptr<ViewReader>, Failure> ViewReader::prepare(const Connection& db) {
  std::unique_ptr<ViewReader> made(new ViewReader(db));
  const std::string view = std::string("SELECT ") + columns + " FROM lantern_views WHERE build = ?1 AND key = ?2";
  const std::string of_generation =
      "SELECT 1 FROM lantern_quarantine INDEXED BY lantern_quarantine_by_key "
      "WHERE tenant = ?1 AND name = ?2 AND generation = ?3 AND keyed = 1";
  auto failed = prepare_all(db, {{generations_sql, &made->find_},
                                 {view.c_str(), &made->view_},
                                 {(of_generation + " LIMIT 1").c_str(), &made->any_parked_},
                                 {(of_generation + " AND key = ?4 LIMIT 1").c_str(), &made->parked_},
                                 {"SELECT count(state) FROM lantern_views WHERE build = ?1", &made->count_}});
  if (failed) return tl::unexpected(*std::move(failed));
  return made;
}

std::optional<Failure> ViewReader::look_up(std::int64_t build, const std::string& key,
                                           std::optional<StoredView>& into) {
  return db_.each(
      view_, reading, [&](const Statement& row) { into = view_of(row, key, 0); }, build, std::string_view(key));
}

tl::expected<std::vector<std::string>, Failure> ViewReader::parked(const LoadViews& asked) {
  const std::string_view tenant = asked.projection.tenant, name = asked.projection.name;
  bool any = false;
  std::vector<std::string> found;
  auto failed = db_.each(
      any_parked_, reading, [&](const Statement&) { any = true; }, tenant, name, asked.generation.value);
  if (failed) return tl::unexpected(*std::move(failed));
  if (!any) return found;
  for (const std::string& key : asked.keys) {
    failed = db_.each(
        parked_, reading, [&](const Statement&) { found.push_back(key); }, tenant, name, asked.generation.value,
        std::string_view(key));
    if (failed) return tl::unexpected(*std::move(failed));
  }
  return found;
}

LoadViews::reply ViewReader::load(const LoadViews& asked) {
  const auto known = generations(asked.projection);
  if (!known) return tl::unexpected(known.error());
  const StoredGeneration* const of = known->find(asked.generation);
  LoadedViews loaded;
  if (of && of->build) {
    loaded.views.reserve(asked.keys.size());
    for (const std::string& key : asked.keys) {
      std::optional<StoredView> view;
      if (auto failed = look_up(*of->build, key, view)) return tl::unexpected(*std::move(failed));
      if (view) loaded.views.push_back(*std::move(view));
    }
  }
  auto waiting = parked(asked);
  if (!waiting) return tl::unexpected(std::move(waiting).error());
  loaded.parked = *std::move(waiting);
  return loaded;
}

GetView::reply ViewReader::get(const GetView& asked) {
  const auto known = generations(asked.projection);
  if (!known) return tl::unexpected(known.error());
  const StoredGeneration* const of = known->find(asked.generation);
  // Filled in place: where it is moved, the optimiser of g++ 12 warns of a state that is not there.
  GetView::reply reply(GetView::Answer{std::nullopt, moment_of(of, asked.generation)});
  if (of && of->build) {
    if (auto failed = look_up(*of->build, asked.key, reply->view)) reply = tl::unexpected(*std::move(failed));
    else if (reply->view && !reply->view->state) reply->view.reset();
  }
  return reply;
}

tl::expected<Statement*, Failure> ViewReader::page_of(const std::string& sql) {
  if (const auto known = pages_.find(sql); known != pages_.end()) return &known->second;
  auto prepared = db_.prepare(sql);
  if (!prepared) return tl::unexpected(std::move(prepared).error());
  return &pages_.emplace(sql, *std::move(prepared)).first->second;
}

ScanViews::reply ViewReader::scan(const ScanViews& asked) {
  std::string matching;
  if (asked.where) {
    auto condition = sql_of_condition(db_, *asked.where);
    if (!condition) return tl::unexpected(std::move(condition).error());
    matching = " AND " + *std::move(condition);
  }
  const auto known = generations(asked.projection);
  if (!known) return tl::unexpected(known.error());
  const StoredGeneration* const of = known->find(asked.generation);
  ScanViews::Page page{{}, moment_of(of, asked.generation), false};
  if (!of || !of->build) return page;

  const bool from_after = asked.after && *asked.after >= asked.prefix;
  const auto end = end_of_prefix(asked.prefix);
  auto statement = page_of(std::string("SELECT key, ") + columns + ", state IS NOT NULL" + matching +
                           " FROM lantern_views WHERE build = ?1 AND key " + (from_after ? ">" : ">=") + " ?2" +
                           (end ? " AND key < ?3" : "") + " ORDER BY key");
  if (!statement) return tl::unexpected(std::move(statement).error());
  const Using use(**statement);
  use->bind(1, *of->build);
  use->bind(2, std::string_view(from_after ? *asked.after : asked.prefix));
  if (end) use->bind(3, std::string_view(*end));
  if (asked.where) {
    use->bind(condition_path, std::string_view(asked.where->path));
    use->bind(condition_value, std::string_view(asked.where->equals));
  }
  std::int64_t passed_over = 0;
  std::uint64_t bytes = 0;
  for (;;) {
    const int code = use->step();
    if (code == SQLITE_DONE) {
      page.scanned_to.reset();
      return page;
    }
    if (code != SQLITE_ROW) {
      if (asked.where && (code & 0xff) == SQLITE_ERROR) return tl::unexpected(bad_condition(db_, *asked.where));
      return tl::unexpected(db_.failure(code, reading));
    }
    const Statement& row = **statement;
    const std::string_view state = row.text(1);
    // To SQLite's JSON a text ends at a NUL.
    const bool shown = row.integer(shows) != 0 && (!asked.where || state.find('\0') == std::string_view::npos);
    const bool looked = passed_over > 0 || !page.views.empty();
    page.more = (shown && page.views.size() == asked.limit) || (looked && bytes >= asked.byte_limit) ||
                passed_over == most_passed_over;
    if (page.more) return page;
    bytes += state.size();
    if (shown) {
      page.views.push_back(view_of(row, std::string(row.text(0)), 1));
      page.scanned_to.reset();
    } else {
      ++passed_over;
      page.scanned_to = std::string(row.text(0));
    }
  }
}

ListGenerations::reply ViewReader::list(const ProjectionId& projection) {
  const auto known = generations(projection);
  if (!known) return tl::unexpected(known.error());
  std::vector<GenerationStatus> found;
  for (const auto* one : {&known->previous, &known->active, &known->building}) {
    if (!*one) continue;
    const StoredGeneration& of = **one;
    GenerationStatus status{of.generation, of.state, of.position, of.version, 0};
    if (of.build) {
      if (auto failed = db_.each(
              count_, "counting views",
              [&](const Statement& row) { status.views = static_cast<std::uint64_t>(row.integer(0)); }, *of.build)) {
        return tl::unexpected(*std::move(failed));
      }
    }
    found.push_back(status);
  }
  std::ranges::sort(found, {}, &GenerationStatus::generation);
  return found;
}

}  // namespace lantern::detail
