// The keyed projection that the suite runs: a chain of hashes, which neither commutes nor forgives repetition. And what
// a fold that knows nothing of stores makes of the same log.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lantern/config.hpp"
#include "lantern/keyed_binding.hpp"
#include "ledger.hpp"
#include "views.hpp"

namespace lantern::detail {

/// Events of this type erase their views; of this one, they leave them as they are. Those of `refused_type` fail.
inline constexpr std::string_view forgetting_type = "forget", looking_type = "look";

struct ChainCodec {
  [[nodiscard]] std::string encode_state(std::uint64_t hash) const { return std::to_string(hash); }
  [[nodiscard]] std::string encode_delta(std::monostate) const { return "+"; }
  [[nodiscard]] tl::expected<std::uint64_t, Failure> decode_state(std::string_view bytes) const;
};

/// An event's data are its keys, with a NUL between two of them: the only byte that no key has. What it fails for is
/// parked.
struct Chain {
  using State = std::uint64_t;
  using Delta = std::monostate;
  using view_codec = ChainCodec;

  ProjectionId id{"conformance_chain"};
  std::int64_t code{1};
  EventFilter events{};

  [[nodiscard]] std::string name() const { return id.name; }
  [[nodiscard]] std::int64_t version() const { return code; }
  [[nodiscard]] EventFilter filter() const { return events; }
  [[nodiscard]] std::vector<std::string> keys(const RecordedEvent& event) const;
  [[nodiscard]] tl::expected<Change<Delta>, Failure> apply(State& state, const RecordedEvent& event,
                                                           const ViewAt& at) const;
  [[nodiscard]] FailureStrategy on_error(const FailureContext&) const { return FailureStrategy::Retry; }

  /// For runs of it: of its tenant, with small pages, and what fails parks its key at once.
  [[nodiscard]] ProjectionConfig config() const;
};

/// Event data for these keys.
[[nodiscard]] std::string for_keys(const std::vector<std::string>& keys);

/// What must be stored of a log up to a position.
struct ChainFold {
  std::map<std::string, StoredView> rows{};
  std::set<std::string> parked{};
  std::vector<std::pair<Position, std::string>> records{};  ///< of which event, for which key
};
[[nodiscard]] ChainFold naive_fold(const Chain& chain, const EventPage& log, std::optional<Position> through);

/// Each generation that the store has of this projection is that fold, up to its checkpoint and by its code: byte for
/// byte, with erased views, parked keys and records; and readers see the active one.
void expect_folded(Lab& lab, SuiteStore& store, const Chain& chain, const EventPage& log);

}  // namespace lantern::detail
