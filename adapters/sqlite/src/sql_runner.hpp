// Runs a projection's statements for one event after the other.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connection.hpp"
#include "lantern/sqlite/sql_projection.hpp"
#include "sql_guard.hpp"
#include "statement_runner.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

class SqlRunner final : public StatementRunner {
 public:
  /// Prepares all sections. The connection must outlive the runner.
  [[nodiscard]] static tl::expected<std::unique_ptr<StatementRunner>, Failure> prepare(WriteConnection& connection,
                                                                                       const SqlProjection& projection,
                                                                                       const ProjectionId& id,
                                                                                       SqlGuard& guard);

  [[nodiscard]] std::optional<Failure> run(const RecordedEvent& event) override;
  [[nodiscard]] std::optional<Failure> make(std::int64_t build, std::optional<std::int64_t> beside) override;

 private:
  using Bind = void (*)(Statement&, int index, const RecordedEvent&);
  struct Binding {
    int index;
    Bind bind;
  };
  struct Step {
    Statement statement;
    std::vector<Binding> bindings;  // of the parameters that the statement uses
    SqlStatement source;
  };
  using Steps = std::vector<Step*>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  SqlRunner(WriteConnection& connection, const SqlProjection& projection, ProjectionId id)
      : StatementRunner(projection.fingerprint()),
        connection_(connection),
        db_(connection.db()),
        projection_(projection),
        id_(std::move(id)) {}
  [[nodiscard]] static std::vector<Binding> bindings_of(const Statement& statement);
  [[nodiscard]] const Steps& steps_for(std::string_view type);
  [[nodiscard]] Failure failed(const Step& step, int code) const;

  WriteConnection& connection_;
  const Connection& db_;
  const SqlProjection projection_;
  const ProjectionId id_;
  std::vector<std::unique_ptr<Step>> all_;
  std::unordered_map<std::string, Steps, Hash, std::equal_to<>> by_type_;
  Steps otherwise_;  // for types that no section names
  // Events of one type come in bursts.
  std::string_view last_type_{};
  const Steps* last_steps_{};
};

}  // namespace lantern::detail
