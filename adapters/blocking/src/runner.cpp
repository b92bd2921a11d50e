#include "lantern/blocking/runner.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <random>

#include "lantern/names.hpp"

namespace lantern {
namespace {

std::string host_name() {
  std::array<char, 256> name{};  // the last byte stays zero, also where a long name is cut off
  if (::gethostname(name.data(), name.size() - 1) != 0 || refuse_name("host", name.data())) return "localhost";
  return name.data();
}

}  // namespace

std::string unique_owner() {
  // Containers made from one image share a host name and process numbers; the random part tells them apart.
  static const std::uint32_t random = std::random_device{}();
  static std::atomic<std::uint64_t> count{0};
  return host_name() + ':' + std::to_string(::getpid()) + ':' + std::to_string(random) + '-' + std::to_string(++count);
}

Instant steady_now() noexcept {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return Instant(std::chrono::duration_cast<std::chrono::nanoseconds>(since));
}

ProjectionConfig led_by_somebody(ProjectionConfig config) {
  if (!config.leadership) config.leadership.emplace(unique_owner());
  return config;
}

}  // namespace lantern
