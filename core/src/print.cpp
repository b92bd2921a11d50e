// How effects, replies and errors look in a trace: one line each, whatever their texts contain.
#include <ostream>

#include "lantern/observer.hpp"
#include "lantern/pipeline.hpp"
#include "print_parts.hpp"

namespace lantern {

using detail::At;
using detail::Text;

namespace {

struct Span {
  std::chrono::nanoseconds length;
  friend std::ostream& operator<<(std::ostream& out, const Span& s) {
    if (s.length.count() % 1'000'000 == 0) return out << s.length.count() / 1'000'000 << "ms";
    return out << s.length.count() << "ns";
  }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Position& p) { return out << p.value; }
std::ostream& operator<<(std::ostream& out, const Generation& g) { return out << g.value; }
std::ostream& operator<<(std::ostream& out, const Fence& f) { return out << f.value; }
std::ostream& operator<<(std::ostream& out, const ProjectionId& id) { return out << Text{to_string(id)}; }
std::ostream& operator<<(std::ostream& out, const Failure& f) {
  return out << to_string(f.kind) << ": " << to_string(f);
}

std::string to_string(const ProjectionId& id) {
  return id.tenant.empty() ? id.name : id.name + " of tenant " + id.tenant;
}

std::string to_string(const LogIdentity& log) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(16, '0');
  std::uint64_t rest = log.value;
  for (auto digit = text.rbegin(); rest != 0; ++digit, rest >>= 4) *digit = digits[rest & 15];
  return text;
}

std::ostream& operator<<(std::ostream& out, const LogIdentity& log) { return out << to_string(log); }

std::ostream& operator<<(std::ostream& out, const RecordedEvent& e) {
  return out << e.position << ' ' << Text{e.type} << '@' << Text{e.stream} << '#' << e.version << ' ' << Text{e.data};
}

std::ostream& operator<<(std::ostream& out, const EventFilter& f) {
  out << '[';
  if (f.stream) out << "stream=" << Text{*f.stream} << ' ';
  if (f.stream_prefix) out << "prefix=" << Text{*f.stream_prefix} << ' ';
  for (const auto& type : f.types) out << Text{type} << ' ';
  return out << ']';
}

std::ostream& operator<<(std::ostream& out, const EventPage& p) {
  out << p.size() << " events, scanned_to=" << At{p.scanned_to} << ", head=" << At{p.head};
  if (p.first) out << ", first=" << *p.first;
  if (p.log) out << ", log=" << *p.log;
  return out;
}

const char* to_string(LoadCheckpoint::Purpose purpose) noexcept {
  switch (purpose) {
    case LoadCheckpoint::Purpose::start: return "start";
    case LoadCheckpoint::Purpose::resolve: return "resolve";
    case LoadCheckpoint::Purpose::inspect: break;
  }
  return "inspect";
}

const char* to_string(Sleep::Reason reason) noexcept {
  switch (reason) {
    case Sleep::Reason::idle: return "idle";
    case Sleep::Reason::poll_retry: return "poll_retry";
    case Sleep::Reason::event_retry: return "event_retry";
    case Sleep::Reason::store_retry: return "store_retry";
    case Sleep::Reason::standby: return "standby";
    case Sleep::Reason::yielding: break;
  }
  return "yielding";
}

const char* to_string(QuarantineReason reason) noexcept {
  switch (reason) {
    case QuarantineReason::skipped: return "skipped";
    case QuarantineReason::exhausted: return "exhausted";
    case QuarantineReason::unreadable: return "unreadable";
    case QuarantineReason::waiting: break;
  }
  return "waiting";
}

std::string to_string(const SaveError& error) {
  struct {
    std::string operator()(const CheckpointMoved& e) const {
      return "checkpoint moved: " + (e.actual ? std::to_string(e.actual->value) : std::string("absent"));
    }
    std::string operator()(const LostLeadership& e) const { return "lost leadership: " + detail::one_line(e.holder); }
    std::string operator()(const WriteFailed& e) const {
      return "write " + std::to_string(e.index) + " failed: " + to_string(e.cause);
    }
    std::string operator()(const OutcomeUnknown& e) const { return "outcome unknown: " + to_string(e.cause); }
    std::string operator()(const ViewsReplaced& e) const {
      return "views replaced: revision " + std::to_string(e.actual.value);
    }
    std::string operator()(const GenerationMoved& e) const {
      return "generation moved: " + std::to_string(e.active.value) + " is active";
    }
    std::string operator()(const CursorMoved& e) const {
      return "cursor of " + detail::one_line(e.stream) +
             " moved: " + (e.actual ? std::to_string(e.actual->value) : std::string("absent"));
    }
    std::string operator()(const Failure& e) const { return to_string(e); }
  } const show;
  return std::visit(show, error);
}

std::ostream& operator<<(std::ostream& out, const Checkpoint& c) {
  out << At{c.position} << " (generation " << c.generation;
  if (c.revision != Revision{}) out << ", revision " << c.revision;
  if (c.version != CodeVersion{}) out << ", code " << c.version;
  if (!c.cursors.empty()) out << ", " << c.cursors.size() << (c.cursors.size() == 1 ? " stream" : " streams");
  if (c.log) out << ", log " << *c.log;
  return out << ')';
}

std::ostream& operator<<(std::ostream& out, const LoadCheckpoint& e) {
  out << "LoadCheckpoint{" << e.projection << ", " << to_string(e.purpose);
  if (e.generation) out << ", generation " << *e.generation;
  return out << '}';
}

std::ostream& operator<<(std::ostream& out, const QuarantineRecord& q) {
  out << q.position << ' ' << Text{q.type} << '@' << Text{q.stream};
  if (q.key) out << " for key " << Text{*q.key};
  return out << ' ' << to_string(q.reason) << " after " << q.attempts << ": " << Text{q.error};
}

std::ostream& operator<<(std::ostream& out, const SaveCheckpoint& e) {
  out << "SaveCheckpoint{" << e.projection << ", from=" << At{e.from} << ", through=" << At{e.through}
      << ", writes=" << e.writes.size() << ", quarantined=" << e.quarantined.size();
  if (!e.cursors.empty()) out << ", cursors=" << e.cursors.size();
  if (!e.views.empty()) out << ", views=" << e.views.size();
  if (e.generation != Generation{}) out << ", generation=" << e.generation;
  if (e.revision != Revision{}) out << ", revision=" << e.revision;
  if (e.fence) out << ", fence=" << *e.fence;
  if (e.log) out << ", log=" << *e.log;
  return out << '}';
}

std::ostream& operator<<(std::ostream& out, const ReadEvents& e) {
  out << "ReadEvents{after=" << At{e.after} << ", limit=" << e.limit;
  if (e.filter != EventFilter{}) out << ", filter=" << e.filter;
  return out << '}';
}

std::ostream& operator<<(std::ostream& out, const Sleep& e) {
  out << "Sleep{" << Span{e.duration} << ", " << to_string(e.reason);
  if (e.attempt > 0) out << ' ' << e.attempt;
  return out << '}';
}

const char* to_string(Role role) noexcept { return role == Role::live ? "live" : "rebuild"; }

namespace {
// Most leases are for the live role, so that goes without saying.
struct For {
  Role role;
  friend std::ostream& operator<<(std::ostream& out, const For& f) {
    return f.role == Role::live ? out << '}' : out << ", " << to_string(f.role) << '}';
  }
};
}  // namespace

std::ostream& operator<<(std::ostream& out, const AcquireLease& e) {
  return out << "AcquireLease{" << e.projection << ", " << Text{e.owner} << ", " << Span{e.ttl} << For{e.role};
}
std::ostream& operator<<(std::ostream& out, const RenewLease& e) {
  return out << "RenewLease{" << e.projection << ", " << Text{e.lease.owner} << ", fence=" << e.lease.fence
             << For{e.role};
}
std::ostream& operator<<(std::ostream& out, const ReleaseLease& e) {
  return out << "ReleaseLease{" << e.projection << ", " << Text{e.lease.owner} << ", fence=" << e.lease.fence
             << For{e.role};
}
std::ostream& operator<<(std::ostream& out, const AppendEvents& e) {
  return out << "AppendEvents{" << e.events.size() << " events, " << e.expected.size() << " expectations}";
}

std::ostream& operator<<(std::ostream& out, const RunSummary& s) {
  constexpr const char* endings[] = {"caught up", "stopped", "failed", "rebuilt"};
  out << endings[static_cast<int>(s.ending)] << " at " << At{s.position} << ": " << s.applied << " applied, "
      << s.quarantined << " quarantined, " << s.retries << (s.retries == 1 ? " retry, " : " retries, ") << s.pages
      << (s.pages == 1 ? " page, " : " pages, ") << s.commits << (s.commits == 1 ? " commit" : " commits");
  return s.commit_in_doubt ? out << ", the last commit in doubt" : out;
}

std::ostream& operator<<(std::ostream& out, const ProjectionError& e) { return out << e.message(); }

std::ostream& operator<<(std::ostream& out, const Step& step) {
  std::visit(
      [&out](const auto& pending) {
        if constexpr (requires { pending.effect(); }) out << pending.effect();
        else if (pending) out << "Finished{" << *pending << '}';
        else out << "Finished{error: " << pending.error() << '}';
      },
      static_cast<const Step::Base&>(step));
  return out;
}

std::ostream& operator<<(std::ostream& out, const Happening& what) {
  struct {
    std::ostream& out;
    void operator()(const happening::Started& h) const {
      out << "started after " << At{h.position} << ", generation " << h.generation;
    }
    void operator()(const happening::PageRead& h) const {
      out << "page of " << h.events << ", scanned to " << At{h.scanned_to} << ", head " << At{h.head};
    }
    void operator()(const happening::EventFailed& h) const {
      out << "event " << h.position << " failed, attempt " << h.attempt << ": " << h.cause;
    }
    void operator()(const happening::RetryScheduled& h) const {
      out << "retry " << h.attempt << " (" << to_string(h.reason) << ") in " << Span{h.delay};
    }
    void operator()(const happening::Quarantined& h) const { out << "quarantined " << h.record; }
    void operator()(const happening::Committed& h) const {
      out << "committed " << h.applied << " applied, " << h.quarantined << " quarantined, through " << At{h.through};
    }
    void operator()(const happening::CaughtUp& h) const { out << "caught up at " << At{h.position}; }
    void operator()(const happening::StoreFailed& h) const { out << "store failed: " << h.cause; }
    void operator()(const happening::LeaseGained& h) const {
      out << "lease gained by " << Text{h.lease.owner} << ", fence " << h.lease.fence;
    }
    void operator()(const happening::LeaseLost& h) const { out << "lease lost to " << Text{h.holder}; }
    void operator()(const happening::PublishFailed& h) const {
      out << h.frames << (h.frames == 1 ? " frame was" : " frames were") << " not published: " << h.cause;
    }
    void operator()(const happening::ViewsReloaded& h) const { out << "views replaced, revision " << h.revision; }
    void operator()(const happening::RebuildBegun& h) const {
      out << "rebuilding as generation " << h.generation << " after " << At{h.position};
    }
    void operator()(const happening::Activated& h) const { out << "generation " << h.generation << " is active"; }
    void operator()(const happening::StreamsListed& h) const {
      out << h.streams << (h.streams == 1 ? " stream" : " streams") << " to be read";
    }
    void operator()(const happening::StreamRead& h) const {
      out << h.events << " events of stream " << Text{h.stream} << ", scanned to " << At{h.scanned_to} << ", head "
          << At{h.head};
    }
    void operator()(const happening::StreamSetAside& h) const {
      out << "stream " << Text{h.stream} << " is set aside at " << At{h.at} << ": " << Text{h.what};
      if (h.cause) out << ": " << *h.cause;
    }
    void operator()(const happening::StandingBy& h) const { out << "standing by, " << Text{h.holder} << " leads"; }
  } const show{out};
  std::visit(show, what);
  return out;
}

}  // namespace lantern
