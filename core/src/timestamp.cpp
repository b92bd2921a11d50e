#include "lantern/timestamp.hpp"

#include <cstdio>

namespace lantern {
namespace {

using namespace std::chrono;

/// Reads a text from left to right; any step that does not fit makes the whole not fit.
struct Reader {
  std::string_view rest;
  bool ok{true};

  int digits(int count, int least, int most) {
    int value = 0;
    for (; count > 0; --count, rest.remove_prefix(1)) {
      if (rest.empty() || rest.front() < '0' || rest.front() > '9') return ok = false, least;
      value = value * 10 + (rest.front() - '0');
    }
    if (value < least || value > most) return ok = false, least;
    return value;
  }
  char one_of(std::string_view allowed) {
    if (rest.empty() || allowed.find(rest.front()) == allowed.npos) return ok = false, '\0';
    const char found = rest.front();
    rest.remove_prefix(1);
    return found;
  }
  microseconds fraction() {
    if (rest.empty() || rest.front() != '.') return {};
    rest.remove_prefix(1);
    if (rest.empty() || rest.front() < '0' || rest.front() > '9') ok = false;
    std::int64_t value = 0, scale = 100'000;
    for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1), scale /= 10) {
      value += (rest.front() - '0') * scale;
    }
    return microseconds(value);
  }
};

}  // namespace

tl::expected<Timestamp, Failure> parse_timestamp(std::string_view text) {
  Reader in{text};
  const int y = in.digits(4, 0, 9999);
  in.one_of("-");
  const int mo = in.digits(2, 1, 12);
  in.one_of("-");
  const int d = in.digits(2, 1, 31);
  in.one_of("Tt ");
  const int h = in.digits(2, 0, 23);
  in.one_of(":");
  const int mi = in.digits(2, 0, 59);
  in.one_of(":");
  const int s = in.digits(2, 0, 60);
  const microseconds fraction = in.fraction();
  const char zone = in.one_of("Zz+-");
  minutes offset{};
  if (zone == '+' || zone == '-') {
    const int oh = in.digits(2, 0, 23);
    in.one_of(":");
    offset = (hours(oh) + minutes(in.digits(2, 0, 59))) * (zone == '+' ? 1 : -1);
  }
  const auto date = year(y) / month(static_cast<unsigned>(mo)) / day(static_cast<unsigned>(d));
  if (!in.ok || !in.rest.empty() || !date.ok()) {
    return tl::unexpected(Failure(FailureKind::invalid, "\"" + std::string(text.substr(0, 64)) + "\" is not a time",
                                  "write it as RFC 3339 does: 2024-05-01T10:00:00Z or 2024-05-01T12:00:00.5+02:00"));
  }
  return sys_days(date) + hours(h) + minutes(mi) + seconds(s) + fraction - offset;
}

std::string to_string(Timestamp time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

}  // namespace lantern
