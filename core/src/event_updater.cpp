#include "lantern/event_updater.hpp"

#include <algorithm>
#include <stdexcept>

namespace lantern::detail {
namespace {

/// Why events of this shape, which a codec reads, are not what the chains end with; absent: they are.
std::optional<Failure> misfit(const Upcasters& upcasters, const EventShape& read) {
  const auto newest = upcasters.newest(read.type);
  if (!newest || *newest == read.version) return std::nullopt;
  return Failure(
      FailureKind::invalid,
      "upcasters: the codec reads " + to_string(read) + ", but the chain ends at version " + std::to_string(*newest),
      *newest < read.version ? "add the missing steps" : "let the codec read the newest version");
}

}  // namespace

void EventUpdater::must_fit(const std::vector<EventShape>& read) {
  for (const EventShape& shape : read) {
    if (!upcasters_) return;
    if (auto wrong = misfit(*upcasters_, shape)) upcasters_ = tl::unexpected(*std::move(wrong));
  }
}

EventFilter EventUpdater::widened(EventFilter filter) const {
  if (!upcasters_) throw std::invalid_argument(to_string(upcasters_.error()));
  if (!filter.types.empty()) filter.types = upcasters_->with_older(std::move(filter.types));
  return filter;
}

tl::expected<std::optional<Upcasted>, Failure> EventUpdater::update(const RecordedEvent& recorded,
                                                                    const EventFilter& filter) const {
  if (!upcasters_) return tl::unexpected(upcasters_.error());
  auto updated = upcasters_->upcast(recorded);
  if (!updated) return tl::unexpected(std::move(updated).error());
  const auto& types = filter.types;
  if (!types.empty() && std::ranges::find(types, updated->event().type) == types.end()) return std::nullopt;
  return std::optional(*std::move(updated));
}

}  // namespace lantern::detail
