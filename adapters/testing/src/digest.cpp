#include "digest.hpp"

namespace lantern::testing {

// The first number of each tells the effects apart.
void add_effect(Digest& d, const LoadCheckpoint& e) noexcept {
  d.add(std::uint64_t{1});
  d.add(static_cast<std::uint64_t>(e.purpose));
  d.add(e.generation);
}
void add_effect(Digest& d, const ReadEvents& e) noexcept {
  d.add(std::uint64_t{2});
  d.add(e.after);
  d.add(std::uint64_t{e.limit});
}
void add_effect(Digest& d, const SaveCheckpoint& e) noexcept {
  d.add(std::uint64_t{3});
  d.add(e.generation);
  d.add(e.from);
  d.add(e.through);
  d.add(e.fence);
  d.add(e.revision.value);
  for (const CursorMove& move : e.cursors) {
    d.add(move.stream);
    d.add(move.through);
  }
  for (const auto& run : e.writes.runs) {
    for (const RecordedEvent& event : run) d.add(event.position);
  }
  for (const StoredView& view : e.views) {
    d.add(view.key);
    d.add(view.version);
    if (view.state) d.add(*view.state);
  }
  for (const QuarantineRecord& record : e.quarantined) {
    d.add(record.position);
    d.add(static_cast<std::uint64_t>(record.reason));
    d.add(std::uint64_t{record.attempts});
    if (record.key) d.add(*record.key);
  }
}
void add_effect(Digest& d, const Sleep& e) noexcept {
  d.add(std::uint64_t{4});
  d.add(e.duration);
  d.add(static_cast<std::uint64_t>(e.reason));
  d.add(std::uint64_t{e.attempt});
}
void add_effect(Digest& d, const AcquireLease& e) noexcept {
  d.add(std::uint64_t{5});
  d.add(e.owner);
  d.add(static_cast<std::uint64_t>(e.role));
}
void add_effect(Digest& d, const RenewLease& e) noexcept {
  d.add(std::uint64_t{6});
  d.add(e.lease.fence);
}
void add_effect(Digest& d, const ReleaseLease& e) noexcept {
  d.add(std::uint64_t{7});
  d.add(e.lease.fence);
}
void add_effect(Digest& d, const LoadViews& e) noexcept {
  d.add(std::uint64_t{8});
  d.add(e.generation);
  for (const std::string& key : e.keys) d.add(key);
}
void add_effect(Digest& d, const Publish& e) noexcept {
  d.add(std::uint64_t{9});
  for (const Frame& frame : e.frames) {
    d.add(frame.key);
    d.add(frame.moment.version);
    d.add(frame.payload);
  }
}
void add_effect(Digest& d, const BeginRebuild& e) noexcept {
  d.add(std::uint64_t{10});
  d.add(e.version.program);
}
void add_effect(Digest& d, const ActivateGeneration& e) noexcept {
  d.add(std::uint64_t{11});
  d.add(e.generation);
}

void add_effect(Digest& d, const ListStreams& e) noexcept {
  d.add(std::uint64_t{12});
  d.add(e.prefix);
  d.add(e.after);
  d.add(e.changed_since);
}
void add_effect(Digest& d, const ReadStream& e) noexcept {
  d.add(std::uint64_t{13});
  d.add(e.stream);
  d.add(e.after);
}

void add_reply(Digest& d, const ListStreams::reply& reply) noexcept {
  d.add(std::uint64_t{reply.has_value()});
  if (!reply) return;
  d.add(reply->as_of);
  for (const StreamExtent& found : reply->streams) {
    d.add(found.stream);
    d.add(found.last);
  }
}
void add_reply(Digest& d, const ReadStream::reply& reply) noexcept {
  d.add(std::uint64_t{reply.has_value()});
  if (!reply) return;
  d.add(reply->scanned_to);
  d.add(reply->head);
  for (const RecordedEvent& event : reply->page.events()) {
    d.add(event.version);
    d.add(event.data);
  }
}
void add_reply(Digest& d, const ReadEvents::reply& reply) noexcept {
  d.add(std::uint64_t{reply.has_value()});
  if (!reply) return;
  d.add(reply->scanned_to);
  d.add(reply->head);
  for (const RecordedEvent& event : reply->events()) {
    d.add(event.position);
    d.add(event.data);
  }
}
void add_reply(Digest& d, const LoadCheckpoint::reply& reply) noexcept {
  d.add(std::uint64_t{reply.has_value()});
  if (!reply || !*reply) return;
  d.add((*reply)->position);
  d.add((*reply)->generation);
}
void add_reply(Digest& d, const LoadViews::reply& reply) noexcept {
  d.add(std::uint64_t{reply.has_value()});
  if (!reply) return;
  for (const StoredView& view : reply->views) {
    d.add(view.key);
    d.add(view.version);
  }
  for (const std::string& key : reply->parked) d.add(key);
}

}  // namespace lantern::testing
