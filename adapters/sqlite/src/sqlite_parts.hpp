// What a SqliteStore is made of.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "append_watch.hpp"
#include "appender.hpp"
#include "committer.hpp"
#include "dropped_builds.hpp"
#include "lantern/sqlite/sqlite_options.hpp"
#include "leases.hpp"
#include "read_connection.hpp"
#include "rebuilder.hpp"
#include "replacer.hpp"
#include "statement_runner.hpp"
#include "sweeper.hpp"
#include "write_connection.hpp"

namespace lantern::detail {

/// The write connection with all that runs on it. Use only with `mutex` held.
struct Writer {
  std::mutex mutex{};
  std::unique_ptr<WriteConnection> connection;  // outlives all statements below
  Appender appender;
  Committer committer;
  Leases leases;
  Replacer replacer;
  Rebuilder rebuilder;
  DroppedBuilds dropped;
  Statement note_run;
  /// Of installed projections; prepared on `connection`.
  std::map<ProjectionId, std::unique_ptr<StatementRunner>> runners{};

  [[nodiscard]] static tl::expected<std::unique_ptr<Writer>, Failure> prepare(Connection connection);

 private:
  Writer(std::unique_ptr<WriteConnection> c, Appender a, Committer m, Leases l, Replacer r, Rebuilder b,
         DroppedBuilds d, Statement n)
      : connection(std::move(c)),
        appender(std::move(a)),
        committer(std::move(m)),
        leases(std::move(l)),
        replacer(std::move(r)),
        rebuilder(std::move(b)),
        dropped(std::move(d)),
        note_run(std::move(n)) {}
};

struct SqliteParts {
  std::filesystem::path file;
  std::string vfs;
  std::function<std::chrono::nanoseconds()> clock;
  std::unique_ptr<ReadPool> readers;
  std::unique_ptr<Writer> writer;    ///< null: the store was opened read-only
  std::unique_ptr<Sweeper> sweeper;  ///< null without a writer
  std::unique_ptr<AppendWatch> watch;

  /// Closed readers leave the write connection the last one, which tidies the WAL up.
  ~SqliteParts() {
    watch.reset();
    sweeper.reset();
    readers.reset();
    writer.reset();
  }

  [[nodiscard]] StoreFile store_file() const { return {file.string(), vfs}; }

  /// Calls `use(writer)` with its mutex held, or says that there is none. `use` answers with an expected whose error
  /// can be made of a Failure.
  template <class Use>
  auto write(Use use) -> decltype(use(std::declval<Writer&>())) {
    using Error = typename decltype(use(std::declval<Writer&>()))::error_type;
    if (!writer) {
      return tl::unexpected(Error(Failure(FailureKind::denied, "the store was opened read-only (" + file.string() + ")",
                                          "open it for writing")));
    }
    const std::lock_guard lock(writer->mutex);
    return use(*writer);
  }
};

}  // namespace lantern::detail
