// Lines become a recording again.
#include <fstream>
#include <iterator>

#include "field_reader.hpp"
#include "lantern/testing/recording.hpp"
#include "recording_lines.hpp"

namespace lantern::testing {
namespace {

/// A reply to the effect of this name, if there is one.
template <class... Tos>
bool read_reply(FieldReader& reader, std::string_view effect, std::variant<Tos...>& reply) {
  const auto try_one = [&]<Effect E>(AnyReply::To<E>*) {
    if (Fields<E>::type_name != effect) return false;
    reader.read(reply.template emplace<AnyReply::To<E>>().value);
    return true;
  };
  return (try_one(static_cast<Tos*>(nullptr)) || ...);
}

class Reading {
 public:
  Reading(std::string_view text, std::string name) : text_(text) { recording_.name = std::move(name); }

  tl::expected<Recording, Failure> read() && {
    while (!text_.empty() && !failure_) next_line();
    if (!failure_ && numbers_ < head_lines) {
      fail(FailureKind::not_a_store, "it ends before the run begins", "the run may have been refused before it began");
    }
    if (failure_) return tl::unexpected(*std::move(failure_));
    return std::move(recording_);
  }

 private:
  static constexpr std::size_t head_lines = 4;

  void fail(FailureKind kind, const std::string& what, std::string advice) {
    failure_.emplace(kind, what + " (" + recording_.name + ", line " + std::to_string(numbers_ + 1) + ")",
                     std::move(advice));
  }
  void damaged(const std::string& what) {
    fail(FailureKind::corrupt, "the recording is damaged: " + what,
         "what is before that line can be replayed: cut the file there");
  }

  void next_line() {
    const std::size_t end = text_.find('\n');
    std::string_view line = text_.substr(0, end);
    text_.remove_prefix(std::min(text_.size(), line.size() + 1));
    constexpr std::string_view any_format = lines::title.substr(0, lines::title.size() - 1);
    if (numbers_ == 0 && line.substr(0, any_format.size()) != any_format.substr(0, line.size())) {
      return fail(FailureKind::not_a_store, "this is no recording of a run", "give the file that a recorder wrote");
    }
    if (end == text_.npos) {
      recording_.truncated = true;
      return;
    }
    const std::size_t size = line.size() - std::min(line.size(), lines::mark_size);
    const std::string_view mark = line.substr(size);
    line = line.substr(0, size);
    checksum_ = lines::checksum(checksum_, line);
    const auto expected = lines::mark(checksum_);
    if (mark != std::string_view(expected.data(), expected.size())) {
      return damaged("the checksum of this line, or of one that is missing before it, does not hold");
    }
    if (recording_.ended) return damaged("there is something after the run's end");
    take(line);
    ++numbers_;
  }

  void take(std::string_view line) {
    if (numbers_ == 0) {
      if (line != lines::title) {
        fail(FailureKind::incompatible, "the recording has another format: " + detail::one_line(line),
             "read it with the version that wrote it");
      }
      return;
    }
    FieldReader reader(line);
    const std::string_view kind = reader.word();
    constexpr std::array<std::string_view, head_lines> head{"", "run", "config", "start"};
    if (numbers_ < head_lines && kind != head[numbers_])
      return damaged("expected '" + std::string(head[numbers_]) + "'");
    if (kind == "run") {
      reader.read(recording_.facts);
    } else if (kind == "config") {
      reader.read(recording_.config);
    } else if (kind == "start") {
      reader.read(recording_.began);
    } else if (kind == "stop") {
      reader.read(entry<Stop>());
    } else if (kind == "answer") {
      auto& answer = entry<Recording::Answer>();
      reader.read(answer.now);
      reader.expect(" ");
      if (!read_reply(reader, reader.word(), answer.reply.reply)) return damaged("no effect has this name");
    } else if (kind == "ask" || kind == "end") {
      entry<Recording::Decision>().text = line;
      recording_.ended = kind == "end";
      return;
    } else {
      return damaged("no line begins with '" + detail::one_line(kind) + "'");
    }
    if (!reader.ok()) damaged(reader.wrong());
    else if (!reader.at_end()) damaged("there is something after what it says");
  }

  template <class T>
  T& entry() {
    return recording_.entries.emplace_back(Recording::Entry{numbers_ + 1, T{}}).what.template emplace<T>();
  }

  std::string_view text_;
  Recording recording_{};
  std::size_t numbers_{};  ///< lines that were read
  std::uint64_t checksum_{};
  std::optional<Failure> failure_{};
};

}  // namespace

tl::expected<Recording, Failure> read_recording(std::string_view text, std::string name) {
  return Reading(text, std::move(name)).read();
}

tl::expected<Recording, Failure> read_recording(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) {
    return tl::unexpected(Failure(FailureKind::unavailable, "the recording cannot be read (" + path.string() + ")",
                                  "check the name, and that you may read it"));
  }
  return read_recording(text, path.string());
}

}  // namespace lantern::testing
