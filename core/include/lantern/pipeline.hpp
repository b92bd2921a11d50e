// The machine: it is given values and returns values.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <variant>

#include <tl/expected.hpp>

#include "lantern/config.hpp"
#include "lantern/effects.hpp"
#include "lantern/error.hpp"
#include "lantern/keyed_binding.hpp"
#include "lantern/projector.hpp"
#include "lantern/store.hpp"

namespace lantern {

/// How a run is to stop.
enum class Stop : std::uint8_t {
  none,
  at_checkpoint,  ///< commit what is applied, then end with a truthful summary
  now,            ///< abandon retries, waiting and what is not committed; never a commit half-way
};

struct Step;

namespace detail {
struct Run;
struct RunDeleter {
  void operator()(Run*) const noexcept;
};
using RunPtr = std::unique_ptr<Run, RunDeleter>;
void ask_to_stop(Run&, Stop) noexcept;
[[nodiscard]] std::uint64_t request_number(const Run&) noexcept;
[[nodiscard]] bool accepts_wrong_replies(const Run&) noexcept;
struct Door;

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
}  // namespace detail

/// An effect that waits for its reply. Holding it is holding the run; answering moves the run on; dropping it abandons
/// the run, with nothing lost but what was not committed. Used by one thread at a time.
///
/// When memory runs out, std::bad_alloc leaves `answer` (or `start`), and the run is abandoned, as if dropped: what is
/// stored stays true, the next run goes on from there, and what is held here is answered like a request that was
/// answered before. Within a projector it is a failure of the event, like anything else that a projector throws.
template <Effect E>
class [[nodiscard]] Request {
 public:
  Request(E&& effect, detail::RunPtr&& run) : effect_(std::move(effect)), run_(std::move(run)) {}

  /// What is asked. Valid until the request is answered or dropped, also while the request is moved.
  [[nodiscard]] const E& effect() const noexcept { return effect_; }

  /// The only way in from outside. Takes effect with the answer; the stronger of several wins.
  void ask_to_stop(Stop how) noexcept {
    if (run_) detail::ask_to_stop(*run_, how);
  }

  /// Moves the run on. `now` never runs backwards; an earlier instant counts as no time having passed.
  [[nodiscard]] Step answer(typename E::reply reply, Instant now) &&;

  /// Tells this request from all others of its run.
  [[nodiscard]] std::uint64_t number() const noexcept { return run_ ? detail::request_number(*run_) : 0; }

 private:
  friend detail::Door;
  E effect_;
  detail::RunPtr run_;
};

/// Some request, or the end.
struct [[nodiscard]] Step
    : std::variant<Request<LoadCheckpoint>, Request<ReadEvents>, Request<SaveCheckpoint>, Request<Sleep>,
                   Request<AcquireLease>, Request<RenewLease>, Request<ReleaseLease>, Request<LoadViews>,
                   Request<Publish>, Request<BeginRebuild>, Request<ActivateGeneration>, Request<ListStreams>,
                   Request<ReadStream>, Finished> {
  using variant::variant;
  using Base = variant;

  /// The request for effect `E`, or null when the run asks for something else.
  template <Effect E>
  [[nodiscard]] Request<E>* asks() noexcept {
    return std::get_if<Request<E>>(static_cast<Base*>(this));
  }
  /// How the run ended, or null while it goes on.
  [[nodiscard]] Finished* finished() noexcept { return std::get_if<Finished>(static_cast<Base*>(this)); }
  [[nodiscard]] const Finished* finished() const noexcept {
    return std::get_if<Finished>(static_cast<const Base*>(this));
  }
  /// Asks whatever is pending to stop; nothing happens when the run has ended.
  void ask_to_stop(Stop how) noexcept;

  /// Hands the pending request, by value, to the handler that takes it, and gives what that handler returns: the next
  /// step. The end is given back as it is. One handler per effect, or a generic lambda for all that have none:
  /// `step = std::move(step).visit([](Request<Sleep> nap) { … }, [](auto request) { … });`
  template <class... Handlers>
  [[nodiscard]] Step visit(Handlers... handlers) && {
    detail::Overloaded<Handlers...> handle{std::move(handlers)...};
    return std::visit(
        [&handle]<class Pending>(Pending& pending) -> Step {
          if constexpr (std::same_as<Pending, Finished>) return std::move(pending);
          else return handle(std::move(pending));
        },
        static_cast<Base&>(*this));
  }
};

/// Prints the pending effect or the end, on one line.
std::ostream& operator<<(std::ostream&, const Step&);

/// A projection's run, before it starts. Borrows the projector, which the caller may read at any time. Not thread-safe;
/// distinct pipelines are independent.
class ProjectionPipeline {
 public:
  template <class P>
  requires(!std::derived_from<P, ProjectorPort>) explicit ProjectionPipeline(P& projector, ProjectionConfig config = {})
      : ProjectionPipeline(bind_projector(projector), std::move(config)) {}
  ProjectionPipeline(std::unique_ptr<ProjectorPort> projector, ProjectionConfig config);

  /// Begins the run. A pipeline starts once; a second start finishes at once with ErrorKind::protocol.
  /// One whose projector threw when it was asked for its name, filter or snapshot, or whose name, tenant or
  /// leadership's owner `refuse_name` refuses, finishes at once with ErrorKind::projector.
  [[nodiscard]] Step start(Instant now);

 private:
  detail::RunPtr run_;
  std::optional<ProjectionError> refused_{};
};

// ---- the dynamic door: for replay, fuzzing and foreign languages ----

/// A reply of any kind, addressed to a request by its number.
struct AnyReply {
  /// A reply to effect `E`.
  template <Effect E>
  struct To {
    typename E::reply value;
  };
  std::uint64_t request{};
  std::variant<To<LoadCheckpoint>, To<ReadEvents>, To<SaveCheckpoint>, To<Sleep>, To<AcquireLease>, To<RenewLease>,
               To<ReleaseLease>, To<LoadViews>, To<Publish>, To<BeginRebuild>, To<ActivateGeneration>, To<ListStreams>,
               To<ReadStream>>
      reply;
};

/// Builds a reply to effect `E`.
template <Effect E>
[[nodiscard]] AnyReply any_reply(std::uint64_t request, typename E::reply value) {
  return AnyReply{request, AnyReply::To<E>{std::move(value)}};
}

/// A reply that does not fit what is pending.
struct ProtocolError {
  std::string message;  ///< what was pending and what came
  friend bool operator==(const ProtocolError&, const ProtocolError&) = default;
};

/// The number of the pending request; 0 when the run has ended.
[[nodiscard]] std::uint64_t pending_request(const Step&) noexcept;

/// Moves `step` on. A reply of the wrong kind, to another request (a duplicate, a late one) or after the end changes
/// nothing, and is answered by a ProtocolError.
[[nodiscard]] tl::expected<void, ProtocolError> answer(Step& step, AnyReply reply, Instant now);

}  // namespace lantern
