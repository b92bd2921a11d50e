// Followers of views. Told the truth, though frames are lost, doubled and out of order, and answers late: what is shown
// was stored, time does not go backwards, and at last what is shown is what is stored. Told lies: it does no harm.
#include "lantern/view_follower.hpp"

#include <deque>

#include "follower_world.hpp"
#include "input.hpp"

using namespace lantern;
using fuzz::Input;
using fuzz::promise;

namespace {

constexpr const char* keys[] = {"a", "ab", "b", "c", "d"};

ViewScope scope_of(Input& in) {
  switch (in.choose(4)) {
    case 0: return AllKeys{};
    case 1: return KeyPrefix{"a"};
    case 2: return OneKey{"a"};
    default: return OneKey{"b"};
  }
}

FollowerLimits limits_of(Input& in) {
  constexpr FollowerLimit some[] = {1, 2, 3, 1000};
  return {.frames = in.one_of(some), .page = in.one_of(some), .gone = in.one_of(some)};
}

// ---- the truth ----

class Show {
 public:
  explicit Show(Input& in) : in_(in), viewer_(world_, scope_of(in), limits_of(in)) {
    world_.pages_may_be_empty = in.flip();
  }

  void run() {
    while (!in_.empty()) act();
    if (!begun_) viewer_.begin();
    for (const auto& late : answers_) viewer_.answer(late);
    viewer_.check();
    viewer_.answer_all();
    promise(viewer_.shows_what_is_stored(), "after a check and its answers, what is stored is shown");
  }

 private:
  void act() {
    const char* key = in_.one_of(keys);
    switch (in_.choose(16)) {
      case 0:
      case 1:
      case 2: return send(world_.change(key));
      case 3: return send(world_.erase(key));
      case 4: return send(world_.replace(key));
      case 5: return send(world_.reset(key));
      case 6: return world_.rebuild(key);
      case 7: return world_.roll_back();
      case 8: (begun_ ? viewer_.check() : viewer_.begin()), begun_ = true; return;
      case 9:  // the store answers, and the answer is on its way
        if (!viewer_.asked().empty()) {
          const auto which = viewer_.asked().begin() + static_cast<std::ptrdiff_t>(in_.choose(viewer_.asked().size()));
          answers_.push_back(follower_test::perform(world_, *which));
          viewer_.asked().erase(which);
        }
        return;
      case 10:
      case 11:  // an answer arrives
        if (!answers_.empty()) {
          const auto which = answers_.begin() + static_cast<std::ptrdiff_t>(in_.choose(answers_.size()));
          const auto answer = *which;
          answers_.erase(which);
          viewer_.answer(answer);
        }
        return;
      default:  // a frame arrives, or is lost, or arrives now and later
        if (frames_.empty()) return;
        const auto which = frames_.begin() + static_cast<std::ptrdiff_t>(in_.choose(frames_.size()));
        const Frame frame = *which;
        const std::size_t fate = in_.choose(4);
        if (fate != 3) frames_.erase(which);
        if (fate != 2) viewer_.take(frame);
    }
  }
  void send(Frame frame) {
    frames_.push_back(std::move(frame));
    if (frames_.size() > 64) frames_.pop_front();
  }

  Input& in_;
  follower_test::World world_{};
  follower_test::Viewer viewer_;
  bool begun_{};
  std::deque<Frame> frames_{};
  std::vector<follower_test::Answer> answers_{};
};

// ---- lies ----

Moment moment(Input& in) { return {Generation{in.number()}, Revision{in.number()}, in.number()}; }
AsOf as_of(Input& in) {
  AsOf made{Generation{in.number()}, std::nullopt, Revision{in.number()}};
  if (in.flip()) made.position = Position{in.number()};
  return made;
}
StoredView view(Input& in) {
  StoredView made{.key = in.flip() ? in.one_of(keys) : in.text(3), .version = in.number(), .edition = {in.number()}};
  if (in.flip()) made.state = in.text(4);
  if (in.flip()) made.position = Position{in.number()};
  return made;
}

/// What is shown for each key, and of which moment it is.
struct Shown {
  std::map<std::string, Moment> last{};
  std::set<std::string> now{};

  void operator()(const ShowDelta& delta) {
    promise(delta.from_nothing || now.contains(delta.frame.key), "a delta is applied to something", delta.frame.key);
    put(delta.frame.key, delta.frame.moment, false);
  }
  void operator()(const ShowState& state) { put(state.key, state.moment, true); }
  void operator()(const ShowGone& gone) { now.erase(gone.key); }
  // A key that was forgotten may be met anew; and the same state may be shown again when it was in doubt.
  void put(const std::string& key, const Moment& moment, bool again) {
    const auto before = last.find(key);
    if (before != last.end() && now.contains(key)) {
      promise(moment > before->second || (again && moment == before->second), "time does not go backwards", key);
    }
    last.insert_or_assign(key, moment);
    now.insert(key);
  }
};

void lie(Input& in) {
  ViewFollower follower({"orders"}, scope_of(in), limits_of(in));
  Shown shown;
  std::vector<ViewRead> asked;
  const auto act = [&](const FollowerSteps& steps) {
    for (const ViewChange& change : steps.changes) std::visit(shown, change);
    asked.insert(asked.end(), steps.reads.begin(), steps.reads.end());
    promise(steps.reads.size() < 4000, "a step asks for a bounded number of reads");
  };
  while (!in.empty()) {
    const std::string key = in.flip() ? in.one_of(keys) : in.text(3);
    switch (in.choose(8)) {
      case 0: act(follower.begin()); break;
      case 1: act(follower.check()); break;
      case 2: act(follower.check(key)); break;
      case 3: {
        GetView::Answer answer{.view = {}, .as_of = as_of(in)};
        if (in.flip()) answer.view = view(in);
        act(follower.answer(GetView{{"orders"}, key, {}}, answer));
        break;
      }
      case 4: {
        ScanViews::Page page{.views = {}, .as_of = as_of(in), .more = in.flip()};
        for (std::size_t n = in.choose(4); n > 0; --n) page.views.push_back(view(in));
        if (in.flip()) page.scanned_to = in.text(3);
        ScanViews scan{.projection = {"orders"}};
        if (!asked.empty() && std::holds_alternative<ScanViews>(asked.back())) scan = std::get<ScanViews>(asked.back());
        act(follower.answer(scan, page));
        break;
      }
      default:
        act(follower.take(
            {key, moment(in), Position{in.number()}, static_cast<Frame::Kind>(in.choose(4)), in.text(3)}));
    }
    if (asked.size() > 64) asked.erase(asked.begin(), asked.end() - 8);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in({data, size});
  if (in.flip()) {
    lie(in);
    return 0;
  }
  try {
    Show(in).run();
  } catch (const std::logic_error& broken) {
    promise(false, broken.what());
  }
  return 0;
}
