#include "views.hpp"

#include <algorithm>

namespace lantern::detail {

StoredView made(std::string key, std::string state, std::int64_t version) {
  return {.key = std::move(key), .state = std::move(state), .version = version};
}

StoredView erased(std::string key, std::int64_t version) { return {.key = std::move(key), .version = version}; }

SaveCheckpoint ViewRun::next(std::vector<StoredView> views) const {
  SaveCheckpoint save;
  save.projection = id;
  save.generation = generation;
  save.from = at;
  save.through = Position{at ? at->value + 1 : 1};
  save.revision = revision;
  save.version = version;
  save.fence = fence;
  for (StoredView& view : views) {
    if (!view.position) view.position = save.through;
  }
  save.views = std::move(views);
  return save;
}

void ViewRun::commit(SuiteStore& store, std::vector<StoredView> views) {
  const SaveCheckpoint save = next(std::move(views));
  must(shown(save), Lab::perform(store, save));
  at = save.through;
}

ViewRun run_of(SuiteStore& store, const ProjectionId& id, std::optional<Generation> generation) {
  const auto found = must("loading the checkpoint of " + to_string(id),
                          Lab::perform(store, LoadCheckpoint{id, LoadCheckpoint::Purpose::start, generation}));
  ViewRun run;
  run.id = id;
  if (!found) return run;
  run.generation = found->generation;
  run.at = found->position;
  run.revision = found->revision;
  run.version = found->version;
  return run;
}

// ---- reading ----

namespace {

void undate(const std::string& what, StoredView& view) {
  if (view.updated_at.empty()) broken(what + ": a view that does not say when it was updated: " + shown(view));
  view.updated_at.clear();
}

}  // namespace

GetView::Answer get(SuiteStore& store, const ProjectionId& id, const std::string& key,
                    std::optional<Generation> generation) {
  const GetView asked{id, key, generation};
  auto answer = must(shown(asked), Lab::perform(store, asked));
  if (!answer.view) return answer;
  expect_same(shown(asked) + ": the key", answer.view->key, key);
  expect(answer.view->state.has_value(), shown(asked) + ": a view without a state is none");
  undate(shown(asked), *answer.view);
  return answer;
}

ScanViews::Page scan_page(SuiteStore& store, const ScanViews& asked) {
  auto page = must(shown(asked), Lab::perform(store, asked));
  expect(page.views.size() <= asked.limit, shown(asked) + ": more views than the limit");
  expect(!page.more || page.next(), shown(asked) + ": there is more, after nothing");
  const std::string* last = asked.after ? &*asked.after : nullptr;
  std::uint64_t bytes = 0;
  for (StoredView& view : page.views) {
    expect(!last || *last < view.key, shown(asked) + ": keys must ascend by their bytes, but after " +
                                          shown(last ? *last : std::string()) + " came " + shown(view.key));
    expect(view.key.starts_with(asked.prefix), shown(asked) + ": a key without the prefix, " + shown(view.key));
    expect(view.state.has_value(), shown(asked) + ": a view without a state is none, of key " + shown(view.key));
    expect(bytes < asked.byte_limit || &view == &page.views.front(),
           shown(asked) + ": the page went on after it reached its byte limit, with " + shown(view.key));
    bytes += view.state->size();
    undate(shown(asked), view);
    last = &view.key;
  }
  if (page.scanned_to) {
    expect(page.views.empty() ? !last || *last < *page.scanned_to : *last <= *page.scanned_to,
           shown(asked) + ": it was scanned to " + shown(*page.scanned_to) + ", which is before " +
               shown(last ? *last : std::string()));
  }
  return page;
}

Views scan(SuiteStore& store, ScanViews asked) {
  Views all;
  for (bool more = true; more;) {
    auto page = scan_page(store, asked);
    more = page.more;
    asked.after = page.next();
    std::move(page.views.begin(), page.views.end(), std::back_inserter(all));
  }
  return all;
}

Views scan(SuiteStore& store, const ProjectionId& id, std::optional<Generation> generation) {
  ScanViews asked;
  asked.projection = id;
  asked.generation = generation;
  return scan(store, asked);
}

LoadedViews load(SuiteStore& store, const ProjectionId& id, std::vector<std::string> keys, Generation generation) {
  const LoadViews asked{id, generation, std::move(keys)};
  auto loaded = must(shown(asked), Lab::perform(store, asked));
  for (StoredView& view : loaded.views) undate(shown(asked), view);
  std::ranges::sort(loaded.views, {}, &StoredView::key);
  std::ranges::sort(loaded.parked);
  return loaded;
}

std::optional<std::string> state(SuiteStore& store, const ProjectionId& id, const std::string& key) {
  const auto answer = get(store, id, key);
  return answer.view ? answer.view->state : std::nullopt;
}

std::vector<std::string> keys_of(const Views& views) {
  std::vector<std::string> keys;
  for (const auto& view : views) keys.push_back(view.key);
  return keys;
}

std::optional<Moment> moment(const GetView::Answer& answer) {
  if (!answer.view) return std::nullopt;
  return Moment{answer.as_of.generation, answer.view->edition, answer.view->version};
}

// ---- generations ----

std::vector<GenerationStatus> list(SuiteStore& store, const ProjectionId& id) {
  return must("listing the generations of " + to_string(id), Lab::perform(store, ListGenerations{id}));
}

ViewRun begin(SuiteStore& store, const ProjectionId& id, CodeVersion version, std::optional<Fence> fence) {
  const BeginRebuild asked{id, version, fence};
  const Checkpoint begun = must(shown(asked), Lab::perform(store, asked));
  expect_same(shown(asked) + ": the version", begun.version, version);
  return {id, begun.generation, begun.position, begun.revision, version, fence};
}

void activate(SuiteStore& store, const ViewRun& built) {
  const ActivateGeneration asked{built.id, built.generation, built.fence};
  must(shown(asked), Lab::perform(store, asked));
}

Picture picture(Lab& lab, const ProjectionId& id, const std::vector<std::string>& keys) {
  SuiteStore& store = lab.store();
  Picture seen;
  if (lab.offers().generations) seen.generations = list(store, id);
  std::vector<Generation> numbers{run_of(store, id).generation};
  for (const auto& one : seen.generations) numbers.push_back(one.generation);
  for (const Generation number : numbers) {
    const LoadCheckpoint asked{id, LoadCheckpoint::Purpose::inspect, number};
    seen.checkpoints.push_back(must(shown(asked), Lab::perform(store, asked)));
    seen.views.push_back(scan(store, id, number));
    seen.loaded.push_back(load(store, id, keys, number));
  }
  seen.records = store.quarantined(id);
  return seen;
}

void expect_unchanged(const std::string& after_what, const Picture& now, const Picture& before) {
  expect_same("the generations after " + after_what, now.generations, before.generations);
  expect_same("the checkpoints after " + after_what, now.checkpoints, before.checkpoints);
  expect_same("the views after " + after_what, now.views, before.views);
  for (std::size_t i = 0; i < now.loaded.size(); ++i) {
    expect_same("the views with erased ones after " + after_what, now.loaded[i].views, before.loaded[i].views);
    expect_same("the parked keys after " + after_what, now.loaded[i].parked, before.loaded[i].parked);
  }
  expect_same("the records after " + after_what, now.records, before.records);
}

}  // namespace lantern::detail
