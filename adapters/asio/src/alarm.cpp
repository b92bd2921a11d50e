#include "alarm.hpp"

#include <utility>

namespace lantern::detail {

void Alarm::hint() {
  const std::lock_guard lock(mutex_);
  hinted_ = true;
  if (state_ == State::asleep_until_hint) cut_short();
}

void Alarm::forget_hints() {
  const std::lock_guard lock(mutex_);
  hinted_ = false;
}

void Alarm::ask_to_stop(Stop how) {
  const std::lock_guard lock(mutex_);
  if (how <= stop_) return;
  stop_ = how;
  if (state_ != State::awake) cut_short();
}

Stop Alarm::stop_asked_for() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void Alarm::cut_short() {
  state_ = State::cut_short;
  timer_->cancel();  // runs no handler from here
}

void Alarm::sleep(const Sleep& sleep, Stop told, boost::asio::any_completion_handler<void(Slept)> handler) {
  const bool idle = sleep.reason == Sleep::Reason::idle;
  const std::lock_guard lock(mutex_);
  state_ = idle ? State::asleep_until_hint : State::asleep;
  timer_->wait(sleep.duration, [this, handler = std::move(handler)](boost::system::error_code) mutable {
    Slept slept;
    {
      const std::lock_guard woken(mutex_);
      slept = state_ == State::cut_short ? Slept::woken : Slept::through;
      state_ = State::awake;
    }
    std::move(handler)(slept);
  });
  if (stop_ > told || (idle && hinted_)) cut_short();
}

void Alarm::retire() {
  std::unique_ptr<Timer> ends;
  const std::lock_guard lock(mutex_);
  state_ = State::awake;
  ends.swap(timer_);
}

}  // namespace lantern::detail
