#include "line_identity.hpp"

#include "fnv.hpp"

namespace lantern::cli {
namespace {

constexpr std::size_t number_digits = 12, hash_digits = 16;

void put(std::string& id, std::size_t at, std::size_t digits, std::uint64_t value, unsigned base) {
  for (std::size_t i = at + digits; i-- > at; value /= base) id[i] = "0123456789abcdef"[value % base];
}

}  // namespace

void name_line(std::uint64_t number, std::string_view line, std::string& id) {
  id.assign(number_digits + 1 + hash_digits, '-');
  put(id, 0, number_digits, number, 10);
  put(id, number_digits + 1, hash_digits, fnv1a(line), 16);
}

}  // namespace lantern::cli
