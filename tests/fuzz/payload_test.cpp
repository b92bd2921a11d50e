// Payloads that are made to do harm: each way into lantern gives the same verdict on each of them, on a small stack, in
// memory that is bounded by the payload.
#include <pthread.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <functional>

#include "lantern/json_codec.hpp"
#include "lantern/memory/memory_store.hpp"
#include "lantern/pipeline.hpp"
#include "lantern/sqlite/sqlite_store.hpp"
#include "ndjson_line.hpp"
#include "temporary_folder.hpp"

using namespace lantern;

namespace {

struct Bomb {
  std::string name;
  std::string bytes;
  bool is_json;  ///< of at most 64 levels
};

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  out.reserve(count * text.size());
  for (; count > 0; --count) out += text;
  return out;
}
std::string nested(std::size_t depth) { return times(depth, "[") + times(depth, "]"); }
std::string nested_objects(std::size_t depth) { return times(depth, R"({"":)") + "0" + times(depth, "}"); }

std::vector<Bomb> bombs() {
  using namespace std::string_literals;
  std::vector<Bomb> all = {
      {"nothing", "", false},
      {"spaces only", " \n\t ", false},
      {"a NUL", "\0"s, false},
      {"a NUL in a text", "\"a\0b\""s, false},
      {"a NUL after the value", "1\0"s, false},
      {"an escaped NUL", R"("\u0000")", true},
      {"32 levels", nested(32), true},
      {"33 levels", nested(33), true},
      {"64 levels", nested(64), true},
      {"65 levels", nested(65), false},
      {"64 levels of objects", nested_objects(64), true},
      {"65 levels of objects", nested_objects(65), false},
      {"150,000 levels", nested(150'000), false},
      {"150,000 levels of objects", nested_objects(150'000), false},
      {"150,000 levels that nothing closes", times(150'000, "["), false},
      {"beyond a double", "1e400", true},
      {"below a double", "-1e400", true},
      {"next to nothing", "1e-400", true},
      {"an exponent of a thousand digits", "1e" + times(1000, "9"), false},
      {"beyond an integer", "99999999999999999999", true},
      {"a million digits", times(1'000'000, "7"), true},
      {"a fraction of a million digits", "0." + times(1'000'000, "7"), true},
      {"NaN", "NaN", false},
      {"Infinity", "-Infinity", false},
      {"a leading zero", "01", false},
      {"a high surrogate alone", R"("\ud800")", false},
      {"a low surrogate alone", R"("\udc00")", false},
      {"surrogates the wrong way round", R"("\udc00\ud800")", false},
      {"a surrogate in UTF-8", "\"\xED\xA0\x80\"", false},
      {"no UTF-8", "\"\xFF\xFE\"", false},
      {"overlong UTF-8", "\"\xC0\x80\"", false},
      {"a byte order mark", "\xEF\xBB\xBF{}", false},
      {"the same key twice", R"({"a":1,"a":2})", true},
      {"the same key 100,000 times", "{" + times(99'999, R"("a":1,)") + R"("a":2})", true},
      {"a comma too many", "[1,]", false},
      {"two values", "1 2", false},
      {"a comment", "/* */1", false},
      {"a control character", "\"\x1b[31m\"", false},
      {"a key of a million bytes", "{\"" + times(1'000'000, "k") + "\":1}", true},
      {"a million zeros", "[" + times(999'999, "0,") + "0]", true},
  };
  return all;
}

/// An event that is whatever JSON its payload is.
struct Anything {
  static constexpr std::string_view event_type = "T";
  boost::json::value value;
};
Anything tag_invoke(boost::json::value_to_tag<Anything>, const boost::json::value& value) { return {value}; }
using AnyJson = JsonCodec<Anything>;

bool codec_takes(std::string_view bytes) {
  const auto decoded = AnyJson{}.decode({.type = "T", .data = bytes});
  if (!decoded && decoded.error().kind != FailureKind::undecodable) throw std::logic_error("it is undecodable");
  if (!decoded && decoded.error().what.size() > 300) throw std::logic_error("the reason is too long");
  return decoded.has_value();
}
bool import_takes(std::string_view bytes) {
  cli::NdjsonParser parser;
  return parser.is_json(bytes);
}

struct Reader {
  using codec = AnyJson;
  std::vector<std::int64_t> read{};
  std::string name() const { return "reader"; }
  void apply(const Anything&, Position at) { read.push_back(at.value); }
  FailureStrategy on_error(const FailureContext& context) {
    CHECK(context.error.kind == FailureKind::undecodable);
    return FailureStrategy::Skip;
  }
};

/// Appends these payloads, has them read back byte by byte, and projected. Returns which a codec could read.
template <class Store>
std::vector<std::int64_t> projected(Store& store, const std::vector<Bomb>& all) {
  std::vector<NewEvent> events;
  for (const Bomb& bomb : all) events.push_back({.stream = "s", .type = "T", .data = bomb.bytes});
  REQUIRE(store.perform(AppendEvents{events, {}}));
  std::size_t next = 0;
  for (ReadEvents ask{}; next < all.size();) {
    const auto page = store.perform(ask);
    REQUIRE((page && !page->empty()));
    for (const RecordedEvent& event : page->events()) {
      INFO(all[next].name);
      CHECK((event.data == all[next++].bytes));
    }
    ask.after = page->scanned_to;
  }
  Reader reader;
  Step step = ProjectionPipeline(reader).start({});
  while (!step.finished()) {
    step = std::move(step).visit([](Request<Sleep> nap) { return std::move(nap).answer(Slept::through, {}); },
                                 [&](auto request) {
                                   auto reply = lantern::perform(store, request.effect());
                                   return std::move(request).answer(std::move(reply), {});
                                 });
  }
  REQUIRE(step.finished()->has_value());
  CHECK((*step.finished())->quarantined + reader.read.size() == all.size());
  return reader.read;
}

void on_small_stack(std::function<void()> use) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  REQUIRE(pthread_attr_setstacksize(&small, 256 * 1024) == 0);
  pthread_t thread{};
  const auto run = [](void* what) -> void* {
    (*static_cast<std::function<void()>*>(what))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &small, run, &use) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&small);
}

long peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool measures_memory = false;  // freed memory is kept for a while, on purpose
#else
constexpr bool measures_memory = true;
#endif

}  // namespace

TEST_CASE("a payload of 100 MB is taken by each way in, and costs a bounded multiple of it") {
  constexpr long size = 100'000'000;
  std::string text = "\"" + std::string(size, 'x') + "\"";
  const long before = peak_kilobytes();
  CHECK(import_takes(text));
  if (measures_memory) CHECK(peak_kilobytes() - before < 1024);  // validated where it lies
  CHECK(codec_takes(text));
  // The text as a value, what it grew from, and the event's copy of it.
  if (measures_memory) CHECK(peak_kilobytes() - before < 5 * (size / 1024));
  text.pop_back();  // nothing closes it
  CHECK_FALSE(import_takes(text));
  CHECK_FALSE(codec_takes(text));
}

TEST_CASE("hostile payloads get the same verdict from the codec, from stores and from an import") {
  const auto all = bombs();
  std::vector<std::int64_t> good;
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].name);
    CHECK(codec_takes(all[i].bytes) == all[i].is_json);
    CHECK(import_takes(all[i].bytes) == all[i].is_json);
    if (all[i].is_json) good.push_back(static_cast<std::int64_t>(i) + 1);
  }
  MemoryStore memory;
  CHECK(projected(memory, all) == good);
  const testing::TemporaryFolder folder;
  auto sqlite = SqliteStore::open(folder / "s.db");
  REQUIRE(sqlite);
  CHECK(projected(*sqlite, all) == good);
}

TEST_CASE("hostile payloads do no harm on a small stack") {
  const auto all = bombs();
  std::size_t read = 0;
  on_small_stack([&] {
    for (const Bomb& bomb : all) read += codec_takes(bomb.bytes) == import_takes(bomb.bytes);
  });
  CHECK(read == all.size());
}
