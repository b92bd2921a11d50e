// Whether what a test claims holds, and if not, why.
#pragma once

#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lantern/config.hpp"
#include "lantern/effects.hpp"
#include "lantern/projector.hpp"

namespace lantern::testing {

/// True, or false with a message that a person can read. A value.
class Verdict {
 public:
  Verdict() = default;  ///< it holds
  [[nodiscard]] static Verdict wrong(std::string message) {
    Verdict made;
    made.message_ = std::move(message);
    return made;
  }
  [[nodiscard]] explicit operator bool() const noexcept { return !message_; }
  /// Why it does not hold, one or more lines; empty when it does.
  [[nodiscard]] std::string message() const { return message_.value_or(""); }
  friend bool operator==(const Verdict&, const Verdict&) = default;

 private:
  std::optional<std::string> message_{};
};

/// Its message, or `holds`.
std::ostream& operator<<(std::ostream&, const Verdict&);

namespace detail {

/// What became of some events.
struct SpecOutcome {
  /// An event that failed.
  struct Failed {
    std::size_t event{};  ///< from 0, those that were given first
    Failure cause{};
  };
  std::vector<NewEvent> events{};
  std::size_t given{};  ///< how many of them
  std::vector<StoredView> views{};
  std::vector<Frame> frames{};  ///< of the events that came then
  std::vector<Failed> failed{};
  bool passed_over{};     ///< the filter let none of those through that came then
  std::string trouble{};  ///< why nothing can be said
};

[[nodiscard]] SpecOutcome tell(std::unique_ptr<ProjectorPort> projector, ProjectionConfig config,
                               std::vector<NewEvent> given, const std::vector<NewEvent>& when);

/// No event failed that was given.
[[nodiscard]] Verdict begun_well(const SpecOutcome&);
/// No event failed.
[[nodiscard]] Verdict went_well(const SpecOutcome&);
[[nodiscard]] Verdict check_view(const SpecOutcome&, std::string_view key, const std::string& expected,
                                 const std::function<bool(const StoredView&)>& equal);
[[nodiscard]] Verdict check_no_view(const SpecOutcome&, std::string_view key);
/// Absent: the view is erased.
[[nodiscard]] Verdict check_deltas(const SpecOutcome&, const std::vector<std::optional<std::string>>& expected);
[[nodiscard]] Verdict check_unchanged(const SpecOutcome&);
[[nodiscard]] Verdict check_failed(const SpecOutcome&, std::string_view text, std::optional<FailureKind> kind);
[[nodiscard]] Verdict not_as_claimed(const SpecOutcome&, const std::string& difference);
[[nodiscard]] std::string words_of(std::exception_ptr);

}  // namespace detail
}  // namespace lantern::testing
