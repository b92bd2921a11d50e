// How streams, and what is asked of them, look in a trace: one line each, whatever their names contain.
#include <utility>

#include "lantern/stream_effects.hpp"
#include "lantern/stream_selection.hpp"
#include "print_parts.hpp"

namespace lantern {

using detail::At;
using detail::Text;

std::ostream& operator<<(std::ostream& out, const StreamVersion& v) { return out << v.value; }

std::ostream& operator<<(std::ostream& out, const StreamCursors& cursors) {
  const char* between = "";
  for (const auto& [stream, version] : cursors) {
    out << std::exchange(between, ", ") << Text{stream} << ": " << version;
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const StreamSelection& s) {
  if (!s.is_named()) return out << "streams " << Text{s.prefix()} << '*';
  out << '[';
  const char* between = "";
  for (const std::string& name : s.names()) out << std::exchange(between, " ") << Text{name};
  return out << ']';
}

std::ostream& operator<<(std::ostream& out, const StreamExtent& e) {
  return out << Text{e.stream} << ' ' << e.first << ".." << e.last;
}
std::ostream& operator<<(std::ostream& out, const StreamPage& p) {
  out << p.streams.size() << (p.streams.size() == 1 ? " stream" : " streams");
  if (p.as_of) out << ", as of " << *p.as_of;
  if (p.log) out << ", log " << *p.log;
  return out;
}
std::ostream& operator<<(std::ostream& out, const StreamSlice& s) {
  return out << s.page.size() << " events, scanned_to=" << At{s.scanned_to} << ", head=" << At{s.head};
}

std::ostream& operator<<(std::ostream& out, const ListStreams& e) {
  out << "ListStreams{prefix=" << Text{e.prefix};
  if (e.after) out << ", after=" << Text{*e.after};
  if (e.changed_since) out << ", changed since " << e.changed_since->value;
  return out << ", limit=" << e.limit << '}';
}
std::ostream& operator<<(std::ostream& out, const ReadStream& e) {
  out << "ReadStream{" << Text{e.stream} << ", after=" << At{e.after} << ", limit=" << e.limit;
  if (!e.types.empty()) out << ", " << e.types.size() << " types";
  return out << '}';
}

}  // namespace lantern
