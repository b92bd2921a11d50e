// The demo's tables, compared with what git itself says, asked in another way: commit by commit, and unquoted.
#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>
#include <vector>

#include "process.hpp"

namespace fs = std::filesystem;

namespace {

using Row = std::vector<std::string>;
using Table = std::vector<Row>;  // sorted

// Nobody's own configuration of git decides about these tests.
const bool isolated = [] {
  setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
  setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
  for (const char* name : {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}) unsetenv(name);
  return true;
}();

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

// ---- what git says ----

struct Change {
  std::string path, from;
  long added{}, removed{};
};

class Git {
 public:
  explicit Git(fs::path repository) : repository_(std::move(repository)) {}

  std::string operator()(const std::string& arguments) const {
    const Ran ran = shell("git -C " + quoted(repository_) + " " + arguments);
    INFO(arguments << ": " << ran.output);
    REQUIRE(ran.code == 0);
    return ran.output;
  }

  std::vector<std::string> commits() const { return split((*this)("rev-list --reverse --topo-order HEAD"), '\n'); }

  /// With NUL between names, and none of them quoted.
  std::vector<Change> changes(const std::string& commit) const {
    std::vector<Change> found;
    const auto words = split((*this)("diff-tree --root -r -M -z --numstat --no-commit-id " + commit), '\0');
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto first = words[i].find('\t'), second = words[i].find('\t', first + 1);
      Change change;
      change.added = std::atol(words[i].substr(0, first).c_str());  // "-", of a binary file, is 0
      change.removed = std::atol(words[i].substr(first + 1, second - first - 1).c_str());
      change.path = words[i].substr(second + 1);
      if (change.path.empty()) {
        change.from = shown(words.at(++i));
        change.path = words.at(++i);
      }
      change.path = shown(change.path);
      found.push_back(change);
    }
    return found;
  }

 private:
  /// The names of the odd repository that are not UTF-8 keep the form in which git shows them.
  static std::string shown(const std::string& path) {
    static const std::map<std::string, std::string> not_utf8 = {
        {"not-utf8-\xff\xc3", R"("not-utf8-\377\303")"},
        {"overlong-\xc0\xaf", R"("overlong-\300\257")"},
        {"overlong-\xe0\x80\x80", R"("overlong-\340\200\200")"},
        {"surrogate-\xed\xa0\x80", R"("surrogate-\355\240\200")"},
        {"too-large-\xf4\x90\x80\x80", R"("too-large-\364\220\200\200")"},
    };
    const auto found = not_utf8.find(path);
    return found != not_utf8.end() ? found->second : path;
  }
  fs::path repository_;
};

Table sorted(Table table) {
  std::sort(table.begin(), table.end());
  return table;
}

Table churn_of(const Git& git) {
  std::map<std::string, std::tuple<long, long, long>> files;
  for (const auto& commit : git.commits()) {
    for (const Change& change : git.changes(commit)) {
      if (!change.from.empty() && files.count(change.from) > 0) {
        const auto [changes, added, removed] = files.at(change.from);
        files.erase(change.from);
        auto& [c, a, r] = files[change.path];
        c += changes, a += added, r += removed;
      }
      auto& [c, a, r] = files[change.path];
      c += 1, a += change.added, r += change.removed;
    }
  }
  Table table;
  for (const auto& [path, n] : files) {
    const auto& [changes, added, removed] = n;
    table.push_back({path, std::to_string(changes), std::to_string(added), std::to_string(removed)});
  }
  return sorted(table);
}

Table authors_of(const Git& git) {
  std::map<std::pair<std::string, std::string>, std::pair<int, int>> counted;
  for (const auto& line : split(git("log --format=%aI%x00%P%x00%an%x00"), '\n')) {
    const auto fields = split(line, '\0');
    std::string month = fields.at(0).substr(0, 7), author = fields.at(2);
    if (const auto at = author.find('\xf6'); at != author.npos) author.replace(at, 1, "\ufffd");
    auto& [commits, merges] = counted[{month, author}];
    ++commits;
    merges += fields.at(1).find(' ') != std::string::npos;
  }
  Table table;
  for (const auto& [who, n] : counted) {
    table.push_back({who.first, who.second, std::to_string(n.first), std::to_string(n.second)});
  }
  return sorted(table);
}

Table pairs_of(const Git& git) {
  std::map<std::pair<std::string, std::string>, int> counted;
  for (const auto& commit : git.commits()) {
    const auto changes = git.changes(commit);
    if (changes.size() > 20) continue;
    for (const auto& one : changes) {
      for (const auto& other : changes) {
        if (one.path < other.path) ++counted[{one.path, other.path}];
      }
    }
  }
  Table table;
  for (const auto& [pair, commits] : counted) table.push_back({pair.first, pair.second, std::to_string(commits)});
  return sorted(table);
}

// ---- what lantern made of it: its file, read by plain SQLite ----

Table rows(const fs::path& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  Table table;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      row.emplace_back(text ? text : "NULL");
    }
    table.push_back(row);
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return sorted(table);
}

struct Tables {
  Table churn, authors, pairs;
  friend bool operator==(const Tables&, const Tables&) = default;
};

Tables tables_of(const fs::path& file) {
  return {rows(file, "SELECT path, changes, added, removed FROM churn"),
          rows(file, "SELECT month, author, commits, merges FROM commits_by_author"),
          rows(file, "SELECT a, b, commits FROM changed_together")};
}

void check_against_git(const fs::path& file, const fs::path& repository) {
  const Git git(repository);
  const Tables made = tables_of(file);
  CHECK(made.churn == churn_of(git));
  CHECK(made.authors == authors_of(git));
  CHECK(made.pairs == pairs_of(git));
}

// ---- the demo ----

std::string demo(const fs::path& repository, const fs::path& into, const std::string& lantern = LANTERN_PROGRAM) {
  return "exec env LANTERN_DEMO_DIR=" + quoted(into) + " " + quoted(LANTERN_SOURCE_DIR "/examples/demo/run") + " " +
         quoted(repository) + " " + quoted(lantern);
}

std::string run_demo(const fs::path& repository, const fs::path& into) {
  const Ran ran = shell(demo(repository, into));
  INFO(ran.output);
  REQUIRE(ran.code == 0);
  return ran.output;
}

void make_odd_repository(const fs::path& where) {
  const Ran made = shell(quoted(LANTERN_SOURCE_DIR "/tests/examples/odd_repository.sh") + " " + quoted(where));
  INFO(made.output);
  REQUIRE(made.code == 0);
}

/// Commits of four files each, of a few authors, by way of `git fast-import`.
void make_big_repository(const fs::path& where, int commits) {
  std::ofstream stream(where.string() + ".fast-import", std::ios::binary);
  for (int i = 0; i < commits; ++i) {
    stream << "commit refs/heads/main\ncommitter Author " << i % 7 << " <a@example.org> " << 1'600'000'000 + i * 5000L
           << " +0200\ndata 8\nsubject\n\n";
    for (int file = 0; file < 4; ++file) {
      const std::string content = "line " + std::to_string(i) + "\n";
      stream << "M 100644 inline folder" << (i + file * 3) % 40 << "/file" << (i * 7 + file) % 9 << ".txt\ndata "
             << content.size() << '\n'
             << content << '\n';
    }
  }
  stream.close();
  const Ran made = shell("git init -q -b main " + quoted(where) + " && git -C " + quoted(where) +
                         " fast-import --quiet < " + quoted(where.string() + ".fast-import"));
  INFO(made.output);
  REQUIRE(made.code == 0);
}

/// What is the same for every repository: titles, and what the columns are called.
std::vector<std::string> skeleton(const std::string& printed) {
  std::vector<std::string> found;
  bool after_blank = false, names_columns = false;
  for (const std::string& line : split(printed, '\n')) {
    if (after_blank) found.push_back(line.substr(0, line.find("  ")));
    if (names_columns) {
      std::istringstream words(line);
      for (std::string word; words >> word;) found.push_back(word);
    }
    names_columns = after_blank &&
                    (line.rfind("The files", 0) == 0 || line.rfind("Who", 0) == 0 || line.rfind("Files that", 0) == 0);
    after_blank = line.empty();
  }
  return found;
}

/// What README says `./dev demo` prints.
std::string shown_in_readme() {
  std::ifstream in(LANTERN_SOURCE_DIR "/README.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto begin = text.find("```console\n$ ./dev demo\n");
  REQUIRE(begin != std::string::npos);
  const auto first = text.find('\n', text.find("$ ./dev demo", begin)) + 1;
  return text.substr(first, text.find("```", first) - first);
}

}  // namespace

TEST_CASE("demo: it prints what README shows, but for the repository's own names and numbers") {
  const TemporaryFolder folder;
  const fs::path repository = folder.path() / "repository";
  make_big_repository(repository, 10);
  CHECK(skeleton(shown_in_readme()) == skeleton(run_demo(repository, folder.path() / "out")));
}

TEST_CASE("demo: the read models say what git says, whatever names there are") {
  const TemporaryFolder folder;
  const fs::path repository = folder.path() / "odd's repository", out = folder.path() / "out";
  make_odd_repository(repository);

  const std::string printed = run_demo(repository, out);
  const fs::path store = out / "odd's repository.db";
  check_against_git(store, repository);
  CHECK(printed.find("67 events, 13 commits of odd's repository") != std::string::npos);

  SECTION("run again, it adds nothing") {
    const Tables before = tables_of(store);
    run_demo(repository, out);
    CHECK(tables_of(store) == before);
  }
  SECTION("run again after more commits, it adds those") {
    std::ofstream(repository / "one more") << "line\n";
    const Git git(repository);
    git("-c user.name=N -c user.email=e reset -q --hard");
    std::ofstream(repository / "one more") << "line\n";
    git("add 'one more'");
    git("-c user.name=Newcomer -c user.email=e commit -q -m more");
    run_demo(repository, out);
    check_against_git(store, repository);
  }
  SECTION("run again after the history was rewritten, it begins anew") {
    const Git git(repository);
    git("reset -q --hard HEAD~3");
    git("-c user.name=N -c user.email=e commit -q --amend -m rewritten");
    const std::string again = run_demo(repository, out);
    CHECK(again.find("The history was rewritten since the last time: starting anew.") != std::string::npos);
    check_against_git(store, repository);
  }
}

TEST_CASE("demo: two repositories of one name do not meet") {
  const TemporaryFolder folder;
  const fs::path one = folder.path() / "one" / "same", other = folder.path() / "other" / "same";
  const fs::path out = folder.path() / "out";
  fs::create_directories(one);
  fs::create_directories(other);
  make_odd_repository(one);
  make_big_repository(other, 3);
  run_demo(one, out);
  run_demo(other, out);
  check_against_git(out / "same.db", one);
  std::vector<fs::path> stores;
  for (const auto& entry : fs::directory_iterator(out)) {
    if (entry.path().extension() == ".db" && entry.path().filename() != "same.db") stores.push_back(entry.path());
  }
  REQUIRE(stores.size() == 1);
  check_against_git(stores.front(), other);
}

TEST_CASE("demo: stopped half-way with Ctrl-C and started again, it goes on exactly where it was") {
  const TemporaryFolder folder;
  const fs::path repository = folder.path() / "big";
  make_big_repository(repository, 4500);
  run_demo(repository, folder.path() / "undisturbed");
  const Tables expected = tables_of(folder.path() / "undisturbed" / "big.db");
  REQUIRE(rows(folder.path() / "undisturbed" / "big.db", "SELECT count(*) >= 20000 FROM lantern_events") ==
          Table{{"1"}});

  // The same program with a commit for each event, so that there is a half-way to be stopped at.
  const fs::path slow = folder.path() / "slow";
  std::ofstream(slow) << "#!/bin/sh\nverb=$1\nshift\n[ \"$verb\" != run ] || set -- --batch 1 \"$@\"\nexec "
                      << quoted(LANTERN_PROGRAM) << " \"$verb\" \"$@\"\n";
  fs::permissions(slow, fs::perms::owner_all);

  const fs::path out = folder.path() / "interrupted", store = out / "big.db";
  OnTerminal terminal(demo(repository, out, slow));
  REQUIRE(terminal.wait_for("3. the file -> read models"));
  REQUIRE(terminal.wait_for("events/s"));  // the progress bar knows a rate, so something is done
  terminal.interrupt();
  const Ran stopped = terminal.finish();
  INFO(stopped.output);
  CHECK(stopped.code == 130);
  CHECK(stopped.output.find("Stopped. What is committed is stored, and the same command goes on from there.") !=
        std::string::npos);
  CHECK(tables_of(store) != expected);
  CHECK(rows(store, "SELECT count(*) FROM lantern_projections WHERE position > 0") != Table{{"0"}});

  run_demo(repository, out);
  CHECK(tables_of(store) == expected);
}

TEST_CASE("demo: what it cannot work with is refused with a reason") {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "out", empty = folder.path() / "empty";
  REQUIRE(shell("git init -q " + quoted(empty)).code == 0);

  Ran ran = shell(demo(folder.path() / "nowhere", out));
  CHECK(ran.code == 2);
  CHECK(ran.output.find("nowhere is not a git repository that can be read: name the path of one") != std::string::npos);
  ran = shell(demo(empty, out));
  CHECK(ran.code == 2);
  CHECK(ran.output.find("has no commits yet: commit something, or name another repository") != std::string::npos);
  ran = shell(demo(empty, out, "/no/such/program"));
  CHECK(ran.code == 2);
  CHECK(ran.output.find("no program /no/such/program") != std::string::npos);
}

TEST_CASE("demo: renames are found whatever limit the repository's own configuration sets") {
  const TemporaryFolder folder;
  const fs::path repository = folder.path() / "moved", out = folder.path() / "out";
  REQUIRE(shell("git init -q " + quoted(repository)).code == 0);
  const Git git(repository);
  const auto commit = [&](const std::string& extension) {
    for (int file = 0; file < 3; ++file) {
      std::ofstream text(repository / (std::to_string(file) + extension));
      for (int line = 0; line < 50; ++line) text << "line " << line << " of file " << file << '\n';
      text << extension << '\n';  // not the same bytes as before: git has to compare files to know the rename
    }
    git("add --all");
    git("-c user.name=N -c user.email=e commit -q -m " + extension);
  };
  commit(".old");
  for (int file = 0; file < 3; ++file) fs::remove(repository / (std::to_string(file) + ".old"));
  commit(".new");
  git("config diff.renameLimit 1");
  git("config diff.renames false");
  // Git itself now finds none, so this is a limit that matters.
  CHECK(git("diff-tree -r -M --name-status --no-commit-id HEAD").find("\nR") == std::string::npos);
  run_demo(repository, out);
  CHECK(rows(out / "moved.db", "SELECT path, changes FROM churn") ==
        Table{{"0.new", "2"}, {"1.new", "2"}, {"2.new", "2"}});
}
