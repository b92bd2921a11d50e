#include "leader.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>

namespace lantern::cli {
namespace {

std::string first_line(const std::string& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

// What a process number belongs to: this boot of this machine, and this namespace of process numbers.
std::string number_space() {
  std::array<char, 64> link{};
  const ssize_t length = ::readlink("/proc/self/ns/pid", link.data(), link.size());
  if (length <= 0) return {};
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  return boot.empty() ? std::string() : boot + " " + std::string(link.data(), static_cast<std::size_t>(length));
}

struct Process {
  char state{};
  std::string started{};  // in clock ticks since boot
};

// Reads /proc/PID/stat (proc(5)): `PID (NAME) STATE …`, the start time being the 22nd field. The name may hold
// anything.
std::optional<Process> process_with(std::string_view number) {
  const std::string line = first_line("/proc/" + std::string(number) + "/stat");
  const std::size_t after_name = line.rfind(") ");
  if (after_name == line.npos) return std::nullopt;
  std::string_view rest = std::string_view(line).substr(after_name + 2);
  Process process{rest.empty() ? '\0' : rest[0], {}};
  for (int field = 3; field < 22; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == rest.npos) return std::nullopt;
    rest.remove_prefix(space + 1);
  }
  process.started = rest.substr(0, rest.find(' '));
  return process;
}

std::string describe_this_process() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  const std::string number = std::to_string(::getpid());
  const auto self = process_with(number);
  return std::string(host.data()) + ":" + number + " [" + (self ? self->started : std::string()) + " " +
         number_space() + "]";
}

}  // namespace

const std::string& this_process() {
  static const std::string name = describe_this_process();
  return name;
}

bool has_ended(std::string_view owner) {
  // HOST:PID [STARTED SPACE]
  const std::size_t bracket = owner.rfind(" [");
  if (bracket == owner.npos || !owner.ends_with(']')) return false;
  const std::string_view address = owner.substr(0, bracket);
  const std::string_view inside = owner.substr(bracket + 2, owner.size() - bracket - 3);
  const std::size_t colon = address.rfind(':'), space = inside.find(' ');
  if (colon == address.npos || space == inside.npos) return false;
  const std::string_view number = address.substr(colon + 1);
  const std::string_view started = inside.substr(0, space);
  int parsed{};
  const auto [end, why] = std::from_chars(number.data(), number.data() + number.size(), parsed);
  if (why != std::errc{} || end != number.data() + number.size() || parsed <= 0 || started.empty()) return false;
  const std::string here = number_space();
  if (here.empty() || inside.substr(space + 1) != here) return false;
  const auto process = process_with(number);
  // A number that was given to another process since; or one that is dead and only waits to be buried.
  return !process || process->started != started || process->state == 'Z' || process->state == 'X';
}

}  // namespace lantern::cli
