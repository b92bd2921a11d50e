// What a projection's statements may touch: SQLite asks about every table, function and verb while it reads them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "lantern/sqlite/sql_projection.hpp"

namespace lantern::detail {

/// Something that a projection made, and so may touch.
struct OwnObject {
  std::string name;  ///< as the file spells it
  bool is_view{};
  friend bool operator==(const OwnObject&, const OwnObject&) = default;
};

/// Prepares the statements of one projection, and refuses those that do more than keep its own tables. Each refusal has
/// the statement's place in the file.
class SqlGuard {
 public:
  /// What there is in the file besides what the projection owns: name in lower case, and whose it is.
  using Others = std::map<std::string, std::string, std::less<>>;

  /// `named` is the projection in messages.
  SqlGuard(const Connection& db, const SqlProjection& projection, std::string named, Others others,
           std::vector<OwnObject> own)
      : db_(db), projection_(projection), named_(std::move(named)), others_(std::move(others)), own_(std::move(own)) {}
  SqlGuard(const SqlGuard&) = delete;
  SqlGuard& operator=(const SqlGuard&) = delete;

  /// A CREATE of the setup makes its object the projection's own.
  [[nodiscard]] tl::expected<Statement, Failure> prepare_setup(const SqlStatement& statement);
  [[nodiscard]] tl::expected<Statement, Failure> prepare_section(const SqlStatement& statement);
  /// Reads through a view that the projection made: SQLite does not look into it before.
  [[nodiscard]] std::optional<Failure> check_view(const std::string& view, const SqlStatement& created_by);

  /// Reads the triggers of everything that the projection made, whether or not its own statements set them off: any
  /// client of the file may.
  [[nodiscard]] std::optional<Failure> check_triggers();

  [[nodiscard]] const std::vector<OwnObject>& own() const noexcept { return own_; }

 private:
  struct Objection {
    std::string what, advice;
  };
  enum class Asked { create, change, view };  // what kind of statement is being prepared

  [[nodiscard]] tl::expected<Statement, Failure> prepare_without_rows(const SqlStatement& statement, Asked asked);
  [[nodiscard]] tl::expected<Statement, Failure> prepare(std::string_view sql, const SqlStatement& place, Asked asked);
  [[nodiscard]] Failure error(const SqlStatement& statement, std::size_t offset, std::string what,
                              std::string advice = {}) const;

  static int ask(void* self, int action, const char* first, const char* second, const char* database,
                 const char* within) noexcept;
  [[nodiscard]] std::optional<Objection> object(int action, std::string_view first, std::string_view second,
                                                std::string_view database);
  [[nodiscard]] std::optional<Objection> object_to_read(std::string_view table, std::string_view column) const;
  [[nodiscard]] std::optional<Objection> object_to_write(std::string_view table) const;
  [[nodiscard]] std::optional<Objection> object_to_name(std::string_view name) const;
  [[nodiscard]] std::optional<Objection> object_to_creation(std::string_view name, bool is_view);
  [[nodiscard]] bool owns(std::string_view name) const;
  [[nodiscard]] std::string whose(std::string_view name) const;

  const Connection& db_;
  const SqlProjection& projection_;
  const std::string named_;
  Others others_;
  std::vector<OwnObject> own_;
  Asked asked_{Asked::change};
  std::optional<Objection> objection_;
  std::string within_{};  // the trigger or view that the objection is about; empty: the statement itself
};

}  // namespace lantern::detail
