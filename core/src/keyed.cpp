// What a keyed port says, in words. The rest of it is in the user's translation unit: see keyed_binding.hpp.
#include "lantern/keyed_binding.hpp"
#include "lantern/refuse_views.hpp"

namespace lantern {

KeyedPort::~KeyedPort() = default;

namespace detail {

Failure unencodable(std::string_view key) {
  Failure failure = failure_of(std::current_exception());
  failure.what = "the view of key '" + std::string(key) + "' cannot be encoded: " + failure.what;
  return failure;
}

std::optional<Failure> misnamed(std::string_view key) {
  auto refused = refuse_view_key(key);
  if (refused) refused->kind = FailureKind::rejected;  // the projector is to blame, not a request
  return refused;
}

Failure newer_view(std::int32_t stored, std::int32_t known) {
  return Failure(FailureKind::incompatible,
                 "the view is of schema " + std::to_string(stored) + ", this program knows " + std::to_string(known),
                 "run the program that wrote it, or rebuild the view");
}

QuarantineRecord record_for(const RecordedEvent& event, const std::string& key, const Failure* unreadable) {
  QuarantineRecord record{event.position, std::string(event.stream), std::string(event.type),
                          QuarantineReason::waiting};
  record.error = "an earlier event of this key waits";
  if (unreadable) {
    record.reason = QuarantineReason::unreadable;
    record.error = to_string(*unreadable);
  }
  record.key = key;
  return record;
}

}  // namespace detail
}  // namespace lantern
