#include "views.hpp"

namespace lantern::detail {

LoadedViews load(const KeptGeneration& kept, const std::vector<std::string>& keys) {
  LoadedViews loaded;
  for (const std::string& key : keys) {
    if (const StoredView* const view = kept.views.find(key)) loaded.views.push_back(*view);
    if (kept.is_parked(key)) loaded.parked.push_back(key);
  }
  return loaded;
}

KeptGeneration of(const KeptProjection& kept, std::optional<Generation> asked) {
  if (!asked) return kept.active;
  if (const KeptGeneration* const found = kept.find(*asked)) return *found;
  KeptGeneration none;
  none.generation = *asked;
  return none;
}

GetView::Answer get(const KeptGeneration& kept, const std::string& key) {
  GetView::Answer answer;
  answer.as_of = kept.as_of();
  if (const StoredView* const view = kept.views.find(key); view && view->state) answer.view = *view;
  return answer;
}

ScanViews::Page scan(const KeptGeneration& kept, const ScanViews& asked) {
  ScanViews::Page page;
  page.as_of = kept.as_of();
  std::uint64_t bytes = 0;
  const std::string& from = asked.after && *asked.after > asked.prefix ? *asked.after : asked.prefix;
  kept.views.each_from(from, [&](const auto& entry) {
    if (!entry.key.starts_with(asked.prefix)) return false;  // keys with the prefix stand together, from `from` on
    if (asked.after && entry.key <= *asked.after) return true;
    if (!entry.value.state) return true;
    page.more = page.views.size() == asked.limit || (bytes >= asked.byte_limit && !page.views.empty());
    if (page.more) return false;
    page.views.push_back(entry.value);
    bytes += entry.value.state->size();
    return true;
  });
  return page;
}

ReplaceView::reply replace(KeptProjection& kept, const ReplaceView& asked, const std::string& now) {
  KeptGeneration& active = kept.active;
  if (active.generation != asked.generation) {
    return tl::unexpected(Failure(FailureKind::invalid,
                                  "generation " + std::to_string(asked.generation.value) + " of " +
                                      to_string(asked.projection) + " is not active; " +
                                      std::to_string(active.generation.value) + " is",
                                  "read the checkpoint again, and make the view from the events up to it"));
  }
  if (active.position != asked.through) return tl::unexpected(CheckpointMoved{active.position});
  ++active.revision.value;
  active.put({asked.key, asked.state, asked.version, active.revision, asked.position, asked.schema_version, now});
  const KeptGeneration before = active;  // to erase while walking
  before.each_record(asked.key, [&](const auto& entry) { return active.records.erase(entry.key), true; });
  return ReplaceView::Replaced{{active.generation, active.revision, asked.version}};
}

}  // namespace lantern::detail
