#include "lantern/broadcast/subscriber.hpp"

#include <mutex>
#include <utility>

#include "audience.hpp"

namespace lantern {

Subscriber::Subscriber(std::shared_ptr<detail::Hub> hub, ProjectionId projection, ViewScope scope,
                       QueueCapacity capacity)
    : hub_(std::move(hub)),
      mailbox_(std::make_shared<detail::Mailbox>(capacity.value())),
      projection_(std::move(projection)),
      scope_(std::move(scope)) {
  const std::lock_guard lock(hub_->mutex);
  hub_->audiences[projection_].add(scope_, mailbox_);
}

Subscriber::Subscriber(Subscriber&& other) noexcept
    : hub_(std::move(other.hub_)),
      mailbox_(std::move(other.mailbox_)),
      projection_(std::move(other.projection_)),
      scope_(std::move(other.scope_)) {}

Subscriber& Subscriber::operator=(Subscriber&& other) noexcept {
  if (this == &other) return *this;
  leave();
  hub_ = std::move(other.hub_);
  mailbox_ = std::move(other.mailbox_);
  projection_ = std::move(other.projection_);
  scope_ = std::move(other.scope_);
  return *this;
}

Subscriber::~Subscriber() { leave(); }

void Subscriber::leave() noexcept {
  if (!mailbox_) return;
  {
    const std::lock_guard lock(hub_->mutex);
    const auto audience = hub_->audiences.find(projection_);
    audience->second.remove(scope_, mailbox_);
    if (audience->second.empty()) hub_->audiences.erase(audience);
  }
  mailbox_->close();
  mailbox_.reset();
}

std::optional<News> Subscriber::poll() { return mailbox_ ? mailbox_->poll() : std::nullopt; }

std::optional<News> Subscriber::wait(const std::stop_token& stop, std::chrono::nanoseconds timeout) {
  return mailbox_ ? mailbox_->wait(stop, timeout) : std::nullopt;
}

void Subscriber::on_news(std::function<void()> callback) {
  if (mailbox_) mailbox_->on_news(std::move(callback));
}

}  // namespace lantern
