// How views, generations and what is asked of them look in a trace: one line each, whatever their texts contain.
#include <ostream>

#include "lantern/generation_effects.hpp"
#include "lantern/view_effects.hpp"
#include "print_parts.hpp"

namespace lantern {

using detail::At;
using detail::Text;

namespace {

struct Of {
  const std::optional<Generation>& generation;
  friend std::ostream& operator<<(std::ostream& out, const Of& of) {
    return of.generation ? out << ", generation " << *of.generation : out;
  }
};

struct Fenced {
  const std::optional<Fence>& fence;
  friend std::ostream& operator<<(std::ostream& out, const Fenced& f) {
    return f.fence ? out << ", fence=" << *f.fence : out;
  }
};

}  // namespace

const char* to_string(Frame::Kind kind) noexcept {
  switch (kind) {
    case Frame::Kind::delta: return "delta";
    case Frame::Kind::erased: return "erased";
    case Frame::Kind::snapshot: return "snapshot";
    case Frame::Kind::reset: break;
  }
  return "reset";
}

const char* to_string(GenerationState state) noexcept {
  switch (state) {
    case GenerationState::active: return "active";
    case GenerationState::building: return "building";
    case GenerationState::previous: break;
  }
  return "previous";
}

std::ostream& operator<<(std::ostream& out, const Revision& r) { return out << r.value; }
std::ostream& operator<<(std::ostream& out, const CodeVersion& v) { return out << v.program << '/' << v.schema; }
std::ostream& operator<<(std::ostream& out, const Moment& m) {
  return out << m.generation << '.' << m.edition << '.' << m.version;
}
std::ostream& operator<<(std::ostream& out, const StoredView& v) {
  out << Text{v.key} << " version " << v.version;
  if (v.edition != Revision{}) out << ", edition " << v.edition;
  if (v.schema_version != 1) out << ", schema " << v.schema_version;
  return out << ", of " << At{v.position} << ": " << (v.state ? detail::one_line(*v.state) : "erased");
}
std::ostream& operator<<(std::ostream& out, const AsOf& a) {
  out << At{a.position} << " (generation " << a.generation;
  if (a.revision != Revision{}) out << ", revision " << a.revision;
  return out << ')';
}
std::ostream& operator<<(std::ostream& out, const Frame& f) {
  out << to_string(f.kind) << ' ' << Text{f.key} << " at " << f.moment << " of " << f.position;
  return f.payload.empty() ? out : out << ": " << Text{f.payload};
}

std::ostream& operator<<(std::ostream& out, const LoadViews& e) {
  out << "LoadViews{" << e.projection << ", " << e.keys.size() << (e.keys.size() == 1 ? " key" : " keys");
  if (e.generation != Generation{}) out << ", generation " << e.generation;
  return out << '}';
}
std::ostream& operator<<(std::ostream& out, const Publish& e) {
  return out << "Publish{" << e.projection << ", " << e.frames.size()
             << (e.frames.size() == 1 ? " frame}" : " frames}");
}
std::ostream& operator<<(std::ostream& out, const BeginRebuild& e) {
  return out << "BeginRebuild{" << e.projection << ", code " << e.version << Fenced{e.fence} << '}';
}
std::ostream& operator<<(std::ostream& out, const ActivateGeneration& e) {
  return out << "ActivateGeneration{" << e.projection << ", " << e.generation << Fenced{e.fence} << '}';
}

std::ostream& operator<<(std::ostream& out, const GetView& e) {
  return out << "GetView{" << e.projection << ", " << Text{e.key} << Of{e.generation} << '}';
}
std::ostream& operator<<(std::ostream& out, const ScanViews& e) {
  out << "ScanViews{" << e.projection << ", prefix=" << Text{e.prefix};
  if (e.after) out << ", after=" << Text{*e.after};
  out << ", limit=" << e.limit;
  if (e.where) out << ", where " << Text{e.where->path} << " = " << Text{e.where->equals};
  return out << Of{e.generation} << '}';
}
std::ostream& operator<<(std::ostream& out, const ReplaceView& e) {
  out << "ReplaceView{" << e.projection << ", " << Text{e.key} << ", ";
  if (e.state) out << "version=" << e.version;
  else out << "reset";
  return out << ", through=" << At{e.through} << ", generation " << e.generation << '}';
}

std::ostream& operator<<(std::ostream& out, const GenerationStatus& s) {
  return out << s.generation << ' ' << to_string(s.state) << " at " << At{s.position} << ", code " << s.version << ", "
             << s.views << " views";
}
std::ostream& operator<<(std::ostream& out, const ListGenerations& e) {
  return out << "ListGenerations{" << e.projection << '}';
}
std::ostream& operator<<(std::ostream& out, const RollBack& e) { return out << "RollBack{" << e.projection << '}'; }
std::ostream& operator<<(std::ostream& out, const FinalizeRebuild& e) {
  return out << "FinalizeRebuild{" << e.projection << '}';
}
std::ostream& operator<<(std::ostream& out, const CancelRebuild& e) {
  return out << "CancelRebuild{" << e.projection << '}';
}

}  // namespace lantern
