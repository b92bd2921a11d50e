#include "runner.hpp"

namespace lantern::detail {
namespace {

template <Effect E>
typename E::reply failed(Mishap mishap) {
  if (mishap == Mishap::busy) return tl::unexpected(Failure(FailureKind::busy, "the suite says so"));
  Failure lost(FailureKind::unavailable, "the suite lost the reply");
  if constexpr (std::same_as<E, SaveCheckpoint>) return tl::unexpected(OutcomeUnknown{std::move(lost)});
  else return tl::unexpected(std::move(lost));
}

}  // namespace

template <Effect E>
Step Runner::perform(Request<E> request, Mishap mishap) {
  if (mishap == Mishap::none) {
    auto reply = Lab::perform(*store_, request.effect());
    return std::move(request).answer(std::move(reply), Instant(lab_.now()));
  }
  if (mishap == Mishap::lost_done) static_cast<void>(Lab::perform(*store_, request.effect()));
  return std::move(request).answer(failed<E>(mishap), Instant(lab_.now()));
}

void Runner::go(Mishap mishap) {
  step_ = std::move(step_).visit(
      [this](Request<Sleep> nap) {
        lab_.advance(nap.effect().duration);
        return std::move(nap).answer(Slept::through, Instant(lab_.now()));
      },
      [this, mishap](auto request) { return perform(std::move(request), mishap); });
}

void Runner::go_to_the_end() {
  constexpr int far_too_many = 10'000;
  for (int effects = 0; !ended(); ++effects) {
    if (effects == far_too_many) broken("a batch run over a few events goes on for ever");
    go();
  }
}

const Finished& Runner::end() const {
  const Finished& end = *step_.finished();
  if (!end) {
    const ErrorKind kind = end.error().kind;
    if (kind == ErrorKind::store_contract || kind == ErrorKind::checkpoint_conflict || kind == ErrorKind::projector ||
        kind == ErrorKind::protocol) {
      broken("a run ended with: " + end.error().message());
    }
  }
  return end;
}

}  // namespace lantern::detail
