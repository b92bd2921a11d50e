#include "lantern/sqlite/sql_projection.hpp"

#include <algorithm>
#include <ostream>

namespace lantern {

std::string SqlProjectionError::message() const {
  std::string out = file + ":" + std::to_string(line);
  if (column != 0) out += ":" + std::to_string(column);
  out += ": " + what;
  if (!advice.empty()) out += ": " + advice;
  return detail::one_line(out);  // parts of the file are in it
}

Failure SqlProjectionError::as_failure() const {
  SqlProjectionError plain = *this;
  plain.advice.clear();
  return Failure(FailureKind::invalid, plain.message(), advice);
}

std::ostream& operator<<(std::ostream& out, const SqlProjectionError& error) { return out << error.message(); }

std::string_view to_string(SqlPolicy policy) noexcept {
  switch (policy) {
    case SqlPolicy::fatal: return "fatal";
    case SqlPolicy::skip: return "skip";
    case SqlPolicy::retry: return "retry";
    case SqlPolicy::quarantine: return "quarantine";
  }
  return "?";
}

std::string_view to_string(Installed::Outcome outcome) noexcept {
  switch (outcome) {
    case Installed::Outcome::registered: return "registered";
    case Installed::Outcome::present: return "unchanged";
    case Installed::Outcome::building: return "building";
  }
  return "?";
}

bool SqlSection::matches(std::string_view type) const noexcept {
  return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
}

EventFilter SqlProjection::filter() const {
  EventFilter filter;
  for (const SqlSection& section : sections_) {
    if (section.types.empty()) return {};
    filter.types.insert(filter.types.end(), section.types.begin(), section.types.end());
  }
  std::sort(filter.types.begin(), filter.types.end());
  filter.types.erase(std::unique(filter.types.begin(), filter.types.end()), filter.types.end());
  return filter;
}

FailureStrategy SqlProjection::on_error(const FailureContext&) const noexcept {
  switch (policy_) {
    case SqlPolicy::fatal: return FailureStrategy::Fatal;
    case SqlPolicy::skip: return FailureStrategy::Skip;
    case SqlPolicy::retry:
    case SqlPolicy::quarantine: return FailureStrategy::Retry;
  }
  return FailureStrategy::Fatal;
}

ProjectionConfig SqlProjection::configured(ProjectionConfig config) const {
  config.event_retry.when_exhausted = policy_ == SqlPolicy::quarantine ? Escalation::quarantine : Escalation::stop;
  return config;
}

}  // namespace lantern
