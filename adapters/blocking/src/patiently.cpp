#include "lantern/blocking/patiently.hpp"

#include <string>

namespace lantern::detail {

Failure asked_to_stop(const char* what) {
  return Failure(FailureKind::unavailable, std::string(what) + " was asked to stop", "begin it again");
}

}  // namespace lantern::detail
