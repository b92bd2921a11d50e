// SQLite behind RAII: a connection, and statements that are prepared once and bound without copying.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sqlite3.h>
#include <tl/expected.hpp>

#include "failures.hpp"
#include "lantern/failure.hpp"
#include "patience.hpp"

namespace lantern::detail {

/// A prepared statement. Texts are bound without copying: they must live until the statement is reset. Move-only; used
/// from one thread at a time; must not outlive its connection.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* prepared) noexcept : stmt_(prepared) {}

  [[nodiscard]] explicit operator bool() const noexcept { return stmt_ != nullptr; }
  [[nodiscard]] sqlite3_stmt* get() const noexcept { return stmt_.get(); }

  // ---- binding: by index from 1; an error shows at the next step ----
  void bind(int index, std::int64_t value) noexcept { note(sqlite3_bind_int64(get(), index, value)); }
  void bind(int index, int value) noexcept { note(sqlite3_bind_int(get(), index, value)); }
  void bind(int index, std::string_view text) noexcept {
    // A view without data would be bound as NULL.
    note(sqlite3_bind_text64(get(), index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void bind(int index, std::nullptr_t) noexcept { note(sqlite3_bind_null(get(), index)); }
  template <class T>
  void bind(int index, const std::optional<T>& value) noexcept {
    if (value) bind(index, *value);
    else bind(index, nullptr);
  }
  /// Text, or NULL when it is empty.
  void bind_or_null(int index, std::string_view text) noexcept {
    if (text.empty()) bind(index, nullptr);
    else bind(index, text);
  }
  /// Binds from the first parameter on.
  template <class... T>
  void bind_all(const T&... values) noexcept {
    int index = 0;
    (bind(++index, values), ...);
  }
  /// The index of a named parameter (`":stream"`); 0 when the statement has none of that name.
  [[nodiscard]] int parameter(const char* name) const noexcept { return sqlite3_bind_parameter_index(get(), name); }

  // ---- stepping ----
  /// SQLITE_ROW, SQLITE_DONE or an (extended) error code.
  [[nodiscard]] int step() noexcept { return bind_error_ != SQLITE_OK ? bind_error_ : sqlite3_step(get()); }
  /// Ready for the next use; values stay bound, but are never read again before they are bound anew.
  void reset() noexcept {
    sqlite3_reset(get());
    bind_error_ = SQLITE_OK;
  }

  // ---- columns of the current row, from 0; views live until the next step or reset ----
  [[nodiscard]] bool is_null(int column) const noexcept { return sqlite3_column_type(get(), column) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(get(), column); }
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(int column) const noexcept {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }
  /// The bytes of a text; empty for NULL. The column is looked up once: _column_blob and _column_bytes would each do
  /// so. What SQLite says against using such a value is that it takes no mutex; these connections are opened without
  /// one.
  [[nodiscard]] std::string_view text(int column) const noexcept {
    sqlite3_value* const value = sqlite3_column_value(get(), column);
    const void* const bytes = sqlite3_value_blob(value);  // spares the terminating NUL that _text makes
    return {static_cast<const char*>(bytes), bytes ? static_cast<std::size_t>(sqlite3_value_bytes(value)) : 0};
  }

 private:
  void note(int code) noexcept {
    if (code != SQLITE_OK) bind_error_ = code;
  }
  struct Finalize {
    void operator()(sqlite3_stmt* stmt) const noexcept { sqlite3_finalize(stmt); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> stmt_{};
  int bind_error_{SQLITE_OK};
};

/// Resets a statement at the end of its use, however that comes.
class Using {
 public:
  explicit Using(Statement& statement) noexcept : statement_(statement) {}
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;
  ~Using() { statement_.reset(); }
  Statement* operator->() const noexcept { return &statement_; }

 private:
  Statement& statement_;
};

/// How a connection may use its file.
enum class Access : std::uint8_t {
  read,    ///< SQLITE_OPEN_READONLY, and query_only
  write,   ///< reads and writes; the file must exist
  create,  ///< the same, and an absent file is made, with SQLite's own mode
};

/// Where a store is.
struct StoreFile {
  std::string path;
  std::string vfs{};  ///< by which SQLite reaches it; empty: the system's
};

/// How long a statement is to be kept: kept ones are prepared for many uses.
enum class Keep : bool { no, yes };

/// A connection to one file. Move-only; used from one thread at a time (it is opened without SQLite's own mutex).
class Connection {
 public:
  /// Opens with explicit flags (no URI, no symbolic link) and hardens: defensive, no extensions, no trusted schema, no
  /// double-quoted strings, checked cells. Touches nothing in the file, nor proves that it is a store.
  [[nodiscard]] static tl::expected<Connection, Failure> open(StoreFile file, Access access,
                                                              std::chrono::milliseconds busy_timeout);

  [[nodiscard]] sqlite3* get() const noexcept { return db_.get(); }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

  /// How long a statement waits for another connection's lock, blocking its thread.
  void set_busy_timeout(std::chrono::milliseconds longest);

  /// The failure that `code` stands for, in this connection's words. `doing` completes "while …".
  [[nodiscard]] Failure failure(int code, std::string_view doing, Blame blame = Blame::store) const {
    return failure_from(get(), code, file_, doing, blame);
  }

  /// Runs statements that take no values and whose rows nobody wants.
  [[nodiscard]] std::optional<Failure> execute(const char* sql, std::string_view doing) const;
  [[nodiscard]] tl::expected<Statement, Failure> prepare(std::string_view sql, Keep keep = Keep::yes,
                                                         Blame blame = Blame::store) const;

  /// Binds, runs to the end, resets.
  template <class... T>
  [[nodiscard]] std::optional<Failure> run(Statement& statement, std::string_view doing, const T&... values) const {
    const Using use(statement);
    use->bind_all(values...);
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW) code = use->step();
    return code == SQLITE_DONE ? std::nullopt : std::optional(failure(code, doing));
  }
  /// Binds, calls `take(statement)` for each row, resets.
  template <class Take, class... T>
  [[nodiscard]] std::optional<Failure> each(Statement& statement, std::string_view doing, Take take,
                                            const T&... values) const {
    const Using use(statement);
    use->bind_all(values...);
    for (;;) {
      const int code = use->step();
      if (code == SQLITE_DONE) return std::nullopt;
      if (code != SQLITE_ROW) return failure(code, doing);
      take(std::as_const(statement));
    }
  }
  /// The first column of the first row of a statement that is used once; NULL and no row give nothing.
  [[nodiscard]] tl::expected<std::optional<std::int64_t>, Failure> number(std::string_view sql,
                                                                          std::string_view doing) const;

  /// False once a transaction was committed or rolled back, also by a statement or an error that did so by itself.
  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(get()) == 0; }

 private:
  Connection(sqlite3* db, std::string file) noexcept : db_(db), file_(std::move(file)) {}
  struct Close {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  };
  std::unique_ptr<Patience> patience_{};  // outlives the connection, which asks it
  std::unique_ptr<sqlite3, Close> db_;
  std::string file_;
};

}  // namespace lantern::detail
