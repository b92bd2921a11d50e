#include "lantern/failure.hpp"

#include <exception>

#include "lantern/projector.hpp"

namespace lantern {

std::string_view to_string(FailureKind kind) noexcept {
  switch (kind) {
    case FailureKind::busy: return "busy";
    case FailureKind::unavailable: return "unavailable";
    case FailureKind::denied: return "denied";
    case FailureKind::full: return "full";
    case FailureKind::corrupt: return "corrupt";
    case FailureKind::not_a_store: return "not a store";
    case FailureKind::incompatible: return "incompatible";
    case FailureKind::invalid: return "invalid";
    case FailureKind::undecodable: return "undecodable";
    case FailureKind::rejected: return "rejected";
    case FailureKind::unsupported: return "unsupported";
    case FailureKind::internal: break;
  }
  return "internal";
}

std::string detail::one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') line += "\\n";
    else if (c == '\t') line += "\\t";
    else if (byte < 0x20 || byte == 0x7F) {
      constexpr const char* digits = "0123456789abcdef";
      line += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else line += c;
  }
  return line;
}

std::string to_string(const Failure& failure) {
  return detail::one_line(failure.advice.empty() ? failure.what : failure.what + ": " + failure.advice);
}

ProjectorPort::~ProjectorPort() = default;

Failure detail::failure_of(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const std::exception& e) {
    return Failure(FailureKind::rejected, e.what());
  } catch (...) {
    return Failure(FailureKind::rejected, "an exception that is not a std::exception");
  }
}

}  // namespace lantern
