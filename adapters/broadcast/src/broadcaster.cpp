#include "lantern/broadcast/broadcaster.hpp"

#include <mutex>
#include <utility>

#include "audience.hpp"
#include "lantern/refuse_views.hpp"

namespace lantern {
namespace {

std::optional<Failure> refuse_scope(const ProjectionId& projection, const ViewScope& scope) {
  // What a follower of this scope would read must be what a store can be asked.
  if (const auto* one = std::get_if<OneKey>(&scope)) return refuse(GetView{projection, one->key, {}});
  const auto* some = std::get_if<KeyPrefix>(&scope);
  return refuse(ScanViews{.projection = projection, .prefix = some ? some->prefix : std::string()});
}

/// Callbacks are called when all is told, without a lock: they may subscribe, publish, or destroy their subscriber.
void wake(const detail::Mailboxes& woken) {
  for (const auto& mailbox : woken) mailbox->wake();
}

/// `select(audience, tell)` says who is told.
template <class Select>
void put_missed(detail::Hub& hub, const ProjectionId& projection, const Select& select) {
  detail::Mailboxes woken;
  {
    const std::shared_lock lock(hub.mutex);
    const auto audience = hub.audiences.find(projection);
    if (audience == hub.audiences.end()) return;
    select(audience->second, [&](const detail::Mailboxes& mailboxes) {
      for (const auto& mailbox : mailboxes) {
        if (mailbox->put_missed()) woken.push_back(mailbox);
      }
    });
  }
  wake(woken);
}

}  // namespace

Broadcaster::Broadcaster() : hub_(std::make_shared<detail::Hub>()) {}
Broadcaster::~Broadcaster() = default;

tl::expected<Subscriber, Failure> Broadcaster::subscribe(const ProjectionId& projection, const ViewScope& scope,
                                                         QueueCapacity capacity) {
  if (auto refused = refuse_scope(projection, scope)) return tl::unexpected(std::move(*refused));
  return Subscriber(hub_, projection, scope, capacity);
}

tl::expected<Attachment, Failure> Broadcaster::attach(const ProjectionId& projection) {
  if (auto refused = refuse(projection)) return tl::unexpected(std::move(*refused));
  {
    const std::lock_guard lock(hub_->mutex);
    if (!hub_->attached.insert(projection).second) {
      return tl::unexpected(Failure(FailureKind::invalid,
                                    to_string(projection) + " is attached to this broadcaster already",
                                    "end the run that holds the attachment, and destroy it, before another is run"));
    }
  }
  tell_missed(projection);
  return Attachment(hub_, projection);
}

Publish::reply Broadcaster::publish(const Publish& asked) {
  detail::Mailboxes woken;
  {
    const std::shared_lock lock(hub_->mutex);
    const auto audience = hub_->audiences.find(asked.projection);
    if (audience == hub_->audiences.end()) return Publish::Published{};
    for (const Frame& frame : asked.frames) {
      std::shared_ptr<const PublishedFrame> shared;  // copied for the first who follows its key, and for nobody else
      audience->second.matching(frame.key, [&](const detail::Mailboxes& mailboxes) {
        if (!shared) shared = std::make_shared<const PublishedFrame>(PublishedFrame{asked.projection, frame});
        for (const auto& mailbox : mailboxes) {
          if (mailbox->put(shared)) woken.push_back(mailbox);
        }
      });
    }
  }
  wake(woken);
  return Publish::Published{};
}

void Broadcaster::tell_missed(const ProjectionId& projection) {
  put_missed(*hub_, projection, [](const detail::Audience& audience, const auto& tell) { audience.all(tell); });
}

void Broadcaster::tell_missed(const ProjectionId& projection, std::string_view key) {
  put_missed(*hub_, projection,
             [key](const detail::Audience& audience, const auto& tell) { audience.matching(key, tell); });
}

void Broadcaster::saw_active(const ProjectionId& projection, const Checkpoint& active) {
  const detail::Hub::Seen now{active.generation, active.revision};
  const bool is_another = [&] {
    const std::lock_guard lock(hub_->mutex);
    const auto [seen, is_first] = hub_->seen.emplace(projection, now);
    return !is_first && std::exchange(seen->second, now) != now;
  }();
  if (is_another) tell_missed(projection);
}

Attachment& Attachment::operator=(Attachment&& other) noexcept {
  if (this == &other) return *this;
  detach();
  hub_ = std::move(other.hub_);
  projection_ = std::move(other.projection_);
  return *this;
}

Attachment::~Attachment() { detach(); }

void Attachment::detach() noexcept {
  if (!hub_) return;
  const std::lock_guard lock(hub_->mutex);
  hub_->attached.erase(projection_);
}

}  // namespace lantern
