// The projection that the suite runs: it neither commutes nor forgives repetition.
#pragma once

#include <string>
#include <vector>

#include "lab.hpp"
#include "lantern/projector.hpp"

namespace lantern::detail {

/// Events of this type fail.
inline constexpr std::string_view refused_type = "refused";

/// Its statements are the store's; see `ConformanceWorld`.
struct Ledger {
  static constexpr bool applied_by_store = true;
  EventFilter events{};
  [[nodiscard]] static ProjectionId id() { return ProjectionId("conformance_ledger"); }
  [[nodiscard]] std::string name() const { return id().name; }
  [[nodiscard]] EventFilter filter() const { return events; }
  FailureStrategy on_error(const FailureContext&) { return FailureStrategy::Skip; }
};

/// The same for stores that run no statements: it keeps what it saw, as one that writes to somewhere else would.
struct Diary {
  static constexpr bool effects_are_durable = true;
  EventFilter events{};
  std::vector<AppliedEvent> seen{};
  [[nodiscard]] static ProjectionId id() { return ProjectionId("conformance_diary"); }
  [[nodiscard]] std::string name() const { return id().name; }
  [[nodiscard]] EventFilter filter() const { return events; }
  tl::expected<void, Failure> apply(const RecordedEvent& event, Position at) {
    if (event.type == refused_type) return tl::unexpected(Failure(FailureKind::rejected, "refused"));
    seen.push_back({at, std::string(event.data)});
    return {};
  }
  FailureStrategy on_error(const FailureContext&) { return FailureStrategy::Skip; }
};

/// The whole log in one page, however many the store gives.
[[nodiscard]] inline EventPage collect(Lab& lab, const ReadEvents& asked = {}) {
  EventPage all;
  for (const EventPage& page : lab.walk(asked).pages) {
    for (const auto& event : page.events()) all.add(event);
    all.scanned_to = page.scanned_to;
    all.head = page.head;
  }
  return all;
}

}  // namespace lantern::detail
