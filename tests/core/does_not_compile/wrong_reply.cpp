// expect: cannot convert|no viable conversion
#include "lantern/pipeline.hpp"
lantern::Step wrong(lantern::Request<lantern::LoadCheckpoint> request) {
  return std::move(request).answer(lantern::EventPage{}, lantern::Instant{});
}
