// The step of a run that moves on again and again.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <type_traits>

#include "lantern/pipeline.hpp"

namespace lantern::testing {

/// A value that is made where it is to stay: `place.emplace(MadeInPlace{[&] { return make(); }})` moves nothing.
template <class Make>
struct MadeInPlace {
  const Make& make;
  operator std::invoke_result_t<const Make&>() const { return make(); }  // NOLINT: implicit, to stand for what it makes
};
template <class Make>
MadeInPlace(const Make&) -> MadeInPlace<Make>;

/// A step, or none, and room for the next one beside it. Effects have many texts, and to move each of them from one
/// place to another took more time than to decide what comes next.
class PendingStep {
 public:
  [[nodiscard]] explicit operator bool() const noexcept { return is_there_; }
  [[nodiscard]] bool has_value() const noexcept { return is_there_; }
  [[nodiscard]] Step& operator*() noexcept { return *steps_[at_]; }
  [[nodiscard]] Step* operator->() noexcept { return &*steps_[at_]; }
  void reset() noexcept {
    steps_[at_].reset();
    is_there_ = false;
  }

  /// What `make` returns is the step from now on. The one before lasts until it has returned: `make` may answer it.
  template <class Make>
  void become(const Make& make) {
    steps_[1 - at_].emplace(MadeInPlace{make});
    steps_[at_].reset();
    at_ = 1 - at_;
    is_there_ = true;
  }

 private:
  std::array<std::optional<Step>, 2> steps_{};
  std::size_t at_{};
  bool is_there_{};
};

}  // namespace lantern::testing
