// Stores whose log is wrong in one way each: appending, and reading.
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "sound_store.hpp"

namespace lantern::broken {

// ---- appending ----

struct IdsForgotten : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& given) {
    AppendEvents batch = given;
    for (auto& event : batch.events) event.id.clear();
    return store.perform(batch);
  }
};

struct VersionsUnchecked : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& given) {
    AppendEvents batch = given;
    batch.expected.clear();
    return store.perform(batch);
  }
};

struct VersionsCheckedOneByOne : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& batch) {
    Appended done;
    for (const auto& event : batch.events) {
      AppendEvents one{{event}, {}};
      for (const auto& expected : batch.expected) {
        if (expected.stream == event.stream) one.expected.push_back(expected);
      }
      const auto reply = store.perform(one);
      if (!reply) return reply;
      done = {done.added + reply->added, done.duplicates + reply->duplicates, reply->last};
    }
    return done;
  }
};

struct NulBecomesUnderscore : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& given) {
    AppendEvents batch = given;
    for (auto& event : batch.events) std::ranges::replace(event.stream, '\0', '_');
    return store.perform(batch);
  }
};

struct TextEndsAtNul : Sound {
  using Sound::perform, Sound::Sound;
  AppendEvents::reply perform(const AppendEvents& given) {
    AppendEvents batch = given;
    for (auto& event : batch.events) event.data = event.data.c_str();
    return store.perform(batch);
  }
};

struct VersionIsPosition : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (!page) return page;
    EventPage wrong = only(*page, [](const auto&) { return false; });
    for (RecordedEvent event : page->events()) {
      event.version = event.position.value;
      wrong.add(event);
    }
    return wrong;
  }
};

struct HintsNeverEnd : Sound {
  using Sound::perform, Sound::Sound;
  Subscription on_append(std::function<void()> callback) {
    for_ever->push_back(store.on_append(std::move(callback)));
    return Subscription();
  }
  std::shared_ptr<std::vector<Subscription>> for_ever = std::make_shared<std::vector<Subscription>>();
};

// ---- reading ----

struct AfterIsInclusive : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    if (asked.after && asked.after->value > 0) --asked.after->value;
    return store.perform(asked);
  }
};

struct OneTooMany : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    if (asked.limit > 0 && asked.limit < 1'000'000) ++asked.limit;
    return store.perform(asked);
  }
};

struct ZeroMeansAll : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    if (asked.limit == 0) asked.limit = 1'000'000;
    return store.perform(asked);
  }
};

struct BytesWithoutLimit : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    asked.byte_limit = 1ULL << 40;
    return store.perform(asked);
  }
};

struct PrefixLikeSql : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    const auto prefix = std::exchange(asked.filter.stream_prefix, std::nullopt);
    auto page = store.perform(asked);
    if (!page || !prefix) return page;
    return only(*page, [&](const RecordedEvent& event) { return like(event.stream, *prefix); });
  }
  static bool like(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return true;  // PREFIX%
    if (pattern.front() == '%') {
      for (std::size_t i = 0; i <= text.size(); ++i) {
        if (like(text.substr(i), pattern.substr(1))) return true;
      }
      return false;
    }
    const auto folded = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return !text.empty() && (pattern.front() == '_' || folded(pattern.front()) == folded(text.front())) &&
           like(text.substr(1), pattern.substr(1));
  }
};

struct FirstTypeOnly : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& given) {
    ReadEvents asked = given;
    if (asked.filter.types.size() > 1) asked.filter.types.resize(1);
    return store.perform(asked);
  }
};

struct TailIsLost : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (page && !page->empty()) page->scanned_to = page->head;
    return page;
  }
};

struct RejectedTailIsReadAgain : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (page) page->scanned_to = page->empty() ? asked.after : page->events().back().position;
    return page;
  }
};

struct HeadIsNotTold : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (page) page->head.reset();
    return page;
  }
};

struct UndecodableIsDropped : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (!page) return page;
    return only(*page, [](const auto& event) { return event.data != "{\"a\":"; });
  }
};

/// As if positions were given out before their transactions commit: each event but the newest is seen late.
struct SeenLate : Sound {
  using Sound::perform, Sound::Sound;
  ReadEvents::reply perform(const ReadEvents& asked) {
    auto page = store.perform(asked);
    if (!page) return page;
    static std::mutex mutex;
    // Keeps the databases, so that none is taken for an earlier one that had the same address.
    static std::map<std::shared_ptr<MemoryDatabase>, std::set<Position>> settled_in;
    const std::lock_guard lock(mutex);
    auto& settled = settled_in[store.database()];
    return only(*page, [&](const auto& event) {
      return event.position.value % 3 != 1 || event.position == page->head || !settled.insert(event.position).second;
    });
  }
};

}  // namespace lantern::broken
