#include "lantern/sqlite/sqlite_store.hpp"

#include "lantern/refuse.hpp"
#include "open_file.hpp"
#include "schema.hpp"
#include "sqlite_parts.hpp"
#include "times.hpp"

namespace lantern {

using detail::ReadConnection;
using detail::Writer;

static_assert(EventLog<SqliteStore> && StreamReader<SqliteStore> && ProjectionStore<SqliteStore> &&
              ProjectorCoordinator<SqliteStore> && AppendNotifier<SqliteStore>);

// ---- opening ----

namespace detail {

tl::expected<std::unique_ptr<Writer>, Failure> Writer::prepare(Connection db) {
  auto connection = WriteConnection::prepare(std::move(db));
  if (!connection) return tl::unexpected(std::move(connection).error());
  auto appender = Appender::prepare(**connection);
  if (!appender) return tl::unexpected(std::move(appender).error());
  auto committer = Committer::prepare(**connection);
  if (!committer) return tl::unexpected(std::move(committer).error());
  auto leases = Leases::prepare(**connection);
  if (!leases) return tl::unexpected(std::move(leases).error());
  auto replacer = Replacer::prepare(**connection);
  if (!replacer) return tl::unexpected(std::move(replacer).error());
  auto rebuilder = Rebuilder::prepare(**connection);
  if (!rebuilder) return tl::unexpected(std::move(rebuilder).error());
  auto dropped = DroppedBuilds::prepare(**connection);
  if (!dropped) return tl::unexpected(std::move(dropped).error());
  auto note =
      (*connection)
          ->db()
          .prepare(
              "INSERT INTO lantern_projections(tenant, name, state, retries, last_error, updated_at, generation) "
              "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(tenant, name) DO UPDATE SET state = excluded.state, "
              "retries = excluded.retries, last_error = excluded.last_error, updated_at = excluded.updated_at "
              "WHERE generation = excluded.generation");
  if (!note) return tl::unexpected(std::move(note).error());
  return std::unique_ptr<Writer>(new Writer(*std::move(connection), *std::move(appender), *std::move(committer),
                                            *std::move(leases), *std::move(replacer), *std::move(rebuilder),
                                            *std::move(dropped), *std::move(note)));
}

namespace {

std::chrono::nanoseconds system_time() { return std::chrono::system_clock::now().time_since_epoch(); }

tl::expected<std::unique_ptr<Writer>, Failure> open_writer(const StoreFile& file, const SqliteOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.open_timeout;
  // The system's file was made already, with a mode of lantern's choice.
  const bool creates = !options.vfs.empty() && options.access == StoreAccess::create;
  auto opened = Connection::open(file, creates ? Access::create : Access::write, options.open_timeout);
  if (!opened) return tl::unexpected(std::move(opened).error());
  if (auto failed = bring_up_to_date(*opened, deadline)) return tl::unexpected(*std::move(failed));
  opened->set_busy_timeout(options.busy_timeout);
  // The limit lets a WAL that grew under a long read shrink again.
  const char* const pragmas = options.durability == Durability::full
                                  ? "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864"
                                  : "PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864";
  if (auto failed = opened->execute(pragmas, "opening it")) return tl::unexpected(*std::move(failed));
  return Writer::prepare(*std::move(opened));
}

/// A run whose statements are not those of the active generation can do nothing as its leader.
std::optional<Failure> refuse_outdated(Writer& writer, const ProjectionId& projection, Role role) {
  if (role != Role::live) return std::nullopt;
  const auto installed = writer.runners.find(projection);
  if (installed == writer.runners.end()) return std::nullopt;
  return writer.committer.refuse_outdated(projection, *installed->second);
}

std::optional<Failure> check_readable(const StoreFile& file, const SqliteOptions& options) {
  auto opened = Connection::open(file, Access::read, options.open_timeout);
  if (!opened) return std::move(opened).error();
  return check_schema(*opened);
}

}  // namespace
}  // namespace detail

tl::expected<SqliteStore, Failure> SqliteStore::open(const std::filesystem::path& file, SqliteOptions options) {
  auto found =
      options.vfs.empty() ? detail::find_file(file, options.access) : detail::check_foreign_path(file, options.vfs);
  if (!found) return tl::unexpected(std::move(found).error());
  auto parts = std::make_unique<detail::SqliteParts>();
  parts->file = *found;
  parts->vfs = options.vfs;
  const auto at = parts->store_file();
  parts->clock = options.clock ? std::move(options.clock) : &detail::system_time;
  if (options.access == StoreAccess::read_only) {
    if (auto failed = detail::check_readable(at, options)) return tl::unexpected(*std::move(failed));
  } else {
    auto writer = detail::open_writer(at, options);
    if (!writer) return tl::unexpected(std::move(writer).error());
    parts->writer = *std::move(writer);
    parts->sweeper = std::make_unique<detail::Sweeper>(*parts->writer);
    const auto left = parts->writer->dropped.any();  // by a process that ended before it had deleted all
    if (!left) return tl::unexpected(left.error());
    if (*left) parts->sweeper->wake();
  }
  parts->readers = std::make_unique<detail::ReadPool>(at, options.busy_timeout);
  parts->watch = std::make_unique<detail::AppendWatch>(at);
  return SqliteStore(std::move(parts));
}

SqliteStore::SqliteStore(std::unique_ptr<detail::SqliteParts> parts) noexcept : parts_(std::move(parts)) {}
SqliteStore::SqliteStore(SqliteStore&&) noexcept = default;
SqliteStore& SqliteStore::operator=(SqliteStore&&) noexcept = default;
SqliteStore::~SqliteStore() = default;

const std::filesystem::path& SqliteStore::file() const noexcept { return parts_->file; }

// ---- reading ----

LoadCheckpoint::reply SqliteStore::perform(const LoadCheckpoint& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return parts_->readers->with([&](ReadConnection& connection) { return connection.load(asked); });
}

ReadEvents::reply SqliteStore::perform(const ReadEvents& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return parts_->readers->with([&](ReadConnection& connection) { return connection.read(asked); });
}

ListStreams::reply SqliteStore::perform(const ListStreams& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return parts_->readers->with([&](ReadConnection& connection) { return connection.list(asked); });
}

ReadStream::reply SqliteStore::perform(const ReadStream& asked) const {
  if (auto refused = refuse(asked)) return tl::unexpected(*std::move(refused));
  return parts_->readers->with([&](ReadConnection& connection) { return connection.read(asked); });
}

tl::expected<std::optional<Position>, Failure> SqliteStore::head() const {
  return parts_->readers->with([](ReadConnection& connection) { return connection.head(); });
}

// ---- writing ----

AppendEvents::reply SqliteStore::perform(const AppendEvents& asked) {
  using Error = AppendEvents::reply::error_type;
  if (auto refused = refuse(asked)) return tl::unexpected(Error(*std::move(refused)));
  auto appended = parts_->write([&](Writer& writer) { return writer.appender.append(asked, parts_->clock); });
  if (appended && appended->added > 0) parts_->watch->reached(appended->last->value);
  return appended;
}

SaveCheckpoint::reply SqliteStore::perform(const SaveCheckpoint& asked) {
  if (auto refused = refuse(asked)) return tl::unexpected(SaveError(*std::move(refused)));
  return parts_->write([&](Writer& writer) -> SaveCheckpoint::reply {
    const auto installed = writer.runners.find(asked.projection);
    const bool is_installed = installed != writer.runners.end();
    if (asked.writes.size() > 0 && !is_installed) {
      return tl::unexpected(
          SaveError(Failure(FailureKind::invalid,
                            "no statements are installed for " + to_string(asked.projection) + " in this store object",
                            "install the projection before it is run")));
    }
    return writer.committer.save(asked, writer.leases, is_installed ? installed->second.get() : nullptr,
                                 parts_->clock());
  });
}

tl::expected<void, Failure> SqliteStore::record_run(const ProjectionId& id, Generation generation,
                                                    const RunNote& note) {
  if (auto refused = refuse(id)) return tl::unexpected(*std::move(refused));
  const std::string now = detail::timestamp_text(parts_->clock());
  return parts_->write([&](Writer& writer) -> tl::expected<void, Failure> {
    // A single statement is a transaction by itself.
    auto failed = writer.connection->db().run(
        writer.note_run, "recording a run", std::string_view(id.tenant), std::string_view(id.name),
        std::string_view(note.state), static_cast<std::int64_t>(note.retries), std::string_view(note.last_error),
        std::string_view(now), generation.value);
    if (!failed) return {};
    writer.connection->overwrite_unsynced_commit();
    return tl::unexpected(*std::move(failed));
  });
}

// ---- leases ----

AcquireLease::reply SqliteStore::perform(const AcquireLease& asked) {
  using Error = AcquireLease::reply::error_type;
  if (auto refused = refuse(asked)) return tl::unexpected(Error(*refused));
  // A standby that asks again and again must not hold the leader's commits up, so it looks before it locks.
  const auto seen =
      parts_->readers->with([&](ReadConnection& connection) { return connection.lease(asked.projection, asked.role); });
  if (!seen) return tl::unexpected(Error(seen.error()));
  if (auto held = detail::held_by_another(*seen, asked, parts_->clock()))
    return tl::unexpected(Error(*std::move(held)));
  return parts_->write([&](Writer& writer) -> AcquireLease::reply {
    if (auto outdated = detail::refuse_outdated(writer, asked.projection, asked.role)) {
      return tl::unexpected(Error(*std::move(outdated)));
    }
    return writer.leases.acquire(asked, parts_->clock());
  });
}

RenewLease::reply SqliteStore::perform(const RenewLease& asked) {
  using Error = RenewLease::reply::error_type;
  if (auto refused = refuse(asked)) return tl::unexpected(Error(*refused));
  return parts_->write([&](Writer& writer) -> RenewLease::reply {
    if (auto outdated = detail::refuse_outdated(writer, asked.projection, asked.role)) {
      return tl::unexpected(Error(*std::move(outdated)));
    }
    return writer.leases.renew(asked, parts_->clock());
  });
}

ReleaseLease::reply SqliteStore::perform(const ReleaseLease& asked) {
  if (auto refused = refuse(asked)) return tl::unexpected(*refused);
  return parts_->write([&](Writer& writer) { return writer.leases.release(asked); });
}

// ---- waking ----

Subscription SqliteStore::on_append(std::function<void()> callback) {
  const auto last = head();  // not to be known is no harm: the first look rings once too often
  const bool known = last && *last;
  return parts_->watch->subscribe(std::move(callback), known ? (*last)->value : 0);
}

}  // namespace lantern
