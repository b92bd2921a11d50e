#include "other_formats.hpp"

namespace lantern::cli {
namespace {

// What the beginnings of other kinds of file have in common with no JSON.
struct Mistaken {
  std::string_view begins_with;
  const char* what_now;
};
constexpr Mistaken mistaken_files[] = {
    {"\x1F\x8B", "is compressed with gzip: zcat FILE | lantern import --store STORE -"},
    {"\x28\xB5\x2F\xFD", "is compressed with zstd: zstdcat FILE | lantern import --store STORE -"},
    {"\xFD\x37zXZ", "is compressed with xz: xzcat FILE | lantern import --store STORE -"},
    {"BZh", "is compressed with bzip2: bzcat FILE | lantern import --store STORE -"},
    {"PK\x03\x04", "is a zip archive: unzip -p FILE | lantern import --store STORE -"},
    {"\xFF\xFE", "is UTF-16: iconv -f UTF-16 -t UTF-8 FILE | lantern import --store STORE -"},
    {"\xFE\xFF", "is UTF-16: iconv -f UTF-16 -t UTF-8 FILE | lantern import --store STORE -"},
    {"SQLite format 3", "is a database: import takes NDJSON, as lantern export writes it"},
};

}  // namespace

const char* other_format(std::string_view beginning) noexcept {
  for (const auto& [begins_with, what_now] : mistaken_files) {
    if (beginning.starts_with(begins_with)) return what_now;
  }
  return nullptr;
}

const char* other_shape(std::string_view first_line) noexcept {
  constexpr std::string_view blank = " \t\r";
  const std::size_t begin = first_line.find_first_not_of(blank);
  if (begin == first_line.npos) return nullptr;
  if (first_line[begin] == '[') return "an array becomes one object a line with jq -c '.[]' FILE";
  const bool alone = first_line.find_first_not_of(blank, begin + 1) == first_line.npos;
  return first_line[begin] == '{' && alone ? "an object of several lines becomes one line with jq -c . FILE" : nullptr;
}

}  // namespace lantern::cli
