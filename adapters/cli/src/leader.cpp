#include "leader.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <optional>

#include "fnv.hpp"
#include "lantern/blocking/runner.hpp"

namespace lantern::cli {
namespace {

std::string first_line(const std::string& path) {
  std::string line;
  std::ifstream in(path);
  std::getline(in, line);
  return line;
}

// What a process number belongs to: this boot of this machine, and this namespace of process numbers; as 16 hex digits.
// Empty when that cannot be told.
std::string number_space() {
  std::array<char, 64> link{};
  const ssize_t length = ::readlink("/proc/self/ns/pid", link.data(), link.size());
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  if (length <= 0 || boot.empty()) return {};
  const auto hash = fnv1a(boot + " " + std::string(link.data(), static_cast<std::size_t>(length)));
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
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

// `HOST:PID:STARTED-SPACE`, taken apart.
struct Owner {
  std::string_view address, number, started, space;
};

std::optional<Owner> parse(std::string_view owner) {
  const auto is_number = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const std::size_t mark = owner.rfind(':');
  if (mark == owner.npos || mark == 0) return std::nullopt;
  const std::size_t number = owner.rfind(':', mark - 1), space = owner.find('-', mark);
  if (number == owner.npos || space == owner.npos) return std::nullopt;
  const Owner parsed{owner.substr(0, mark), owner.substr(number + 1, mark - number - 1),
                     owner.substr(mark + 1, space - mark - 1), owner.substr(space + 1)};
  if (!is_number(parsed.number) || !is_number(parsed.started) || parsed.space.size() != 16) return std::nullopt;
  return parsed;
}

std::string describe_this_process() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  const std::string number = std::to_string(::getpid());
  const auto self = process_with(number);
  const std::string space = number_space();
  if (!self || space.empty()) return unique_owner();  // without /proc nobody can tell whether we live
  return std::string(host.data()) + ":" + number + ":" + self->started + "-" + space;
}

}  // namespace

const std::string& this_process() {
  static const std::string name = describe_this_process();
  return name;
}

bool has_ended(std::string_view owner) {
  const auto named = parse(owner);
  if (!named || named->space != number_space()) return false;
  const auto process = process_with(named->number);
  // Gone; or its number was given to another process since; or it is dead, and only waits to be buried.
  return !process || process->started != named->started || process->state == 'Z' || process->state == 'X';
}

std::string_view without_mark(std::string_view owner) {
  const auto named = parse(owner);
  return named ? named->address : owner;
}

std::string message_of(const ProjectionError& error) {
  if (error.kind != ErrorKind::leadership) return error.message();
  ProjectionError shown = error;
  shown.what.clear();
  for (std::string_view rest = error.what; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    shown.what += without_mark(rest.substr(0, end));
    shown.what += rest.substr(end, 1);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return shown.message();
}

}  // namespace lantern::cli
