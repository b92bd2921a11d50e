// Stores that are wrong about views in one way each.
#pragma once

#include <thread>

#include "broken_logs.hpp"

namespace lantern::broken {

/// What the tests of views need to know of a store.
struct SoundViews : Sound {
  using Sound::perform, Sound::Sound;

 protected:
  [[nodiscard]] Checkpoint at(const ProjectionId& id, std::optional<Generation> generation = {}) {
    const auto found = store.perform(LoadCheckpoint{id, LoadCheckpoint::Purpose::start, generation});
    return found && *found ? **found : Checkpoint{};
  }
  /// A commit that stands still, with what is stored.
  [[nodiscard]] SaveCheckpoint standing(const ProjectionId& id) {
    const Checkpoint now = at(id);
    SaveCheckpoint save;
    save.projection = id;
    save.generation = now.generation;
    save.from = save.through = now.position;
    save.revision = now.revision;
    save.version = now.version;
    return save;
  }
  /// Long enough for another thread to commit; for a while only, if there is none.
  void let_others_commit(const ProjectionId& id) {
    const Checkpoint before = at(id);
    for (int i = 0; i < 200 && at(id) == before; ++i) std::this_thread::yield();
  }
};

// ---- what is stored ----

struct StateEndsAtNul : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    for (auto& view : save.views) {
      if (view.state) view.state = view.state->c_str();
    }
    return store.perform(save);
  }
};

struct OneViewIsStored : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    if (save.views.size() == 2) save.views.pop_back();
    return store.perform(save);
  }
};

struct UnknownIsAnError : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  GetView::reply perform(const GetView& asked) {
    auto answer = store.perform(asked);
    if (answer && !answer->as_of.position)
      return tl::unexpected(Failure(FailureKind::invalid, "there is no such view"));
    return answer;
  }
};

struct ErasedAreForgotten : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  LoadViews::reply perform(const LoadViews& asked) {
    auto loaded = store.perform(asked);
    if (loaded) std::erase_if(loaded->views, [](const auto& view) { return !view.state && view.version > 0; });
    return loaded;
  }
};

struct ResetIsForgotten : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  LoadViews::reply perform(const LoadViews& asked) {
    auto loaded = store.perform(asked);
    if (loaded) std::erase_if(loaded->views, [](const auto& view) { return view.version == 0; });
    return loaded;
  }
};

struct EmptyIsErased : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    for (auto& view : save.views) {
      if (view.state && view.state->empty()) view.state.reset();
    }
    return store.perform(save);
  }
};

struct ViewsAreCached : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  GetView::reply perform(const GetView& asked) {
    const auto key = std::tuple(asked.projection, asked.key, asked.generation);
    if (const auto found = known.find(key); found != known.end()) return found->second;
    auto answer = store.perform(asked);
    if (answer && answer->view) known.emplace(key, *answer);
    return answer;
  }
  SaveCheckpoint::reply perform(const SaveCheckpoint& save) { return known.clear(), store.perform(save); }
  std::map<std::tuple<ProjectionId, std::string, std::optional<Generation>>, GetView::Answer> known{};
};

struct AsOfIsNotTold : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  GetView::reply perform(const GetView& asked) {
    auto answer = store.perform(asked);
    if (answer && !answer->view) answer->as_of = {};
    return answer;
  }
};

struct ViewsAreTheirOwnCommit : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& save) {
    auto reply = store.perform(save);
    if (reply) return reply;
    SaveCheckpoint views = standing(save.projection);
    views.views = save.views;
    static_cast<void>(store.perform(views));
    return reply;
  }
};

struct FirstCommitIsFromTheBeginning : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    if (!save.from && !save.views.empty()) {
      for (auto& view : save.views) view.version = view.state ? 1 : view.version;
    }
    return store.perform(save);
  }
};

// ---- scanning ----

struct ScanPrefixLikeSql : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& given) {
    ScanViews asked = given;
    asked.prefix.clear();
    asked.limit = 1'000'000;
    auto page = store.perform(asked);
    if (!page || given.limit == 0) return store.perform(given);
    std::erase_if(page->views, [&](const auto& view) { return !PrefixLikeSql::like(view.key, given.prefix); });
    page->more = page->views.size() > given.limit;
    if (page->more) page->views.resize(given.limit);
    return page;
  }
};

struct ScanOrderIsOfLetters : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& asked) {
    auto page = store.perform(asked);
    const auto folded = [](const StoredView& view) {
      std::string key = view.key;
      for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      return key;
    };
    if (page) std::ranges::stable_sort(page->views, {}, folded);
    return page;
  }
};

struct MoreIsDenied : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& asked) {
    auto page = store.perform(asked);
    if (page) page->more = false;
    return page;
  }
};

struct ErasedFillPages : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& asked) {
    auto page = store.perform(asked);
    if (page && page->views.size() == 1 && asked.limit > 1 && page->more == false) page->views.clear();
    return page;
  }
};

struct ScanAfterIsInclusive : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& given) {
    ScanViews asked = given;
    if (asked.after && !asked.after->empty()) asked.after->pop_back();
    return store.perform(asked);
  }
};

struct ScanByteLimitIsIgnored : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& given) {
    ScanViews asked = given;
    asked.byte_limit = 1ULL << 40;
    return store.perform(asked);
  }
};

/// Says that it has looked further than it has.
struct ScanSkipsAhead : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& asked) {
    auto page = store.perform(asked);
    if (page && page->more) page->scanned_to = page->views.back().key + "\x7F";
    return page;
  }
};

struct ScanLooksBack : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& asked) {
    auto page = store.perform(asked);
    if (page && page->more) page->scanned_to = "";
    return page;
  }
};

struct ConditionIsIgnored : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& given) {
    ScanViews asked = given;
    asked.where.reset();
    return store.perform(asked);
  }
};

struct KeysHaveNoCase : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  GetView::reply perform(const GetView& given) {
    GetView asked = given;
    for (char& c : asked.key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto answer = store.perform(asked);
    if (answer && answer->view) answer->view->key = given.key;
    return answer;
  }
};

struct KeysEndAtNul : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    for (auto& view : save.views) view.key = view.key.c_str();
    return store.perform(save);
  }
};

struct AnyNameHasViews : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  GetView::reply perform(const GetView& asked) {
    auto answer = store.perform(asked);
    if (!answer) return GetView::Answer{};
    return answer;
  }
};

struct TenantsShareViews : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  GetView::reply perform(const GetView& given) {
    GetView asked = given;
    if (asked.projection.name == "orders") asked.projection.tenant.clear();
    return store.perform(asked);
  }
};

// ---- instants ----

struct ScanOfTwoInstants : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ScanViews::reply perform(const ScanViews& asked) {
    ScanViews half = asked;
    half.limit = asked.limit / 2;
    if (half.limit < 20) return store.perform(asked);
    half.limit = 10;
    auto first = store.perform(half);
    if (!first || !first->more) return first;
    let_others_commit(asked.projection);
    half.after = first->views.back().key;
    half.limit = asked.limit - 10;
    auto second = store.perform(half);
    if (!second) return second;
    second->views.insert(second->views.begin(), first->views.begin(), first->views.end());
    return second;
  }
};

struct AsOfIsOfAnotherInstant : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  GetView::reply perform(const GetView& asked) {
    auto answer = store.perform(asked);
    if (!answer || asked.generation) return answer;
    let_others_commit(asked.projection);
    const auto later = store.perform(asked);
    if (later) answer->as_of = later->as_of;
    return answer;
  }
};

// ---- replacing ----

struct RevisionUnchecked : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    if (save.revision < Revision{1}) save.revision = at(save.projection, save.generation).revision;
    return store.perform(save);
  }
};

struct RevisionUncheckedWithoutViews : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    if (save.views.empty()) save.revision = at(save.projection, save.generation).revision;
    return store.perform(save);
  }
};

struct EditionIsForgotten : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    for (auto& view : save.views) view.edition = {};
    return store.perform(save);
  }
};

struct MomentIsMistold : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ReplaceView::reply perform(const ReplaceView& asked) {
    auto reply = store.perform(asked);
    if (reply) reply->moment.edition = Revision{1};
    return reply;
  }
};

struct ThroughUnchecked : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ReplaceView::reply perform(const ReplaceView& given) {
    ReplaceView replace = given;
    replace.through = at(replace.projection).position;
    return store.perform(replace);
  }
};

struct VersionZeroIsFine : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ReplaceView::reply perform(const ReplaceView& given) {
    ReplaceView replace = given;
    if (replace.state && replace.version == 0) replace.version = 1;
    return store.perform(replace);
  }
};

struct NothingToReplace : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ReplaceView::reply perform(const ReplaceView& asked) {
    if (!stored(asked.projection)) return tl::unexpected(Failure(FailureKind::invalid, "there is no such projection"));
    return store.perform(asked);
  }
};

// ---- parked keys ----

struct NoKeyIsTheEmptyKey : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    for (auto& record : save.quarantined) record.key = record.key.value_or("");
    return store.perform(save);
  }
};

struct OneRecordForEachEvent : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  SaveCheckpoint::reply perform(const SaveCheckpoint& given) {
    SaveCheckpoint save = given;
    std::set<Position> seen;
    std::erase_if(save.quarantined, [&](const auto& record) { return !seen.insert(record.position).second; });
    return store.perform(save);
  }
};

struct ParkedForEver : SoundViews {
  using SoundViews::perform, SoundViews::SoundViews;
  ReplaceView::reply perform(const ReplaceView& asked) {
    auto records = store.quarantined(asked.projection);
    std::erase_if(records, [&](const auto& record) { return record.key != asked.key; });
    auto reply = store.perform(asked);
    SaveCheckpoint again = standing(asked.projection);
    again.quarantined = std::move(records);
    if (reply && !again.quarantined.empty()) static_cast<void>(store.perform(again));
    return reply;
  }
};

}  // namespace lantern::broken
