// All small cases: each frame delivered, lost, doubled or late, and the first read at every moment.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

#include "follower_world.hpp"

using namespace follower_test;

namespace {

enum class Op { change, erase, replace, reset, rebuild, roll_back };
enum class Fate { delivered, lost, doubled, late, later };
constexpr std::size_t fates = 5;

/// What becomes of the frames, as digits of a number, and when the first read is performed and answered.
struct Case {
  std::vector<Op> history;
  std::size_t fate;
  std::size_t read_at;
  std::size_t answered_at;
  bool prompt;  ///< other reads are answered at once, or only at the end
};

/// What happens to the key "a"; a second one, "b", is there and is left alone but for rebuilds, which leave it out.
std::optional<Frame> happen(World& world, Op op) {
  switch (op) {
    case Op::change: return world.change("a");
    case Op::erase: return world.erase("a");
    case Op::replace: return world.replace("a");
    case Op::reset: return world.reset("a");
    case Op::rebuild: world.rebuild("b"); return world.change("a");
    case Op::roll_back: world.roll_back(); return world.change("a");
  }
  return {};
}

void run(const Case& given, const ViewScope& scope, bool by_check) {
  World world;
  (void)world.change("b");
  (void)world.change("a");
  Viewer viewer(world, scope, {.frames = 2, .page = 1, .gone = 1});
  viewer.begin();
  const ViewRead first = viewer.asked().front();
  viewer.asked().clear();

  std::optional<Answer> answer;
  std::multimap<std::size_t, Frame> in_flight;
  std::size_t fate = given.fate;
  for (std::size_t now = 0; now < given.history.size() + 3; ++now) {
    if (now == given.read_at) answer = perform(world, first);
    if (now == given.answered_at) viewer.answer(*answer);
    if (now < given.history.size()) {
      const auto frame = happen(world, given.history[now]);
      const auto which = static_cast<Fate>(fate % fates);
      fate /= fates;
      if (which != Fate::lost)
        in_flight.emplace(now + (which == Fate::late ? 1 : which == Fate::later ? 2 : 0), *frame);
      if (which == Fate::doubled) in_flight.emplace(now + 1, *frame);
    }
    for (auto [next, end] = in_flight.equal_range(now); next != end; ++next) viewer.take(next->second);
    if (given.prompt && answer && now >= given.answered_at) viewer.answer_all();
  }

  if (by_check) viewer.check();
  else viewer.take(world.change("a"));
  viewer.answer_all();
  if (!viewer.shows_what_is_stored()) throw std::logic_error("it does not show what is stored");
}

/// Whether the first read is answered at once or at the end, others are prompt, and what heals, goes round.
std::size_t all_fates_of(const std::vector<Op>& history, const ViewScope& scope) {
  std::size_t ways = 1, runs = 0;
  for (std::size_t i = 0; i < history.size(); ++i) ways *= fates;
  for (std::size_t fate = 0; fate < ways; ++fate) {
    for (std::size_t read = 0; read <= history.size(); ++read, ++runs) {
      const std::size_t turn = runs + fate;
      try {
        run({history, fate, read, turn % 2 == 0 ? read : history.size(), turn % 4 < 2}, scope, turn % 3 == 1);
      } catch (const std::exception& error) {
        FAIL("fates " << fate << ", read at " << read << ", turn " << turn << ": " << error.what());
      }
    }
  }
  return runs;
}

/// Every history of three changes, but that the last one is one of three.
std::size_t all_fates_of_three(const ViewScope& scope) {
  std::size_t runs = 0;
  constexpr std::array ops{Op::change, Op::erase, Op::replace, Op::reset, Op::rebuild, Op::roll_back};
  for (const Op first : ops) {
    for (const Op second : ops) {
      for (const Op third : {Op::change, Op::erase, Op::rebuild}) runs += all_fates_of({first, second, third}, scope);
    }
  }
  return runs;
}

}  // namespace

TEST_CASE("T36: a follower of a key converges for all histories of three changes and all fates of their frames") {
  CHECK(all_fates_of_three(OneKey{"a"}) == 108 * 125 * 4);
}

TEST_CASE("T36: a follower of all keys converges for all histories of three changes and all fates of their frames") {
  CHECK(all_fates_of_three(AllKeys{}) == 108 * 125 * 4);
}

TEST_CASE("T36: a follower converges for four changes and every fate of their frames") {
  const auto scope = GENERATE(ViewScope(OneKey{"a"}), ViewScope(AllKeys{}));
  using enum Op;
  const auto history = GENERATE(std::vector{change, change, change, change}, std::vector{change, erase, change, change},
                                std::vector{change, replace, change, erase}, std::vector{erase, change, reset, change},
                                std::vector{change, rebuild, change, roll_back});
  CHECK(all_fates_of(history, scope) == 625 * 5);
}
