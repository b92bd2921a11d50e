#include "expect.hpp"

namespace lantern::detail {

void broken(std::string detail) { throw Broken{std::move(detail)}; }

void expect(bool holds, const std::string& what) {
  if (!holds) broken(what);
}

std::string shown(bool value) { return value ? "true" : "false"; }

std::string shown(const std::string& text) {
  constexpr std::size_t longest = 80;
  std::string quoted = "\"";
  for (const char c : text.substr(0, longest)) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      quoted += c;
    } else {
      constexpr char digits[] = "0123456789abcdef";
      quoted += {'\\', 'x', digits[static_cast<unsigned char>(c) >> 4], digits[c & 15]};
    }
  }
  if (text.size() > longest) return quoted + "…\" (" + std::to_string(text.size()) + " bytes)";
  return quoted + "\"";
}

std::string shown(const AppliedEvent& event) { return shown(event.position) + " " + shown(event.data); }

std::string shown(const Appended& done) {
  return "added " + std::to_string(done.added) + ", duplicates " + std::to_string(done.duplicates) + ", head " +
         shown(done.last);
}

std::string shown(const VersionConflict& conflict) {
  return "version conflict in stream " + shown(conflict.stream) + ", expected " + std::to_string(conflict.expected) +
         ", actual " + std::to_string(conflict.actual);
}

std::string shown(const IdConflict& conflict) {
  return "id conflict of event " + std::to_string(conflict.index) + ", id " + shown(conflict.id) + ", existing at " +
         shown(conflict.existing);
}

std::string shown(const Lease& lease) { return "lease of " + shown(lease.owner) + ", fence " + shown(lease.fence); }

std::string shown(const LeaseHeld& held) {
  return "held by " + shown(held.owner) + " for " + std::to_string(held.expires_in.count()) + " ns";
}

std::string shown(const CheckpointMoved& moved) { return "checkpoint moved, actual " + shown(moved.actual); }

std::string shown(const CursorMoved& moved) { return to_string(SaveError(moved)); }

std::string shown(const LostLeadership& lost) { return "leadership lost, holder " + shown(lost.holder); }

std::string shown(const WriteFailed& failed) {
  return "write " + std::to_string(failed.index) + " failed: " + to_string(failed.cause);
}

std::string shown(const ViewsReplaced& replaced) { return to_string(SaveError(replaced)); }

std::string shown(const GenerationMoved& moved) { return to_string(SaveError(moved)); }

std::string shown(const BehindActive& behind) {
  if (behind.stream) return "behind the active generation in stream " + shown(*behind.stream);
  return "behind the active generation, which is at " + shown(behind.active);
}

std::string shown(const OutcomeUnknown& unknown) { return "outcome unknown: " + to_string(unknown.cause); }

std::string shown(const NewEvent& event) {
  return "{stream " + shown(event.stream) + ", type " + shown(event.type) + ", data " + shown(event.data) + ", id " +
         shown(event.id) + ", meta " + shown(event.meta) + ", ts " + shown(event.ts) + "}";
}

}  // namespace lantern::detail
