// Recordings in files: who may read them, and what becomes of those that are cut short or damaged.
#include <sys/stat.h>

#include <fstream>

#include "recorded.hpp"
#include "temporary_folder.hpp"

using namespace lantern;
using namespace lantern::recorded;

namespace {

std::string whole_recording() {
  ViewModel store = store_of({"a b", "a"});
  Choices choices = Choices::by_script({{About::fault, 2, 1}});
  return record(Chain{}, store, {}, choices);
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Failure refused(std::string_view text) {
  auto recording = read_recording(text, "test.rec");
  if (recording) throw std::runtime_error("it was read");
  return std::move(recording).error();
}

}  // namespace

TEST_CASE("a recording that was cut anywhere replays up to there") {
  const std::string whole = whole_recording();
  const Recording complete = read(whole);
  std::size_t head = 0;
  for (int line = 0; line < 4; ++line) head = whole.find('\n', head) + 1;
  for (std::size_t size = head; size < whole.size(); ++size) {
    const auto cut = read_recording(std::string_view(whole).substr(0, size), "test.rec");
    INFO("cut after " << size << " bytes");
    REQUIRE(cut);
    REQUIRE(cut->truncated == (whole[size - 1] != '\n'));
    REQUIRE_FALSE(cut->ended);
    Chain again;
    const auto replayed = replay(*cut, again);
    REQUIRE(replayed);
    REQUIRE_FALSE((replayed->end && !replayed->end->has_value()));
  }
  for (std::size_t size = 0; size < head; ++size) {
    INFO("cut after " << size << " bytes");
    REQUIRE(refused(std::string_view(whole).substr(0, size)).kind == FailureKind::not_a_store);
  }
  CHECK(complete.ended);
}

TEST_CASE("a byte that was changed is told with the file and the line") {
  const std::string whole = whole_recording();
  std::size_t line = 1;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = damaged[at] == 'x' ? 'y' : 'x';
    INFO("byte " << at << " of line " << line);
    const bool last_break = at + 1 == whole.size();
    if (last_break) {
      const auto cut = read_recording(damaged, "test.rec");
      REQUIRE(cut);
      REQUIRE(cut->truncated);
    } else {
      const Failure why = refused(damaged);
      REQUIRE(why.what.find("(test.rec, line " + std::to_string(line) + ")") != std::string::npos);
      REQUIRE((why.kind == FailureKind::corrupt || line == 1));
    }
    if (whole[at] == '\n') ++line;
  }
}

TEST_CASE("a line that is missing, doubled or in another place is told") {
  const std::string whole = whole_recording();
  std::vector<std::string> lines;
  std::istringstream in(whole);
  for (std::string line; std::getline(in, line);) lines.push_back(line + '\n');
  const auto joined = [](const std::vector<std::string>& all) {
    std::string text;
    for (const auto& one : all) text += one;
    return text;
  };
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    auto changed = lines;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    REQUIRE(refused(joined(changed)).what.find("line " + std::to_string(i + 1)) != std::string::npos);
    changed = lines;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    REQUIRE(refused(joined(changed)).what.find("line " + std::to_string(i + 2)) != std::string::npos);
    changed = lines;
    std::swap(changed[i], changed[i + 1]);
    REQUIRE(refused(joined(changed)).what.find("line " + std::to_string(i + 1)) != std::string::npos);
  }
  CHECK(refused(whole + whole).kind == FailureKind::corrupt);
}

TEST_CASE("a decision that no recorder wrote is told as another one, whatever it is") {
  const Recording recording = read(whole_recording());
  for (const std::string& text : {std::string("ask LoadCheckpoint {[}"), std::string("ask LoadCheckpoint {"),
                                  std::string("ask LoadCheckpoint {a"), std::string("ask LoadCheckpoint {a=}b="),
                                  std::string("ask LoadCheckpoint {a=\"b"), std::string("ask LoadCheckpoint "),
                                  std::string(), "ask LoadCheckpoint {a=" + std::string(1'000'000, '[')}) {
    Recording odd = recording;
    std::get<Recording::Decision>(odd.entries[0].what).text = text;
    Chain again;
    const auto replayed = replay(odd, again);
    REQUIRE_FALSE(replayed);
    CHECK(replayed.error().step == 1);
    CHECK_FALSE(replayed.error().message().empty());
  }
}

TEST_CASE("what is no recording is told so") {
  CHECK(refused("{\"type\":\"Deposited\"}\n").what == "this is no recording of a run (test.rec, line 1)");
  CHECK(refused("").what == "it ends before the run begins (test.rec, line 1)");
  const auto missing = read_recording(std::filesystem::path("/nonexistent/a.rec"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().what == "the recording cannot be read (/nonexistent/a.rec)");
}

TEST_CASE("a recording in a file is its owner's alone, and takes the place of nothing") {
  const TemporaryFolder folder;
  const auto path = folder / "run.rec";
  ViewModel store = store_of({"a b", "a"});
  {
    auto file = RecordingFile::create(path);
    REQUIRE(file);
    Chain chain;
    Choices choices = Choices::by_script({{About::fault, 2, 1}});
    Rough<ViewModel> rough{store, choices};
    ProjectionConfig config;
    drive_roughly(ProjectionPipeline(chain, config.record(**file)).start(Instant(std::chrono::hours(5))), rough);
    CHECK_FALSE((*file)->failure());
    CHECK(text_of(path) == whole_recording());  // before the file is closed
    struct ::stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  const auto again = RecordingFile::create(path);
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == FailureKind::invalid);
  CHECK(text_of(path) == whole_recording());
  const auto recording = read_recording(path);
  REQUIRE(recording);
  CHECK(recording->name == path.string());
  const auto nowhere = RecordingFile::create(folder / "no" / "such" / "folder");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().what.find("No such file or directory") != std::string::npos);
}

TEST_CASE("a recording that reaches its limit ends on a whole line, and the run goes on") {
  const TemporaryFolder folder;
  const std::string whole = whole_recording();
  for (const std::size_t limit : {std::size_t{1500}, whole.size() - 1, whole.size()}) {
    const auto path = folder / std::to_string(limit);
    auto file = RecordingFile::create(path, limit);
    REQUIRE(file);
    ViewModel store = store_of({"a b", "a"});
    Chain chain;
    Choices choices = Choices::by_script({{About::fault, 2, 1}});
    Rough<ViewModel> rough{store, choices};
    ProjectionConfig config;
    drive_roughly(ProjectionPipeline(chain, config.record(**file)).start(Instant(std::chrono::hours(5))), rough);
    CHECK(store.live().position == Position{2});
    CHECK((*file)->failure().has_value() == (limit < whole.size()));
    const std::string text = text_of(path);
    CHECK(text.size() <= limit);
    CHECK(whole.starts_with(text));
    CHECK(text.ends_with('\n'));
    const auto recording = read_recording(path);
    REQUIRE(recording);
    Chain again;
    CHECK(replay(*recording, again));
  }
}

TEST_CASE("a full disk ends the recording, and not the run") {
  const auto full = RecordingFile::create("/dev/full");
  REQUIRE_FALSE(full);  // it is there already
  struct Full final : RecordingWriter {
    std::size_t lines{};
    std::optional<Failure> put(std::string_view) override {
      if (++lines < 7) return std::nullopt;
      throw std::bad_alloc();
    }
  } recorder;
  ViewModel store = store_of({"a b", "a"});
  Chain chain;
  Choices choices = Choices::by_script({});
  Rough<ViewModel> rough{store, choices};
  ProjectionConfig config;
  drive_roughly(ProjectionPipeline(chain, config.record(recorder)).start({}), rough);
  CHECK(store.live().position == Position{2});
  CHECK(recorder.lines == 7);
  REQUIRE(recorder.failure());
  CHECK(recorder.failure()->what.starts_with("the recording ends here: "));
}
