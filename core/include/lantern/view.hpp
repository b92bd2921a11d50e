// Views: one state for each key, as it is stored, and the frames that tell of its changes.
#pragma once

#include <compare>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "lantern/identity.hpp"

namespace lantern {

/// Counts the times that views of a generation were replaced from outside of its run (`ReplaceView`). A run that builds
/// on an older revision has its commit refused, and loads again.
struct Revision {
  std::int64_t value{};
  friend auto operator<=>(const Revision&, const Revision&) = default;
};

/// The code that made a generation: a projection that is run with a greater one rebuilds first.
struct CodeVersion {
  std::int64_t program{1};  ///< the projector's `version()`; from 1
  std::int32_t schema{1};   ///< shape of its `State`, its `state_version`; from 1
  friend auto operator<=>(const CodeVersion&, const CodeVersion&) = default;
};

/// Which view it is, and which of its changes was the last. For one key, of two moments the later is the greater one:
/// `version` grows with each change, `edition` each time the view is replaced from outside (its versions begin anew),
/// and `generation` with each rebuild or rollback.
struct Moment {
  Generation generation{};
  Revision edition{};      ///< the revision at which it was replaced last; 0: never
  std::int64_t version{};  ///< changes applied so far; 0: none
  friend auto operator<=>(const Moment&, const Moment&) = default;
};

/// One key's view as it is stored. A view that was erased keeps its row, without a state, so that its version goes on.
struct StoredView {
  std::string key{};
  std::optional<std::string> state{};  ///< as its codec wrote it, any bytes; absent: erased
  std::int64_t version{};              ///< changes applied so far, from 1; 0: only of one that was reset
  Revision edition{};                  ///< see `Moment`
  std::optional<Position> position{};  ///< of the event that changed it last
  std::int32_t schema_version{1};      ///< shape of the state, from 1
  std::string updated_at{};            ///< RFC 3339 in UTC, by the store's clock; ignored when it is saved
  friend bool operator==(const StoredView&, const StoredView&) = default;
};

/// Of which moment of the projection an answer is.
struct AsOf {
  Generation generation{};
  std::optional<Position> position{};  ///< the checkpoint; absent: nothing is applied yet
  Revision revision{};
  friend bool operator==(const AsOf&, const AsOf&) = default;
};

/// One change of one view, for those who follow it.
struct Frame {
  enum class Kind : std::uint8_t {
    delta,     ///< `payload` is the delta that leads from version - 1 to `version`
    erased,    ///< the view is gone; `version` goes on
    snapshot,  ///< the view was replaced: `payload` is its whole state
    reset,     ///< the view was taken away from outside, and begins anew; version 0
  };
  std::string key{};
  Moment moment{};
  Position position{};  ///< of the event, or the one that a replacement is as of
  Kind kind{Kind::delta};
  std::string payload{};
  friend bool operator==(const Frame&, const Frame&) = default;
};

/// Keys are data: any UTF-8 without NUL, empty too, of at most this many bytes.
inline constexpr std::size_t longest_view_key = 1024;

[[nodiscard]] const char* to_string(Frame::Kind) noexcept;
std::ostream& operator<<(std::ostream&, const Revision&);
std::ostream& operator<<(std::ostream&, const CodeVersion&);
std::ostream& operator<<(std::ostream&, const Moment&);
std::ostream& operator<<(std::ostream&, const StoredView&);
std::ostream& operator<<(std::ostream&, const AsOf&);
std::ostream& operator<<(std::ostream&, const Frame&);

}  // namespace lantern
