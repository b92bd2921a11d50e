// A subscriber hears of a frame.
#include <lantern/broadcast/broadcaster.hpp>

int main() {
  lantern::Broadcaster broadcaster;
  auto subscriber = broadcaster.subscribe({"orders"}, lantern::OneKey{"a"});
  if (!subscriber) return 1;
  (void)broadcaster.publish({.projection = {"orders"}, .frames = {{.key = "a"}}});
  return subscriber->poll() ? 0 : 1;
}
