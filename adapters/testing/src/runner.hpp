// One run of a projection, effect by effect, with mishaps on the way.
#pragma once

#include <memory>
#include <optional>

#include "lab.hpp"
#include "lantern/pipeline.hpp"

namespace lantern::detail {

/// What befalls an effect.
enum class Mishap : std::uint8_t {
  none,
  busy,         ///< it is not performed, and the run is told so
  lost_done,    ///< it is performed, but the run cannot know
  lost_undone,  ///< it is not performed, but the run cannot know
};

class Runner {
 public:
  /// Borrows the projector. The store object is the runner's own, as if it were a process.
  template <class Projector>
  Runner(Lab& lab, Projector& projector, ProjectionConfig config, std::unique_ptr<SuiteStore> store)
      : lab_(lab),
        store_(std::move(store)),
        step_(ProjectionPipeline(projector, std::move(config)).start(Instant(lab.now()))) {}

  /// Performs the pending effect and answers; nothing once the run has ended. Sleeping moves the clock on.
  void go(Mishap mishap = Mishap::none);
  /// Goes on until the run ends, which it must.
  void go_to_the_end();
  [[nodiscard]] bool ended() const noexcept { return step_.finished() != nullptr; }
  /// How the run ended; it must have ended, and not for a reason that is the store's fault.
  [[nodiscard]] const Finished& end() const;
  [[nodiscard]] SuiteStore& store() noexcept { return *store_; }

 private:
  template <Effect E>
  Step perform(Request<E> request, Mishap mishap);

  Lab& lab_;
  std::unique_ptr<SuiteStore> store_;
  Step step_;
};

}  // namespace lantern::detail
