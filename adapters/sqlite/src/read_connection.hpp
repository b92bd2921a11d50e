// A connection that only reads, with the statements of reading.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connection.hpp"
#include "lantern/effects.hpp"
#include "leases.hpp"
#include "stream_finder.hpp"
#include "view_reader.hpp"

namespace lantern::detail {

/// Not thread-safe; see ReadPool.
class ReadConnection {
 public:
  [[nodiscard]] static tl::expected<std::unique_ptr<ReadConnection>, Failure> prepare(Connection connection);

  [[nodiscard]] const Connection& db() const noexcept { return db_; }

  [[nodiscard]] ReadEvents::reply read(const ReadEvents& asked);
  [[nodiscard]] ReadStream::reply read(const ReadStream& asked);
  [[nodiscard]] ListStreams::reply list(const ListStreams& asked);
  [[nodiscard]] LoadCheckpoint::reply load(const LoadCheckpoint& asked);
  [[nodiscard]] tl::expected<std::optional<StoredLease>, Failure> lease(const ProjectionId& projection, Role role);
  [[nodiscard]] tl::expected<std::optional<Position>, Failure> head();
  /// Which log it is.
  [[nodiscard]] const LogIdentity& log() const noexcept { return log_; }

  /// Calls `use(reader)` within one snapshot, which answers with an expected.
  template <class Use>
  [[nodiscard]] auto views(Use use) -> decltype(use(std::declval<ViewReader&>())) {
    return in_snapshot(views_, std::move(use));
  }

  /// Begins one snapshot for all reads until `end_snapshot`.
  [[nodiscard]] std::optional<Failure> begin_snapshot() { return db_.run(begin_, "beginning to read"); }
  void end_snapshot() noexcept;

 private:
  explicit ReadConnection(Connection connection) : db_(std::move(connection)) {}
  [[nodiscard]] tl::expected<Statement*, Failure> statement_for(const EventFilter& filter, bool prefix_ends);
  [[nodiscard]] tl::expected<std::int64_t, Failure> first_version_after(std::string_view stream, Position after);
  /// What one page may look at: versions of the one stream that is asked for, or positions. The last one is a bound
  /// only for a filter that may pass over events.
  struct Window {
    std::int64_t first{}, last{};
  };
  [[nodiscard]] tl::expected<Window, Failure> window_of(const ReadEvents& asked);
  [[nodiscard]] tl::expected<Position, Failure> end_of(const Window& window, const EventFilter& filter, Position head);
  [[nodiscard]] tl::expected<std::optional<Position>, Failure> one_position(Statement& statement);
  [[nodiscard]] ReadEvents::reply read_in_snapshot(const ReadEvents& asked);
  [[nodiscard]] ReadStream::reply read_in_snapshot(const ReadStream& asked, StreamFinder& streams);
  [[nodiscard]] LoadCheckpoint::reply load_in_snapshot(const LoadCheckpoint& asked);
  /// Calls `use(statements)` within one snapshot; they are prepared for the first use.
  template <class Statements, class Use>
  [[nodiscard]] auto in_snapshot(std::unique_ptr<Statements>& statements, Use use) -> decltype(use(*statements)) {
    if (!statements) {
      auto prepared = Statements::prepare(db_);
      if (!prepared) return tl::unexpected(std::move(prepared).error());
      statements = *std::move(prepared);
    }
    if (auto failed = begin_snapshot()) return tl::unexpected(*std::move(failed));
    auto reply = use(*statements);
    end_snapshot();
    return reply;
  }

  Connection db_;
  LogIdentity log_{};
  Statement begin_{}, end_{}, head_{}, first_{}, load_{}, cursors_{}, lease_{}, last_version_{}, position_of_{};
  std::unique_ptr<ViewReader> views_{};                    ///< none until it is asked for
  std::unique_ptr<StreamFinder> streams_{};                ///< none until it is asked for
  std::map<std::string, Statement, std::less<>> pages_{};  ///< by their SQL: one for each shape of filter
};

/// Connections for as many threads as read at once; few are kept.
class ReadPool {
 public:
  explicit ReadPool(StoreFile file, std::chrono::milliseconds busy_timeout)
      : file_(std::move(file)), busy_timeout_(busy_timeout) {}

  /// Calls `use(connection)`, which answers with an expected whose error is, or converts to, a Failure. A connection
  /// that had trouble is not used again.
  template <class Use>
  auto with(Use use) -> decltype(use(std::declval<ReadConnection&>())) {
    auto connection = take();
    if (!connection) return tl::unexpected(std::move(connection).error());
    auto result = use(**connection);
    if (result) give_back(*std::move(connection));
    return result;
  }

 private:
  [[nodiscard]] tl::expected<std::unique_ptr<ReadConnection>, Failure> take();
  void give_back(std::unique_ptr<ReadConnection>) noexcept;

  StoreFile file_;
  std::chrono::milliseconds busy_timeout_;
  std::mutex mutex_{};
  std::vector<std::unique_ptr<ReadConnection>> free_{};
};

}  // namespace lantern::detail
