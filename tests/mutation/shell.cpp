#include "mutation/shell.hpp"

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace lantern::mutation {

std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

bool succeeds(const std::string& folder, const std::string& line, Limits limits) {
  std::string inner = "cd " + shell_word(folder) + " && ";
  if (limits.cpu_seconds > 0) {
    // A mutant may ask for memory without end, too.
    inner += "ulimit -t " + std::to_string(limits.cpu_seconds) + " && ulimit -v 4000000 && ";
  }
  inner += line;
  std::string command = "sh -c " + shell_word(inner) + " >/dev/null 2>&1 </dev/null";
  if (limits.wall_seconds > 0) command = "timeout -s KILL " + std::to_string(limits.wall_seconds) + " " + command;
  const int status = std::system(command.c_str());
  return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string output_of(const std::string& folder, const std::string& line) {
  FILE* const pipe = popen(("cd " + shell_word(folder) + " && " + line).c_str(), "r");
  if (!pipe) throw std::runtime_error("no shell: " + line);
  std::string text;
  char part[4096];
  for (std::size_t got = 0; (got = std::fread(part, 1, sizeof part, pipe)) > 0;) text.append(part, got);
  if (pclose(pipe) != 0) throw std::runtime_error("this failed in " + folder + ": " + line);
  return text;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": it cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (!file.flush()) throw std::runtime_error(path + ": it cannot be written");
}

}  // namespace lantern::mutation
