// An event as a log that is simulated has it.
#pragma once

#include <cstdint>

#include "lantern/event.hpp"

namespace lantern::testing {

/// The event at this place. Its texts are those of `event`, and live as long.
[[nodiscard]] inline RecordedEvent recorded(const NewEvent& event, Position position, std::int64_t version) {
  return {.position = position,
          .stream = event.stream,
          .version = version,
          .type = event.type,
          .schema_version = event.schema_version,
          .data = event.data,
          .id = event.id,
          .meta = event.meta,
          .ts = event.ts};
}

}  // namespace lantern::testing
