// Events without an id are known by their lines: importing what was mended or has grown adds what is new, and no more.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "child.hpp"
#include "fnv.hpp"
#include "line_identity.hpp"

namespace {

std::string line(int n, const std::string& more = "") {
  return R"({"stream":"s","type":"t","data":{"n":)" + std::to_string(n) + "}" + more + "}";
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& each : lines) text += each + "\n";
  return text;
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

TEST_CASE("an identity is made of the line's number and bytes, ascends, and never changes") {
  // Known answers of FNV-1a, 64 bits, from its authors' test vectors.
  CHECK(lantern::cli::fnv1a("") == 0xcbf29ce484222325ULL);
  CHECK(lantern::cli::fnv1a("a") == 0xaf63dc4c8601ec8cULL);
  CHECK(lantern::cli::fnv1a("foobar") == 0x85944171f73967e8ULL);
  const auto id = [](std::uint64_t number, std::string_view line) {
    std::string made;
    lantern::cli::name_line(number, line, made);
    return made;
  };
  CHECK(id(258, "foobar") == "000000000258-85944171f73967e8");
  CHECK(id(259, "foobar") == "000000000259-85944171f73967e8");
  CHECK(id(258, "a") == "000000000258-af63dc4c8601ec8c");
  CHECK(id(999'999'999'999, "") == "999999999999-cbf29ce484222325");
  for (std::uint64_t number = 1; number < 1'000'000'000; number *= 7) {
    CHECK(id(number, line(1)) < id(number + 1, line(0)));
  }
}

TEST_CASE("any line may be mended in its place and others may follow, and no event is added once more") {
  Importer import;
  std::vector<std::string> lines;
  for (int n = 1; n <= 5; ++n) lines.push_back(line(n));
  const auto mended = static_cast<std::size_t>(GENERATE(0, 2, 4));
  std::vector<std::string> bad = lines;
  bad[mended] = "oops";
  CHECK(import(bad, {"--skip-bad", import.folder() / "bad"}) == "4");
  CHECK(import(lines) == "1");
  lines.push_back(line(6));
  CHECK(import(lines) == "1");
  CHECK(import(lines) == "0");
  // What the page warns of: a line that is added before the others moves them.
  lines.insert(lines.begin(), line(0));
  CHECK(import(lines) == "7");
}

TEST_CASE("what was put aside may be mended where it came from") {
  Importer import;
  const std::string good = line(2), mended = line(1), taken = line(3, R"(,"id":"x")");
  // The first line is bad by its id, which only the store can know.
  REQUIRE(import({line(0, R"(,"id":"x")")}) == "1");
  CHECK(import({taken, "oops", good}, {"--skip-bad", import.folder() / "bad"}) == "1");
  CHECK(read_file(import.folder() / "bad") == "oops\n" + taken + "\n");
  const std::string renamed = line(3, R"(,"id":"y")");
  CHECK(import({renamed, mended, good}) == "2");
  CHECK(import({renamed, mended, good}) == "0");
}

TEST_CASE("lines that are the same are as many events as there are lines") {
  Importer import;
  CHECK(import({line(1), line(1), line(2)}) == "3");
  CHECK(import({line(1), line(1), line(2), line(1)}) == "1");
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
