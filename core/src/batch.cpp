#include "batch.hpp"

#include <algorithm>

#include "instants.hpp"
#include "reading_streams.hpp"
#include "trouble.hpp"

namespace lantern::detail {
namespace {

void close_batch(Run& r) {
  r.batch_begin = r.next;
  r.batch_events = r.batch_bytes = r.batch_waited = r.batch_passed = 0;
  r.passed.clear();
  let_go(r);
}

bool batch_is_full(const Run& r) {
  const CommitPolicy& policy = r.config.commit;
  return (policy.max_events && r.batch_events + r.batch_passed >= policy.max_events->value()) ||
         (policy.max_bytes && r.batch_bytes >= policy.max_bytes->value()) ||
         (policy.max_age && between(r.batch_opened, r.now) >= policy.max_age->value()) ||
         // Bounds what is held in memory.
         (r.applied_by_store && r.exhausted() && r.held.bytes() >= r.config.page_bytes.value()) ||
         (r.keyed && r.exhausted() && r.batch_bytes >= r.config.page_bytes.value());
}

bool is_worth_a_commit(const Run& r) {
  const std::uint64_t enough = r.config.page_events.value();
  return r.batch_events + r.batch_passed >= enough || r.streams->cursors.moves() >= enough;
}

}  // namespace

void let_go(Run& r) {
  const std::size_t dropped = r.held.drop_before(r.applied_by_store ? r.batch_begin : r.next);
  r.next -= dropped;
  r.batch_begin -= std::min(r.batch_begin, dropped);
}

void open_batch(Run& r) {
  if (!r.dirty()) r.batch_opened = r.now;
}

void abandon_batch(Run& r) {
  r.at_head = r.rest_due = false;  // what was thrown away has to be read again
  if (r.streams) take_streams_back(r);
  r.held.clear();
  r.next = r.batch_begin = 0;
  r.failing.reset();
  r.wait.reset();
  if (r.keyed) r.keyed->forget();
  if (r.keeps_checkpoint) r.reached = r.stored;
  else r.summary.applied += r.batch_events;  // in memory nothing is undone; only records are lost
  close_batch(r);
}

void committed(Run& r) {
  r.stored = r.reached;
  if (r.streams) r.streams->cursors.committed();
  r.store_failures = 0;
  r.resolving.reset();
  const std::uint64_t applied = r.batch_events - r.batch_waited;
  r.summary.applied += applied;
  r.summary.quarantined += r.passed.size();
  ++r.summary.commits;
  if (r.keyed) {
    r.publishing = r.keyed->committed();
    r.stored_version = r.code;
  }
  tell(r, [&] { return happening::Committed{applied, r.passed.size(), r.reached}; });
  close_batch(r);
}

bool must_commit(const Run& r) {
  if (!r.dirty()) return false;
  if (r.failing || r.over() || r.filled() || batch_is_full(r)) return true;
  if (!r.exhausted()) return false;
  // A page of a stream may be one event: what a commit is worth is many of them.
  if (r.streams && r.config.commit.every_page()) return r.at_head || is_worth_a_commit(r);
  return r.config.commit.every_page() || (r.at_head && !r.config.commit.max_age);
}

void moved_on(Run& r) {
  if (r.streams) return stream_moved_on(r);
  r.reached = r.exhausted() ? r.held.scanned_to() : std::optional(r.held[r.next - 1].position);
}

}  // namespace lantern::detail
