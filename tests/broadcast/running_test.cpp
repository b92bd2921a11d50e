// A run, those who follow it, and what is stored: from the events to the screen.
#include <functional>

#include "lantern/blocking/run_projection_blocking.hpp"
#include "lantern/broadcast/broadcasting.hpp"
#include "lantern/followed_views.hpp"
#include "lantern/keyed.hpp"
#include "lantern/memory/memory_store.hpp"
#include "told.hpp"

using namespace broadcast_test;

namespace {

struct Text {
  std::string text;
};

/// States and deltas as they are.
struct TextCodec {
  std::string encode_state(const Text& state) const { return state.text; }
  std::string encode_delta(const Text& delta) const { return delta.text; }
  tl::expected<Text, Failure> decode_state(std::string_view bytes) const { return Text{std::string(bytes)}; }
  tl::expected<Text, Failure> decode_delta(std::string_view bytes) const { return Text{std::string(bytes)}; }
};

/// Chains the payloads of each stream; of a stream that ends, nothing is left.
struct Chains {
  using State = Text;
  using Delta = Text;
  using view_codec = TextCodec;
  std::int64_t program{1};
  std::function<void()> before_apply = [] {};

  std::string name() const { return "orders"; }
  std::int64_t version() const { return program; }
  std::string keys(const RecordedEvent& event) const { return std::string(event.stream); }
  Change<Text> apply(Text& state, const RecordedEvent& event) const {
    before_apply();
    if (event.type == "ended") return erased;
    const std::string link = std::to_string(program) + std::string(event.data);
    state.text += link;
    return changed(Text{link});
  }
};

struct Append {
  void operator()(Text& state, const Text& delta) const { state.text += delta.text; }
};

/// Everything in its place, and a way to run to the end of the log.
struct House {
  MemoryStore store{};
  Broadcaster broadcaster{};
  Broadcasting<MemoryStore> told{store, broadcaster};
  Subscriber subscriber = subscribed(broadcaster, AllKeys{}, 1000);
  FollowedViews<TextCodec, Append> views{{"orders"}, AllKeys{}, {}, {}};
  bool begun{};

  void append(const std::string& stream, const std::string& type, const std::string& data) {
    REQUIRE(store.append({{.stream = stream, .type = type, .data = data}}));
  }
  void run(
      std::int64_t program, std::function<void()> before_apply = [] {}) {
    Chains chains{program, std::move(before_apply)};
    const auto summary = run_projection_blocking(chains, told);
    REQUIRE(summary);
  }
  void follow() {
    std::vector<ViewRead> reads;
    if (!std::exchange(begun, true)) reads = views.begin();
    while (const auto news = subscriber.poll()) {
      const auto* published = std::get_if<0>(&*news);
      const auto more = published ? views.take((*published)->frame) : views.check();
      reads.insert(reads.end(), more.begin(), more.end());
    }
    REQUIRE(views.perform(store, reads));
  }
  std::map<std::string, std::string> stored() {
    std::map<std::string, std::string> all;
    const auto page = store.perform(ScanViews{.projection = {"orders"}});
    REQUIRE(page);
    for (const StoredView& view : page->views) all[view.key] = *view.state;
    return all;
  }
  std::map<std::string, std::string> shown() const {
    std::map<std::string, std::string> all;
    for (const auto& [key, state] : views.views()) all[key] = state.text;
    return all;
  }
};

}  // namespace

TEST_CASE("T34: one frame for each event that changed something, in order, with consecutive versions") {
  House house;
  for (const char* data : {"x", "y", "z"}) {
    house.append("a", "went on", data);
    house.append("b", "went on", data);
  }
  house.append("a", "ended", "");
  house.append("a", "went on", "!");

  house.run(1);

  CHECK(told(house.subscriber) == Told{"missed", "a@1", "b@1", "a@2", "b@2", "a@3", "b@3", "a@4", "a@5"});
}

TEST_CASE("what followers show is what is stored, also after a rebuild") {
  House house;
  house.append("a", "went on", "x");
  house.append("b", "went on", "x");
  house.run(1);
  house.follow();
  CHECK(house.shown() == house.stored());
  house.append("a", "went on", "y");
  house.append("b", "ended", "");
  house.run(1);
  house.follow();
  CHECK(house.shown() == std::map<std::string, std::string>{{"a", "1x1y"}});

  house.append("c", "went on", "z");
  house.run(2);
  house.follow();

  CHECK(house.shown() == std::map<std::string, std::string>{{"a", "2x2y"}, {"c", "2z"}});
  CHECK(house.shown() == house.stored());
}

TEST_CASE("what somebody else does through another handle is noticed by a run that goes on") {
  House house;
  house.append("a", "went on", "x");
  house.run(1);
  house.follow();
  house.append("a", "went on", "y");
  bool done = false;
  const auto meanwhile = [&](const auto& what) {
    return [&house, &done, what] {
      if (std::exchange(done, true)) return;
      house.follow();  // it knows that this run leads; what follows, nobody tells it
      what();
    };
  };

  SECTION("a switch to another generation") {
    house.run(1, meanwhile([&house] {
                Chains chains;
                const auto config = ProjectionConfig().rebuild_when(RebuildPolicy::always);
                REQUIRE(run_projection_blocking(chains, house.store, config));
              }));
    house.follow();
    CHECK(house.shown() == std::map<std::string, std::string>{{"a", "1x1y"}});
  }
  SECTION("a view that is replaced") {
    house.run(1, meanwhile([&house] {
                const auto at = house.store.perform(GetView{{"orders"}, "b"}).value().as_of;
                REQUIRE(house.store.perform(ReplaceView{.projection = {"orders"},
                                                        .key = "b",
                                                        .state = "mended",
                                                        .version = 1,
                                                        .position = at.position,
                                                        .through = at.position,
                                                        .generation = at.generation}));
              }));
    house.follow();
    CHECK(house.shown() == std::map<std::string, std::string>{{"a", "1x1y"}, {"b", "mended"}});
  }
  CHECK(done);
  CHECK(house.shown() == house.stored());
}

TEST_CASE("a view that is replaced by hand on the store that tells is read again by those who follow it") {
  House house;
  house.append("a", "went on", "x");
  house.run(1);
  house.follow();
  Subscriber of_another = subscribed(house.broadcaster, OneKey{"b"});
  const auto at = house.store.perform(GetView{{"orders"}, "a"}).value().as_of;

  REQUIRE(house.told.perform(ReplaceView{.projection = {"orders"},
                                         .key = "a",
                                         .state = "mended",
                                         .version = 1,
                                         .position = at.position,
                                         .through = at.position,
                                         .generation = at.generation}));

  house.follow();
  CHECK(house.shown() == std::map<std::string, std::string>{{"a", "mended"}});
  CHECK(told(of_another).empty());
}
