#include "sql_runner.hpp"

#include <array>

#include "sql_builds.hpp"
#include "sql_checks.hpp"
#include "sql_setup.hpp"

namespace lantern::detail {
namespace {

struct Parameter {
  std::string_view name;
  void (*bind)(Statement&, int, const RecordedEvent&);
};

using S = Statement;
using E = RecordedEvent;
// The texts of a page outlive the commit that it is applied in, so none is copied.
// clang-format off
constexpr std::array parameters{
    Parameter{":stream",   [](S& s, int i, const E& e) { s.bind(i, e.stream); }},
    Parameter{":type",     [](S& s, int i, const E& e) { s.bind(i, e.type); }},
    Parameter{":data",     [](S& s, int i, const E& e) { s.bind(i, e.data); }},
    Parameter{":position", [](S& s, int i, const E& e) { s.bind(i, e.position.value); }},
    Parameter{":id",       [](S& s, int i, const E& e) { s.bind_or_null(i, e.id); }},
    Parameter{":ts",       [](S& s, int i, const E& e) { s.bind(i, e.ts); }},
    Parameter{":meta",     [](S& s, int i, const E& e) { s.bind_or_null(i, e.meta); }},
    Parameter{":version",  [](S& s, int i, const E& e) { s.bind(i, e.version); }},
};
// clang-format on
static_assert(parameters.size() == std::size(sql_parameters));

}  // namespace

std::vector<SqlRunner::Binding> SqlRunner::bindings_of(const Statement& statement) {
  std::vector<Binding> bindings;
  for (int index = 1; index <= sqlite3_bind_parameter_count(statement.get()); ++index) {
    const char* const name = sqlite3_bind_parameter_name(statement.get(), index);
    for (const Parameter& parameter : parameters) {
      if (name && parameter.name == name) bindings.push_back({index, parameter.bind});
    }
  }
  return bindings;
}

tl::expected<std::unique_ptr<StatementRunner>, Failure> SqlRunner::prepare(WriteConnection& connection,
                                                                           const SqlProjection& projection,
                                                                           const ProjectionId& id, SqlGuard& guard) {
  std::unique_ptr<SqlRunner> runner(new SqlRunner(connection, projection, id));
  for (const SqlSection& section : projection.sections()) {
    for (const std::string& type : section.types) runner->by_type_.try_emplace(type);
  }
  for (const SqlSection& section : projection.sections()) {
    for (const SqlStatement& source : section.statements) {
      auto statement = guard.prepare_section(source);
      if (!statement) return tl::unexpected(std::move(statement).error());
      auto bindings = bindings_of(*statement);
      Step* const step = runner->all_.emplace_back(new Step{*std::move(statement), std::move(bindings), source}).get();
      for (auto& [type, steps] : runner->by_type_) {
        if (section.matches(type)) steps.push_back(step);
      }
      if (section.types.empty()) runner->otherwise_.push_back(step);
    }
  }
  return runner;
}

std::optional<Failure> SqlRunner::make(std::int64_t build, std::optional<std::int64_t> beside) {
  auto seen = look_around(db_, id_, std::nullopt);
  if (!seen) return std::move(seen).error();
  SqlBuilds builds(connection_);
  if (auto failed = builds.exchange(beside, std::nullopt)) return failed;
  SqlGuard guard(db_, projection_, to_string(id_), std::move(seen->others), std::move(seen->own));
  if (auto failed = run_setup(connection_, projection_, guard)) return failed;
  if (auto failed = record_objects(db_, id_, build, guard)) return failed;
  return builds.exchange(build, beside);
}

const SqlRunner::Steps& SqlRunner::steps_for(std::string_view type) {
  if (last_steps_ && type == last_type_) return *last_steps_;
  const auto found = by_type_.find(type);
  if (found == by_type_.end()) return otherwise_;
  last_type_ = found->first;
  last_steps_ = &found->second;
  return *last_steps_;
}

std::optional<Failure> SqlRunner::run(const RecordedEvent& event) {
  for (Step* const step : steps_for(event.type)) {
    const Using statement(step->statement);
    for (const Binding& binding : step->bindings) binding.bind(step->statement, binding.index, event);
    // The statements give no rows, so one step is all; each either changes the tables as it says, or fails.
    if (const int code = statement->step(); code != SQLITE_DONE) return failed(*step, code);
  }
  return std::nullopt;
}

Failure SqlRunner::failed(const Step& step, int code) const {
  const std::string place =
      projection_.file() + ":" + std::to_string(step.source.line) + ":" + std::to_string(step.source.column);
  Failure failure = db_.failure(code, "running " + place, Blame::statement);
  if (failure.kind != FailureKind::rejected) return failure;
  failure.what = place + ": " + sqlite3_errmsg(db_.get());
  failure.advice.clear();
  // A statement that cannot even be prepared any more says nothing about the event: it must not be skipped.
  if ((code & 0xff) == SQLITE_ERROR && !db_.prepare(step.source.text, Keep::no)) {
    failure.kind = FailureKind::corrupt;
    failure.advice = "the projection's tables were changed from outside; raise its version to build them anew";
  }
  return failure;
}

}  // namespace lantern::detail
