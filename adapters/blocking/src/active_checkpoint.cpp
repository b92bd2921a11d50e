#include "lantern/blocking/active_checkpoint.hpp"

#include <string>

namespace lantern::detail {
namespace {

std::string words(const CodeVersion& version) {
  return "program " + std::to_string(version.program) + ", schema " + std::to_string(version.schema);
}

}  // namespace

std::optional<Failure> refuse_other_code(const ProjectionId& projection, const Checkpoint& active,
                                         const CodeVersion& code, bool upcasts) {
  const bool older_schema = active.version.schema < code.schema;
  const bool same =
      active.version.program == code.program && (active.version.schema == code.schema || (older_schema && upcasts));
  if (same) return std::nullopt;
  return Failure(FailureKind::incompatible,
                 "generation " + std::to_string(active.generation.value) + " of " + to_string(projection) +
                     " was made by " + words(active.version) + "; this is " + words(code),
                 "use the code that made it, or rebuild the projection");
}

}  // namespace lantern::detail
