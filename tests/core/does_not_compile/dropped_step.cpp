// expect: nodiscard|ignoring return(ed)? value
#include "lantern/pipeline.hpp"
void dropped(lantern::Request<lantern::Sleep> request) {
  std::move(request).answer(lantern::Slept::through, lantern::Instant{});
}
