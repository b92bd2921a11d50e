// Stores that are wrong in one way each about streams and their cursors.
#pragma once

#include "broken_stores.hpp"
#include "lantern/refuse.hpp"

namespace lantern::broken {

/// Reads stream by stream, and does everything right.
struct SoundStreams : Sound {
  using Sound::perform;
  using Sound::Sound;
  ListStreams::reply perform(const ListStreams& e) { return store.perform(e); }
  ReadStream::reply perform(const ReadStream& e) { return store.perform(e); }
};

struct CaseIsIgnored : SoundStreams {
  using SoundStreams::perform;
  using SoundStreams::SoundStreams;
  ListStreams::reply perform(const ListStreams& asked) {
    ListStreams e = asked;
    const std::string prefix = std::exchange(e.prefix, {});
    auto page = store.perform(e);
    const auto is_like = [&](const std::string& name) {
      return std::ranges::equal(prefix, name.substr(0, prefix.size()), {}, ::tolower, ::tolower);
    };
    if (page) std::erase_if(page->streams, [&](const StreamExtent& one) { return !is_like(one.stream); });
    return page;
  }
};

struct NewStreamsOnly : SoundStreams {
  using SoundStreams::perform;
  using SoundStreams::SoundStreams;
  ListStreams::reply perform(const ListStreams& e) {
    auto page = store.perform(e);
    if (page && e.changed_since)
      std::erase_if(page->streams, [](const StreamExtent& one) { return one.last.value > 2; });
    return page;
  }
};

struct NothingIsFine : SoundStreams {
  using SoundStreams::perform;
  using SoundStreams::SoundStreams;
  ListStreams::reply perform(const ListStreams& e) { return e.limit == 0 ? StreamPage{} : store.perform(e); }
};

struct StreamTailIsLost : SoundStreams {
  using SoundStreams::perform;
  using SoundStreams::SoundStreams;
  ReadStream::reply perform(const ReadStream& e) {
    auto slice = store.perform(e);
    if (slice) slice->scanned_to = slice->head;
    return slice;
  }
};

struct UnknownStreamFails : SoundStreams {
  using SoundStreams::perform;
  using SoundStreams::SoundStreams;
  ReadStream::reply perform(const ReadStream& e) {
    auto slice = store.perform(e);
    if (slice && !slice->head) return tl::unexpected(Failure(FailureKind::invalid, "no such stream"));
    return slice;
  }
};

/// A commit takes the place of what was stored.
struct OnlyTheNamedAreKept : SoundStreams {
  using SoundStreams::perform;
  using SoundStreams::SoundStreams;
  LoadCheckpoint::reply perform(const LoadCheckpoint& e) {
    auto found = store.perform(e);
    if (found && *found && (*found)->cursors.size() > 2) (*found)->cursors = {*(*found)->cursors.begin()};
    return found;
  }
};

/// The moves of a commit are checked and stored one after the other.
struct CursorByCursor : SoundStreams {
  using SoundStreams::perform;
  using SoundStreams::SoundStreams;
  SaveCheckpoint::reply perform(const SaveCheckpoint& e) {
    if (e.cursors.size() < 2 || refuse(e)) return store.perform(e);
    for (const CursorMove& move : e.cursors) {
      SaveCheckpoint one = e;
      one.cursors = {move};
      if (auto saved = store.perform(one); !saved) return saved;
    }
    return Saved{};
  }
};

struct CursorsMayStay : SoundStreams {
  using SoundStreams::perform;
  using SoundStreams::SoundStreams;
  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    SaveCheckpoint e = asked;
    std::erase_if(e.cursors, [](const CursorMove& move) { return std::optional(move.through) <= move.from; });
    if (e.cursors.empty() && !e.from && !e.through) return Saved{};
    return store.perform(e);
  }
};

struct CursorsOfAName : SoundStreams {
  using SoundStreams::perform;
  using SoundStreams::SoundStreams;
  LoadCheckpoint::reply perform(const LoadCheckpoint& asked) {
    LoadCheckpoint e = asked;
    e.projection.tenant.clear();
    return store.perform(e);
  }
  SaveCheckpoint::reply perform(const SaveCheckpoint& asked) {
    SaveCheckpoint e = asked;
    e.projection.tenant.clear();
    return store.perform(e);
  }
};

}  // namespace lantern::broken
