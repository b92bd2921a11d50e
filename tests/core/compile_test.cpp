// What must not compile, as far as a program can say so of itself; the rest is in does_not_compile/.
#include <type_traits>

#include "story.hpp"

using namespace lantern;

namespace {

template <class E, class Reply>
concept CanAnswer = requires(Request<E> request, Reply reply) {
  std::move(request).answer(std::move(reply), Instant{});
};
template <class E>
concept CanAnswerTwice = requires(Request<E>& request, typename E::reply reply) {
  request.answer(std::move(reply), Instant{});
};

template <class Asked, class... Others>
consteval bool accepts_only_its_own() {
  return CanAnswer<Asked, typename Asked::reply> &&
         ((std::same_as<Asked, Others> || !CanAnswer<Asked, typename Others::reply>)&&...);
}

template <class... Effects>
consteval bool each_accepts_only_its_own() {
  // In each row all effects are tried.
  return (accepts_only_its_own<Effects, LoadCheckpoint, ReadEvents, SaveCheckpoint, Sleep, AcquireLease, RenewLease,
                               ReleaseLease>() &&
          ...);
}
static_assert(each_accepts_only_its_own<LoadCheckpoint, ReadEvents, SaveCheckpoint, Sleep, AcquireLease, RenewLease,
                                        ReleaseLease>());

// A request is held once, and moved; answering takes it away.
template <class... Effects>
inline constexpr bool held_once = ((std::is_nothrow_move_constructible_v<Request<Effects>> &&
                                    !std::is_copy_constructible_v<Request<Effects>> &&
                                    !std::is_copy_assignable_v<Request<Effects>> && !CanAnswerTwice<Effects>)&&...);
static_assert(held_once<LoadCheckpoint, ReadEvents, SaveCheckpoint, Sleep, AcquireLease, RenewLease, ReleaseLease>);
static_assert(!std::is_copy_constructible_v<Step>);

// Values are values.
static_assert(std::is_copy_constructible_v<ReadEvents> && std::is_copy_constructible_v<EventPage>);
static_assert(std::is_nothrow_move_constructible_v<EventPage>);

struct Minimal {
  std::string name() const { return "minimal"; }
  void apply(const RecordedEvent&, Position) {}
};
struct Nameless {
  void apply(const RecordedEvent&, Position) {}
};
struct Idle {
  std::string name() const { return "idle"; }
};
static_assert(Projector<Minimal> && !Projector<Nameless> && !Projector<Idle>);
static_assert(Projector<story::Probe<true, true>>);

}  // namespace

TEST_CASE("a minimal projector is a name and an apply") {
  Minimal minimal;
  Step s = ProjectionPipeline(minimal).start(Instant{});
  s = story::expect<ReadEvents>(s).answer(story::last({1}), Instant{});
  CHECK(story::success(s).applied == 1);
}
