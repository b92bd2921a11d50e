// A projection that is one `.sql` file: no C++ to compile. The format is described in docs/sql-projections.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/config.hpp"
#include "lantern/event.hpp"
#include "lantern/failure.hpp"
#include "lantern/identity.hpp"
#include "lantern/projector.hpp"

namespace lantern {

/// What is wrong with a projection's file, and where.
struct SqlProjectionError {
  std::string file;      ///< as it was given
  std::size_t line{1};   ///< from 1
  std::size_t column{};  ///< from 1, in characters; 0: the whole line is meant
  std::string what;      ///< what was found
  std::string advice;    ///< what is allowed, or what to do now; may be empty

  /// `FILE:LINE:COLUMN: what: advice`, on one line.
  [[nodiscard]] std::string message() const;
  /// The same as a failure of kind `invalid`.
  [[nodiscard]] Failure as_failure() const;
  friend bool operator==(const SqlProjectionError&, const SqlProjectionError&) = default;
};
std::ostream& operator<<(std::ostream&, const SqlProjectionError&);

/// The file's `-- on error:` header: what becomes of an event whose statements fail.
enum class SqlPolicy : std::uint8_t {
  fatal,       ///< the run ends; the event stays next in line
  skip,        ///< the event is recorded in the quarantine and passed
  retry,       ///< it is tried again, as `EventRetryConfig` says; then the run ends
  quarantine,  ///< it is tried again, as `EventRetryConfig` says; then it is recorded in the quarantine and passed
};
[[nodiscard]] std::string_view to_string(SqlPolicy) noexcept;

/// One statement of the file, without its semicolon.
struct SqlStatement {
  std::string text;
  std::size_t line{1};    ///< where it begins, from 1
  std::size_t column{1};  ///< where it begins, from 1, in characters
  friend bool operator==(const SqlStatement&, const SqlStatement&) = default;
};

/// One `-- on …` section of the file.
struct SqlSection {
  std::vector<std::string> types;  ///< of the events it is for; empty: every event
  std::vector<SqlStatement> statements;
  std::size_t line{1};  ///< of its heading, from 1
  /// True when the section's statements are run for events of this type.
  [[nodiscard]] bool matches(std::string_view type) const noexcept;
  friend bool operator==(const SqlSection&, const SqlSection&) = default;
};

/// A projection whose program is SQL. A value: it knows no database. `SqliteStore::install` checks its statements
/// against a store and prepares them; after that it is a projector like any other, whose statements the store runs
/// inside of the commit.
class SqlProjection {
 public:
  /// Reads the text of a file. `file_name` is used in messages only. Nothing is run: whether the statements are good
  /// SQL is known when they are installed.
  [[nodiscard]] static tl::expected<SqlProjection, SqlProjectionError> parse(std::string_view text,
                                                                             std::string file_name);

  // ---- the projector ----

  static constexpr bool applied_by_store = true;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The types that the sections name; all events when there is a section for every event.
  [[nodiscard]] EventFilter filter() const;
  /// Fatal, Skip, or Retry for both `retry` and `quarantine`: see `configured`.
  [[nodiscard]] FailureStrategy on_error(const FailureContext&) const noexcept;

  // ---- the rest of the file ----

  /// The configuration, with what becomes of an event after its last retry set as the file's policy says. Run the
  /// projection with this one, or `quarantine` is the same as `retry`.
  [[nodiscard]] ProjectionConfig configured(ProjectionConfig config) const;
  [[nodiscard]] std::int64_t version() const noexcept { return version_; }  ///< from 1 up
  /// What a rebuild goes by.
  [[nodiscard]] CodeVersion code_version() const noexcept { return {version_, 1}; }
  [[nodiscard]] SqlPolicy policy() const noexcept { return policy_; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  /// 32 hex digits over all that decides what ends up in the tables: policy, setup and sections. Comments, white space
  /// and the version are not in it.
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }
  [[nodiscard]] const std::vector<SqlStatement>& setup() const noexcept { return setup_; }
  [[nodiscard]] const std::vector<SqlSection>& sections() const noexcept { return sections_; }  ///< in file order

 private:
  SqlProjection() = default;
  friend class SqlFileReader;

  std::string name_{};
  std::int64_t version_{};
  SqlPolicy policy_{SqlPolicy::fatal};
  std::string file_{};
  std::string fingerprint_{};
  std::vector<SqlStatement> setup_{};
  std::vector<SqlSection> sections_{};
};

/// What `SqliteStore::install` did.
struct Installed {
  enum class Outcome : std::uint8_t {
    registered,  ///< it was new: its setup was run
    present,     ///< this version was there already, from the same text; nothing was changed
    building,    ///< its version rose: the next run builds its tables beside the old ones, and then switches
  };
  ProjectionId projection{};
  std::int64_t version{};   ///< of the file
  Generation generation{};  ///< which the next run fills or goes on with
  Outcome outcome{Outcome::present};
  friend bool operator==(const Installed&, const Installed&) = default;
};
[[nodiscard]] std::string_view to_string(Installed::Outcome) noexcept;

}  // namespace lantern
