// The text of a projection's file: what it means, and what every mistake in it is answered with.
#include <algorithm>
#include <catch2/catch.hpp>

#include "lantern/sqlite/sql_projection.hpp"

using namespace lantern;

namespace {

SqlProjection good(std::string_view text) {
  auto parsed = SqlProjection::parse(text, "p.sql");
  if (!parsed) FAIL(parsed.error().message());
  return *std::move(parsed);
}

std::string message(std::string_view text) {
  const auto parsed = SqlProjection::parse(text, "p.sql");
  return parsed ? "(no error)" : parsed.error().message();
}

// Two lines of header, so that what follows begins in line 3.
constexpr std::string_view header = "-- projection: p\n-- version: 1\n";

std::string with_header(std::string_view body) { return std::string(header).append(body); }

using Types = std::vector<std::string>;

}  // namespace

TEST_CASE("a whole file is read: headers, setup, sections, and where each statement begins") {
  const SqlProjection p = good(R"(-- Churn by file, as it was asked for in spring.
-- projection: churn of "the" file's, 100%
-- version: 12
-- on error: quarantine

-- setup
CREATE TABLE churn (path TEXT PRIMARY KEY, n INTEGER); -- one row each
  CREATE TRIGGER t AFTER INSERT ON churn BEGIN
    UPDATE churn SET n = 1; DELETE FROM churn WHERE n = ';';
  END;

-- on FileChanged, "File moved, or copied", "says ""hi"""
INSERT INTO churn VALUES (:stream, 1)  -- not the end; of it
  ON CONFLICT DO UPDATE SET n = n + 1;
/* -- on Nothing */ UPDATE churn SET n = n;
-- on *
DELETE FROM churn WHERE path = 'a;b -- on x' ;
)");
  CHECK(p.name() == "churn of \"the\" file's, 100%");
  CHECK(p.version() == 12);
  CHECK(p.policy() == SqlPolicy::quarantine);
  CHECK(p.file() == "p.sql");
  REQUIRE(p.setup().size() == 2);
  CHECK(p.setup()[0] == SqlStatement{"CREATE TABLE churn (path TEXT PRIMARY KEY, n INTEGER)", 7, 1});
  CHECK(p.setup()[1].line == 8);
  CHECK(p.setup()[1].column == 3);
  CHECK(p.setup()[1].text.substr(p.setup()[1].text.size() - 3) == "END");
  REQUIRE(p.sections().size() == 2);
  CHECK(p.sections()[0].types == Types{"FileChanged", "File moved, or copied", "says \"hi\""});
  CHECK(p.sections()[0].line == 12);
  REQUIRE(p.sections()[0].statements.size() == 2);
  CHECK(p.sections()[0].statements[0].line == 13);
  CHECK(p.sections()[0].statements[1] == SqlStatement{"UPDATE churn SET n = n", 15, 21});
  CHECK(p.sections()[1].types.empty());
  CHECK(p.sections()[1].statements[0].text == "DELETE FROM churn WHERE path = 'a;b -- on x'");
}

TEST_CASE("the events to read are those that the sections name, or all") {
  const std::string some = with_header("-- on B, A\nDELETE FROM t;\n-- on \"C d\", A\nDELETE FROM t;\n");
  CHECK(good(some).filter() == EventFilter{.types = {"A", "B", "C d"}});
  CHECK(good(some + "-- on *\nDELETE FROM t;\n").filter() == EventFilter{});
  CHECK(good(with_header("-- on \"*\"\nDELETE FROM t;")).filter() == EventFilter{.types = {"*"}});
}

TEST_CASE("event types are taken as they are written") {
  const auto types = [](const std::string& list) {
    return good(with_header("-- on " + list + "\nDELETE FROM t;")).sections()[0].types;
  };
  CHECK(types("com.acme/Order-Placed:v1,x#2") == Types{"com.acme/Order-Placed:v1", "x#2"});
  CHECK(types("  \"  two  blanks \"  ,  Überweisung  ") == Types{"  two  blanks ", "Überweisung"});
  CHECK(types("\"it's\",\"a;b\",\"-- on x\"") == Types{"it's", "a;b", "-- on x"});
  CHECK(types("error") == Types{"error"});
}

TEST_CASE("the policy says what becomes of an event that fails") {
  struct Row {
    const char* value;
    SqlPolicy policy;
    FailureStrategy strategy;
    Escalation escalation;
  };
  const Row rows[] = {{"fatal", SqlPolicy::fatal, FailureStrategy::Fatal, Escalation::stop},
                      {"skip", SqlPolicy::skip, FailureStrategy::Skip, Escalation::stop},
                      {"retry", SqlPolicy::retry, FailureStrategy::Retry, Escalation::stop},
                      {"Quarantine", SqlPolicy::quarantine, FailureStrategy::Retry, Escalation::quarantine}};
  const Failure why(FailureKind::rejected, "no");
  const RecordedEvent event;
  for (const Row& row : rows) {
    const SqlProjection p = good(with_header(std::string("-- on error: ") + row.value + "\n-- on A\nDELETE FROM t;"));
    INFO(row.value);
    CHECK(p.policy() == row.policy);
    CHECK(p.on_error({why, event, Position{1}, 0}) == row.strategy);
    CHECK(p.configured(ProjectionConfig()).event_retry.when_exhausted == row.escalation);
  }
  CHECK(good(with_header("-- on *\nDELETE FROM t;")).policy() == SqlPolicy::fatal);
}

TEST_CASE("line ends, a byte order mark, blanks and the case of headings change nothing") {
  const SqlProjection one = good(with_header("-- setup\nCREATE TABLE t(a);\n-- on A\nDELETE\nFROM t;\n"));
  const SqlProjection other = good(
      "\xEF\xBB\xBF--Projection:p \r\n  --\tVERSION : 1\r\n--Setup\r\nCREATE TABLE t(a);\r\n--ON   A\r\nDELETE\r\nFROM "
      "t;");
  CHECK(other.name() == one.name());
  CHECK(other.setup() == one.setup());
  CHECK(other.sections() == one.sections());
  CHECK(other.fingerprint() == one.fingerprint());
}

TEST_CASE("prose in comments is left alone") {
  const char* prose[] = {"-- Counts things: many of them",
                         "-- https://example.org/a: b",
                         "-- on-call, only",
                         "-- ",
                         "/* -- version: 3 */",
                         "-- - on A",
                         "-- versions differ",
                         "--- setup",
                         "-- onward"};
  for (const char* line : prose) {
    INFO(line);
    const std::string text =
        std::string(line) + "\n" + with_header("-- on A\n") + line + "\nDELETE -- on Z\n" + "FROM t;" + line + "\n";
    CHECK(good(text).sections().size() == 1);
  }
}

TEST_CASE("the fingerprint follows the meaning of the file") {
  const std::string text = with_header("-- setup\nCREATE TABLE t(a, b);\n-- on A\nDELETE FROM t WHERE a = 'x y';\n");
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string other = text;
    const std::size_t at = other.find(from);
    REQUIRE(at != other.npos);
    other.replace(at, from.size(), to);
    return good(other).fingerprint() != good(text).fingerprint();
  };
  CHECK(good(text).fingerprint().size() == 32);
  CHECK_FALSE(changed("version: 1", "version: 2"));
  CHECK_FALSE(changed("-- setup", "-- why this\n\n-- setup"));
  CHECK_FALSE(changed("DELETE FROM", "DELETE /* all */\n   FROM -- x\n"));
  CHECK(changed("(a, b)", "(a, c)"));
  CHECK(changed("'x y'", "'x  y'"));
  CHECK(changed("-- on A", "-- on B"));
  CHECK(changed("-- on A", "-- on *"));
  CHECK(changed("-- on A", "-- on A, B"));
  CHECK(changed("-- setup", "-- on error: skip\n-- setup"));
  CHECK(changed("= 'x y';", "= 'x y'; DELETE FROM t;"));
  CHECK(changed("-- on A", "-- on C\nDELETE FROM t;\n-- on A"));
}

TEST_CASE("every mistake in a file is answered with its place, what was found, and what is allowed") {
  const std::string types_allowed =
      "write `-- on EventType`, `-- on \"an event type\", \"another, with a comma\"` or `-- on *`";
  const std::string headers =
      "allowed are `-- projection: NAME`, `-- version: N` and `-- on error: fatal|skip|retry|quarantine`";
  const std::string parameters = "allowed are :stream, :type, :data, :position, :id, :ts, :meta and :version";
  const std::string in_section = "allowed here are INSERT, REPLACE, UPDATE, DELETE and WITH";
  const std::string in_setup =
      "allowed here are CREATE TABLE, CREATE INDEX, CREATE VIEW, CREATE TRIGGER, INSERT, "
      "REPLACE, UPDATE, DELETE and WITH";
  const std::string lonely = "the statements run inside of the commit's transaction, which lantern alone ends; ";
  const std::string only = "a projection's file only describes tables and how events change them; ";
  const std::string made = "tables are made in the -- setup section, and dropped when the version rises; ";
  const std::string same = "the same events must give the same tables again; use :ts, the event's own time";
  const std::string values = "the same events must give the same tables again; use values of the event";
  struct Row {
    std::string text, expected;
  };
  const std::string on = "-- on A\n";  // line 3; what follows it is in line 4
  const std::vector<Row> rows = {
      // headers
      {"", "p.sql:1: there is no `-- projection: NAME` header: write it before all sections"},
      {"-- version: 1\n-- on A\nDELETE FROM t;",
       "p.sql:1: there is no `-- projection: NAME` header: write it before all sections"},
      {"-- projection: p\n-- on A\nDELETE FROM t;",
       "p.sql:1: there is no `-- version: N` header: write it before all sections"},
      {"-- projection:\n", "p.sql:1:1: a projection's name must not be empty: write `-- projection: NAME`"},
      {"-- projection: p\n-- projection: q\n",
       "p.sql:2:1: a second `-- projection:` header: the first is in line 1; keep one of them"},
      {with_header("-- version: 2\n"),
       "p.sql:3:1: a second `-- version:` header: the first is in line 2; keep one of them"},
      {with_header("-- on error: skip\n\n-- on error: skip\n"),
       "p.sql:5:1: a second `-- on error:` header: the first is in line 3; keep one of them"},
      {"-- version: 0\n", "p.sql:1:13: `0` is not a version: allowed is a whole number from 1 up"},
      {"-- version: -1\n", "p.sql:1:13: `-1` is not a version: allowed is a whole number from 1 up"},
      {"-- version: 1.5\n", "p.sql:1:13: `1.5` is not a version: allowed is a whole number from 1 up"},
      {"-- version: 9223372036854775808\n",
       "p.sql:1:13: `9223372036854775808` is not a version: allowed is a whole number from 1 up"},
      {"-- version:\n", "p.sql:1:1: `` is not a version: allowed is a whole number from 1 up"},
      {"-- on error: explode\n", "p.sql:1:14: unknown policy `explode`: allowed are fatal, skip, retry and quarantine"},
      {"-- on error:\n", "p.sql:1:1: unknown policy ``: allowed are fatal, skip, retry and quarantine"},
      {"-- colour: red\n", "p.sql:1:1: unknown header `-- colour:`: " + headers +
                               "; a comment here must not begin with a word and a colon"},
      {with_header("-- on A\nDELETE FROM t;\n-- on error: skip\n"),
       "p.sql:5:1: the header `-- on error:` comes too late: headers stand before all sections"},
      {with_header("-- setup\n-- version: 2\n"),
       "p.sql:4:1: the header `-- version:` comes too late: headers stand before all sections"},
      // sections
      {std::string(header),
       "p.sql:1: there is no section for any event: write at least one `-- on EventType` or `-- on *`"},
      {with_header("-- setup\nCREATE TABLE t(a);\n"),
       "p.sql:1: there is no section for any event: write at least one `-- on EventType` or `-- on *`"},
      {with_header("DELETE FROM t;"),
       "p.sql:3:1: a statement before any section: begin a section with `-- setup`, `-- on EventType` or `-- on *`"},
      {with_header("-- on A\n-- on B\nDELETE FROM t;"),
       "p.sql:3:1: this section has no statement: write one, or leave the section out"},
      {with_header("-- on A\nDELETE FROM t;\n-- on B\n ; ;\n"),
       "p.sql:5:1: this section has no statement: write one, or leave the section out"},
      {with_header("-- setup\n-- on B\nDELETE FROM t;"),
       "p.sql:3:1: this section has no statement: write one, or leave the section out"},
      {with_header("-- setup\nCREATE TABLE t(a);\n-- on A\nDELETE FROM t;\n-- setup\n"),
       "p.sql:7:1: a second -- setup section: the first is in line 3; put all into one"},
      {with_header("-- setup of tables\n"),
       "p.sql:3:10: `of tables` follows `-- setup`: the heading stands alone in its line; if this is only a comment, "
       "begin it with another word"},
      {with_header("-- on\nDELETE FROM t;"), "p.sql:3:1: the section names no event type: " + types_allowed},
      {with_header("-- on A, B, A\nDELETE FROM t;"),
       "p.sql:3:13: the event type \"A\" twice in one list: name it once"},
      {with_header("-- on Ä, \"Ä\"\nDELETE FROM t;"),
       "p.sql:3:10: the event type \"Ä\" twice in one list: name it once"},
      {with_header("-- on A,\nDELETE FROM t;"),
       "p.sql:3:9: an event type is missing after the comma: " + types_allowed},
      {with_header("-- on ,A\nDELETE FROM t;"), "p.sql:3:7: `,` is no event type: " + types_allowed},
      {with_header("-- on 'A b'\nDELETE FROM t;"), "p.sql:3:7: `'` is no event type: " + types_allowed},
      {with_header("-- on \"\"\nDELETE FROM t;"), "p.sql:3:7: a type's name must not be empty: " + types_allowed},
      {with_header("-- on \"A\nDELETE FROM t;"), "p.sql:3:7: this event type is not closed: close it with \""},
      {with_header("-- on *, A\nDELETE FROM t;"),
       "p.sql:3:7: `*` among event types: `-- on *` stands for every event, alone"},
      {with_header("-- on A, *\nDELETE FROM t;"),
       "p.sql:3:10: `*` among event types: `-- on *` stands for every event, alone"},
      {with_header("-- on the next day\nDELETE FROM t;"),
       "p.sql:3:11: `next day` follows an event type without a comma: put an event type with spaces or punctuation "
       "into double quotes; if this is only a comment, begin it with another word than `on`"},
      {with_header("-- on A;\nDELETE FROM t;"),
       "p.sql:3:8: `;` follows an event type without a comma: put an event type with spaces or punctuation into double "
       "quotes; if this is only a comment, begin it with another word than `on`"},
      // texts
      {with_header(on + "DELETE FROM t WHERE a = 'x;\n"),
       "p.sql:4:25: this text is not closed: close it with '; inside of it, write the mark twice"},
      {with_header(on + "DELETE FROM \"t;\n"),
       "p.sql:4:13: this name is not closed: close it with \"; inside of it, write the mark twice"},
      {with_header(on + "DELETE FROM [t;\n"), "p.sql:4:13: this name is not closed: close it with ]"},
      {with_header(on + "/* DELETE FROM t;\n"), "p.sql:4:1: this comment is not closed: close it with */"},
      {with_header(on + "DELETE FROM t"), "p.sql:4:1: this statement is not ended: end it with `;`"},
      {with_header(on + "DELETE FROM t\n\n-- on B\nDELETE FROM t;"),
       "p.sql:6:1: a section begins here, but the statement of line 4 is not ended: end it with `;`, or, if this is "
       "only a comment, begin it with another word"},
      {with_header("-- setup\nCREATE TRIGGER a AFTER INSERT ON t BEGIN DELETE FROM t;\n"),
       "p.sql:4:1: this statement is not ended: end it with `;`"},
      {with_header(on + std::string("DELETE\0FROM t;", 14)),
       "p.sql:4:7: there is a NUL in the file: a projection's file is plain text"},
      {with_header(on + "DELETE FROM t WHERE a = '\xFF';"), "p.sql:4: this line is not UTF-8: save the file in UTF-8"},
      // parameters
      {with_header(on + "DELETE FROM t WHERE ä = 1 AND a = :Data;"),
       "p.sql:4:35: unknown parameter :Data: " + parameters},
      {with_header(on + "DELETE FROM t WHERE a =\n ?;"), "p.sql:5:2: unknown parameter ?: " + parameters},
      {with_header(on + "DELETE FROM t WHERE a = ?1;"), "p.sql:4:25: unknown parameter ?1: " + parameters},
      {with_header(on + "DELETE FROM t WHERE a = @data;"), "p.sql:4:25: unknown parameter @data: " + parameters},
      {with_header(on + "DELETE FROM t WHERE a = $data;"), "p.sql:4:25: unknown parameter $data: " + parameters},
      {with_header("-- setup\nINSERT INTO t VALUES (:ts);"),
       "p.sql:4:23: the parameter :ts has no value during setup: parameters belong into the -- on sections"},
      // statements that have no business here
      {with_header(on + "BEGIN;"), "p.sql:4:1: a statement may not begin with `BEGIN`: " + lonely + in_section},
      {with_header(on + "DELETE FROM t; commit;"),
       "p.sql:4:16: a statement may not begin with `commit`: " + lonely + in_section},
      {with_header(on + "END;"), "p.sql:4:1: a statement may not begin with `END`: " + lonely + in_section},
      {with_header(on + "ROLLBACK;"), "p.sql:4:1: a statement may not begin with `ROLLBACK`: " + lonely + in_section},
      {with_header(on + "SAVEPOINT a;"),
       "p.sql:4:1: a statement may not begin with `SAVEPOINT`: " + lonely + in_section},
      {with_header(on + "RELEASE a;"), "p.sql:4:1: a statement may not begin with `RELEASE`: " + lonely + in_section},
      {with_header(on + "ATTACH 'x' AS y;"),
       "p.sql:4:1: a statement may not begin with `ATTACH`: " + only + in_section},
      {with_header(on + "DETACH y;"), "p.sql:4:1: a statement may not begin with `DETACH`: " + only + in_section},
      {with_header("-- setup\nPRAGMA synchronous = OFF;"),
       "p.sql:4:1: a statement may not begin with `PRAGMA`: " + only + in_setup},
      {with_header(on + "VACUUM;"), "p.sql:4:1: a statement may not begin with `VACUUM`: " + only + in_section},
      {with_header(on + "ANALYZE;"), "p.sql:4:1: a statement may not begin with `ANALYZE`: " + only + in_section},
      {with_header(on + "REINDEX;"), "p.sql:4:1: a statement may not begin with `REINDEX`: " + only + in_section},
      {with_header(on + "EXPLAIN DELETE FROM t;"),
       "p.sql:4:1: a statement may not begin with `EXPLAIN`: " + only + in_section},
      {with_header(on + "CREATE TABLE t(a);"),
       "p.sql:4:1: a statement may not begin with `CREATE`: " + made + in_section},
      {with_header("-- setup\nDROP TABLE t;"), "p.sql:4:1: a statement may not begin with `DROP`: " + made + in_setup},
      {with_header("-- setup\nALTER TABLE t ADD b;"),
       "p.sql:4:1: a statement may not begin with `ALTER`: " + made + in_setup},
      {with_header(on + "SELECT 1;"),
       "p.sql:4:1: a statement may not begin with `SELECT`: nobody would read its rows; " + in_section},
      {with_header(on + "(1);"), "p.sql:4:1: a statement may not begin with `(`: " + in_section},
      {with_header("-- setup\nCREATE TEMP TABLE t(a);"),
       "p.sql:4:8: a temporary table, view or trigger would not outlive the connection: leave out TEMP"},
      {with_header("-- setup\nCREATE VIRTUAL TABLE t USING fts5(a);"),
       "p.sql:4:8: virtual tables are not allowed in a projection: use a plain table"},
      {with_header(on + "INSERT OR ROLLBACK INTO t VALUES (1);"),
       "p.sql:4:11: ROLLBACK would end the transaction of the commit: use ABORT (the default): lantern takes back what "
       "the event did, and the policy decides"},
      {with_header("-- setup\nCREATE TABLE t(a UNIQUE ON CONFLICT ROLLBACK);"),
       "p.sql:4:37: ROLLBACK would end the transaction of the commit: use ABORT (the default): lantern takes back what "
       "the event did, and the policy decides"},
      // values that a rebuild would not find again
      {with_header(on + "INSERT INTO t VALUES (random());"),
       "p.sql:4:23: the result of random() differs from one run to the next: " + values},
      {with_header(on + "INSERT INTO t VALUES (\"RandomBlob\" (8));"),
       "p.sql:4:23: the result of randomblob() differs from one run to the next: " + values},
      {with_header(on + "INSERT INTO t VALUES (last_insert_rowid());"),
       "p.sql:4:23: the result of last_insert_rowid() differs from one run to the next: " + values},
      {with_header("-- setup\nCREATE TABLE t(a DEFAULT CURRENT_TIMESTAMP);"),
       "p.sql:4:26: CURRENT_TIMESTAMP asks for the current time: " + same},
      {with_header(on + "INSERT INTO t VALUES (datetime('Now', '-1 day'));"),
       "p.sql:4:32: datetime('now') asks for the current time: " + same},
      {with_header(on + "INSERT INTO t VALUES (strftime('%Y', 'now'));"),
       "p.sql:4:38: strftime('now') asks for the current time: " + same},
      {with_header(on + "INSERT INTO t VALUES (strftime('%Y'));"),
       "p.sql:4:23: strftime without a time asks for the current one: " + same},
      {with_header(on + "INSERT INTO t VALUES (julianday());"),
       "p.sql:4:23: julianday without a time asks for the current one: " + same},
      {with_header(on + "INSERT INTO t VALUES (date(:ts, 'localtime'));"),
       "p.sql:4:33: 'localtime' depends on the time zone of the machine: the same events must give the same tables "
       "everywhere; keep to UTC"},
      {with_header(on + "INSERT INTO t VALUES (datetime(('now')));"),
       "p.sql:4:33: datetime('now') asks for the current time: " + same},
      {with_header(on + "INSERT INTO t VALUES (strftime('%s', ('NOW')));"),
       "p.sql:4:39: strftime('now') asks for the current time: " + same},
      {with_header(on + "INSERT INTO t VALUES (datetime(iif(1,'now','')));"),
       "p.sql:4:38: datetime('now') asks for the current time: " + same},
      {with_header(on + "INSERT INTO t VALUES (date(:ts, ((('localtime')))));"),
       "p.sql:4:36: 'localtime' depends on the time zone of the machine: the same events must give the same tables "
       "everywhere; keep to UTC"},
      {with_header(on + "INSERT INTO t VALUES (date(:ts, iif(1, 'Utc', '')));"),
       "p.sql:4:40: 'utc' depends on the time zone of the machine: the same events must give the same tables "
       "everywhere; keep to UTC"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(message(row.text) == row.expected);
  }
}

TEST_CASE("words that only look like trouble are allowed") {
  const char* statements[] = {
      "INSERT INTO t VALUES ('now', 'rollback', 'random()', \"rollback\")",
      "UPDATE t SET a = 'now' WHERE b = json_extract(:data, '$.now')",
      "INSERT INTO t VALUES (date(:ts), strftime('%Y', coalesce(:ts, 'now there')), datetime(:ts, '+1 day'))",
      "INSERT INTO date(a) VALUES (datetime(json_extract(:data, '$.a')))",
      "UPDATE t SET random = changes, a = :stream || :type || :data || :position || :id || :ts || :meta || :version",
      "WITH x(a) AS (SELECT 1) INSERT INTO t SELECT a FROM x",
      "REPLACE INTO t VALUES (1)",
  };
  for (const char* statement : statements) {
    INFO(statement);
    CHECK(message(with_header("-- on A\n" + std::string(statement) + ";")) == "(no error)");
  }
}

TEST_CASE("whatever is cut out of a file, it is read or answered with a place inside of it") {
  const std::string text =
      "-- projection: p\r\n-- version: 3\n-- on error: skip\n/* a */ -- setup\n-- setup\n"
      "CREATE TABLE \"t\"\"t\" (a, [b], `c`);\nCREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT ';'; END;\n"
      "-- on A, \"B c\", \"d\"\"e\"\nINSERT INTO t VALUES (:data, 'it''s', date(:ts), x'00', 1.5e3);\n"
      "-- on *\nUPDATE t SET a = strftime('%Y', :ts) WHERE (b = :position);\n";
  REQUIRE(good(text).sections().size() == 2);
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  std::size_t refused = 0;
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (const std::size_t length : {std::size_t{1}, std::size_t{2}, std::size_t{17}, text.size()}) {
      std::string cut = text;
      cut.erase(begin, length);
      const auto parsed = SqlProjection::parse(cut, "p.sql");
      if (parsed) continue;
      ++refused;
      INFO(cut << "\n" << parsed.error());
      CHECK(parsed.error().line >= 1);
      CHECK(parsed.error().line <= lines);
      CHECK_FALSE(parsed.error().what.empty());
      CHECK_FALSE(parsed.error().advice.empty());
    }
  }
  CHECK(refused > text.size());
}

TEST_CASE("an error says the same as a failure that is not worth a retry") {
  const SqlProjectionError error{"a.sql", 3, 7, "what", "advice"};
  CHECK(error.as_failure() == Failure(FailureKind::invalid, "a.sql:3:7: what", "advice"));
  CHECK(to_string(error.as_failure()) == error.message());
  CHECK_FALSE(is_transient(error.as_failure().kind));
}
