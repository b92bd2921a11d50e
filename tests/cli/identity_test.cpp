// Events without an id are known by their lines: importing what was mended, moved or cut adds what is new, and no more.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "child.hpp"
#include "fnv.hpp"
#include "line_identity.hpp"

namespace {

using lantern::cli::LineIdentity;

std::string line(int n, const std::string& more = "") {
  return R"({"stream":"s","type":"t","data":{"n":)" + std::to_string(n) + "}" + more + "}";
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& each : lines) text += each + "\n";
  return text;
}

std::vector<std::string> ids(LineIdentity identity, const std::vector<std::string>& lines) {
  std::vector<std::string> all(lines.size());
  for (std::size_t at = 0; at < lines.size(); ++at) identity.name(at + 1, lines[at], "", all[at]);
  return all;
}

// Many lines, most of which come more than once.
std::vector<std::string> repetitive(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < size; ++at) lines.push_back(line(static_cast<int>(random() % (size / 3))));
  return lines;
}

// How many events an import adds.
class Importer {
 public:
  std::string operator()(const std::vector<std::string>& lines, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"import", "--store", folder_ / "s.db"};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = lantern_run(words, {.input = text_of(lines)});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    return ended.out.substr(0, ended.out.find(' '));
  }
  [[nodiscard]] const TempFolder& folder() const { return folder_; }

 private:
  TempFolder folder_;
};

}  // namespace

TEST_CASE("an identity is made of the event's time and the line's bytes, and never changes") {
  // Known answers of FNV-1a, 64 bits, from its authors' test vectors.
  CHECK(lantern::cli::fnv1a("") == 0xcbf29ce484222325ULL);
  CHECK(lantern::cli::fnv1a("a") == 0xaf63dc4c8601ec8cULL);
  CHECK(lantern::cli::fnv1a("foobar") == 0x85944171f73967e8ULL);
  LineIdentity identity;
  std::string id;
  identity.name(258, "foobar", "", id);
  CHECK(id == "85944171f73967e8833e66be0d3b45f6");
  identity.name(259, "foobar", "2024-05-01T10:00:00.25+02:00", id);
  CHECK(id == "2024-05-01T10:00:00-85944171f73967e8833e66be0d3b45f6-2");
}

TEST_CASE("the n-th line of some bytes has the same identity in every input, whatever lies between") {
  const auto lines = repetitive(3000, GENERATE(1u, 2u, 3u));
  // The oracle: counting all of them.
  std::map<std::string, int> times;
  std::map<std::string, std::string> first;
  const auto named = ids(LineIdentity(), lines);
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const int n = ++times[lines[at]];
    if (n == 1) first[lines[at]] = named[at];
    CHECK(named[at] == first[lines[at]] + (n == 1 ? "" : "-" + std::to_string(n)));
  }
  CHECK(std::set(named.begin(), named.end()).size() == lines.size());
  // Moved about, they are the same events.
  auto shuffled = lines;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(7));
  const auto again = ids(LineIdentity(), shuffled);
  CHECK(std::set(again.begin(), again.end()) == std::set(named.begin(), named.end()));
}

TEST_CASE("where there are too many lines to count, no two have one identity, and the same input gives the same") {
  const auto lines = repetitive(3000, 4);
  const auto small = [] { return LineIdentity(8, 20); };
  const auto named = ids(small(), lines);
  CHECK(std::count_if(named.begin(), named.end(), [](const auto& id) { return id.find("-line-") != id.npos; }) > 1000);
  CHECK(std::set(named.begin(), named.end()).size() == lines.size());
  CHECK(ids(small(), lines) == named);
  // An input that has grown.
  auto grown = lines;
  grown.push_back(line(-1));
  auto more = ids(small(), grown);
  more.pop_back();
  CHECK(more == named);
}

TEST_CASE("a first line that is mended, added or removed adds no other event once more") {
  Importer import;
  std::vector<std::string> lines;
  for (int n = 1; n <= 5; ++n) lines.push_back(line(n));
  std::vector<std::string> bad_first = lines;
  bad_first.front() = "oops";
  CHECK(import(bad_first, {"--skip-bad", import.folder() / "bad"}) == "4");
  CHECK(import(lines) == "1");
  CHECK(import({lines.begin() + 1, lines.end()}) == "0");
  lines.insert(lines.begin(), line(0));
  CHECK(import(lines) == "1");
  std::reverse(lines.begin(), lines.end());
  CHECK(import(lines) == "0");
}

TEST_CASE("what was put aside may be mended where it was put, or where it came from, or both") {
  Importer import;
  const std::string good = line(2), mended = line(1), taken = line(3, R"(,"id":"x")");
  // The first line is bad by its id, which only the store can know.
  REQUIRE(import({line(0, R"(,"id":"x")")}) == "1");
  CHECK(import({taken, "oops", good}, {"--skip-bad", import.folder() / "bad"}) == "1");
  CHECK(read_file(import.folder() / "bad") == "oops\n" + taken + "\n");
  const std::string renamed = line(3, R"(,"id":"y")");
  CHECK(import({renamed, mended}) == "2");
  CHECK(import({renamed, mended, good}) == "0");
}

TEST_CASE("lines that are the same are as many events as there are in the file that has most of them") {
  Importer import;
  CHECK(import({line(1), line(1), line(2)}) == "3");
  CHECK(import({line(2), line(1)}) == "0");
  CHECK(import({line(1), line(2), line(1), line(1)}) == "1");
  // A time tells them apart.
  CHECK(import({line(1, R"(,"ts":"2024-05-01T10:00:00Z")"), line(1, R"(,"ts":"2024-05-01T10:00:01Z")")}) == "2");
}

// The store cannot be opened while the test holds its locks, and it is opened between the two readings.
TEST_CASE("a line that was good when it was checked and is not when it is imported stops the import, and is told") {
  const TempFolder folder;
  const std::string file = folder / "log.ndjson", store = folder / "s.db";
  REQUIRE(lantern_run({"import", "--store", store}, {.input = line(0) + "\n"}).code == 0);
  const std::string good = text_of({line(1), line(2), line(3)});
  write_file(file, good);

  const int locked = ::open(store.c_str(), O_RDWR | O_CLOEXEC);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  REQUIRE(::fcntl(locked, F_SETLK, &whole) == 0);
  Child child(lantern_words({"import", "--store", store, file}));
  const auto has_read_it = [&] {
    const std::string process = "/proc/" + std::to_string(child.pid());
    std::error_code ignored;
    for (const auto& each : std::filesystem::directory_iterator(process + "/fd", ignored)) {
      if (std::filesystem::read_symlink(each.path(), ignored) != file) continue;
      std::string word;
      std::size_t position = 0;
      std::ifstream(process + "/fdinfo/" + each.path().filename().string()) >> word >> position;
      return position == good.size();
    }
    return false;
  };
  while (!has_read_it()) REQUIRE_FALSE(child.ends_within(std::chrono::milliseconds(1)));
  std::string changed = good;
  changed[line(1).size() + 1] = '#';
  write_file(file, changed);
  ::close(locked);
  const Ended ended = child.wait();
  CHECK(ended.code == 2);
  CHECK(ended.out == "");
  CHECK(ended.err.find(file + ":2:1: ") == 0);
  CHECK(ended.err.find("lantern: " + file +
                       ": line 2 was good when it was checked, and is not now: import again, from a file that nobody "
                       "writes over\n") != ended.err.npos);
  CHECK(lantern_run({"query", "--store", store, "--csv", "SELECT count(*) FROM lantern_events"}).out ==
        "count(*)\r\n1\r\n");
}
