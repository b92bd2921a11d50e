// Random histories over bad networks. RapidCheck tells the choices of a failure, shrunk.
#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <array>
#include <cstdlib>

#include "follower_world.hpp"

using namespace follower_test;

namespace {

/// Who decides: the next number of the list, 0 when it is used up.
class Dice {
 public:
  explicit Dice(const std::vector<std::uint8_t>& thrown) : thrown_(thrown) {}
  std::size_t of(std::size_t ways) { return next_ < thrown_.size() ? thrown_[next_++] % ways : 0; }
  bool left() const { return next_ < thrown_.size(); }

 private:
  const std::vector<std::uint8_t>& thrown_;
  std::size_t next_{};
};

const std::array<std::string, 4> keys{"", "a", "ab", "b"};

/// A few things that happen in one commit.
std::vector<Frame> happen(World& world, Dice& dice, bool generations) {
  const std::string& key = keys[dice.of(keys.size())];
  switch (dice.of(generations ? 9 : 7)) {
    case 3: return {world.erase(key)};
    case 4: return {world.replace(key)};
    case 5: return {world.reset(key)};
    case 6: {  // braces evaluate from left to right
      const std::string& other = keys[dice.of(keys.size())];
      return {world.change(key), world.erase(key), world.change(other)};
    }
    case 7: world.rebuild(key); return {};
    case 8: world.roll_back(); return {};
    default: return {world.change(key)};
  }
}

/// Frames and answers on their way, and a viewer at the other end.
struct Network {
  World& world;
  Viewer& viewer;
  Dice& dice;
  std::vector<Frame> frames{};
  std::vector<Answer> answers{};

  template <class T>
  T any_of(std::vector<T>& some) {
    const auto at = some.begin() + static_cast<std::ptrdiff_t>(dice.of(some.size()));
    T taken = *at;
    some.erase(at);
    return taken;
  }
  void deliver(bool may_lose) {
    if (frames.empty()) return;
    const std::size_t fate = dice.of(may_lose ? 4 : 3);
    const Frame frame = any_of(frames);
    if (fate == 3) return;                   // lost
    if (fate == 2) frames.push_back(frame);  // once more, later
    viewer.take(frame);
  }
  void read() {
    if (!viewer.asked().empty()) answers.push_back(perform(world, any_of(viewer.asked())));
  }
  void answer() {
    if (!answers.empty()) viewer.answer(any_of(answers));
  }
  void finish_reads() {
    while (!answers.empty()) answer();
    viewer.answer_all();
  }
};

struct Rules {
  bool may_lose{};
  bool generations{};
};

/// Rolls the dice until they are used up, and has all frames and answers that are left come in any order.
void live(Network& net, const Rules& rules) {
  net.viewer.begin();
  while (net.dice.left()) {
    switch (net.dice.of(7)) {
      case 0:
      case 1:
        for (Frame& frame : happen(net.world, net.dice, rules.generations)) net.frames.push_back(std::move(frame));
        break;
      case 2: net.read(); break;
      case 3: net.answer(); break;
      case 4:
        if (net.dice.of(6) == 5) net.viewer.check();
        break;
      default: net.deliver(rules.may_lose); break;
    }
  }
}

using Thrown = std::vector<std::uint8_t>;

template <class End>
bool holds(const char* what, const Rules& rules, const End& end) {
  return rc::check(what, [&] {
    const auto thrown = *rc::gen::resize(400, rc::gen::arbitrary<Thrown>());
    const auto scope = *rc::gen::element<ViewScope>(AllKeys{}, OneKey{"a"}, KeyPrefix{"a"}, OneKey{""});
    const auto small = *rc::gen::arbitrary<bool>();
    World world;
    Dice dice(thrown);
    Viewer viewer(world, scope, small ? FollowerLimits{.frames = 2, .page = 1, .gone = 1} : FollowerLimits{});
    Network net{world, viewer, dice};
    live(net, rules);
    end(net);
    RC_ASSERT(viewer.shows_what_is_stored());
    // What comes late has no say.
    while (!net.frames.empty()) viewer.take(net.any_of(net.frames));
    viewer.answer_all();
    RC_ASSERT(viewer.shows_what_is_stored());
  });
}

const bool configured = ::setenv("RC_PARAMS", "max_success=3000", 0) == 0;  // NOLINT: before any thread

}  // namespace

TEST_CASE("T36: whatever is lost, a follower converges once it checks") {
  REQUIRE(configured);
  CHECK(holds("check heals", {.may_lose = true, .generations = true}, [](Network& net) {
    net.viewer.check();
    net.finish_reads();
  }));
}

TEST_CASE("T36: whatever is lost, a follower converges once a later frame of each key comes") {
  CHECK(holds("a later frame heals", {.may_lose = true, .generations = true}, [](Network& net) {
    for (const std::string& key : keys) net.viewer.take(net.world.change(key));
    net.finish_reads();
  }));
}

TEST_CASE("T36: when no frame is lost in the end, a follower converges in whatever order they come") {
  CHECK(holds("all frames, in any order", {}, [](Network& net) {
    while (!net.frames.empty()) net.viewer.take(net.any_of(net.frames));
    net.finish_reads();
  }));
}
