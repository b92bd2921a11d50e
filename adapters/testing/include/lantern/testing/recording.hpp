// A run of production, taken home: a recorder writes what goes into a live run, and a replay takes the same decisions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "lantern/recorder.hpp"

namespace lantern::testing {

/// Writes a run as text, line by line; where the lines go, a derived class says. The text holds what the log and the
/// views hold: the payload of each event that was read, the state of each view that was loaded or stored.
class RecordingWriter : public Recorder {
 public:
  void began(const RunFacts&, const ProjectionConfig&, Instant now) noexcept final;
  void asked_to_stop(Stop) noexcept final;
  void answered(const ReplySeen&, Instant now) noexcept final;
  void decided(const Step&) noexcept final;

  /// Why the recording ends before its run does, if so. Ask when the run has ended. What was written can be replayed.
  [[nodiscard]] const std::optional<Failure>& failure() const noexcept { return failure_; }

 protected:
  /// Takes the next line, with its line break. What it throws, or returns, ends the recording.
  [[nodiscard]] virtual std::optional<Failure> put(std::string_view line) = 0;

 private:
  template <class Write>
  void line(const Write& write) noexcept;

  std::string line_{};
  std::uint64_t checksum_{};
  bool began_{};
  std::optional<Failure> failure_{};
};

/// A recording in memory.
class RecordedText final : public RecordingWriter {
 public:
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::optional<Failure> put(std::string_view line) override;
  std::string text_{};
};

/// A recording in a file. Each line is with the operating system before the run goes on, so what kills the process,
/// even a reply that the projector cannot stand, is in the file. Only a power failure can take lines away.
class RecordingFile final : public RecordingWriter {
 public:
  /// Makes the file, readable by its owner only. One that is there already is not touched: FailureKind::invalid. The
  /// recording ends before the file grows beyond `most_bytes`; the run goes on.
  [[nodiscard]] static tl::expected<std::unique_ptr<RecordingFile>, Failure> create(
      const std::filesystem::path&, std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max());
  ~RecordingFile() override;

 private:
  RecordingFile(std::string path, int file, std::uint64_t most_bytes);
  std::optional<Failure> put(std::string_view line) override;
  std::string path_;
  int file_;
  std::uint64_t most_bytes_;
  std::uint64_t written_{};
};

/// A run as it was recorded. A value.
struct Recording {
  /// A reply, and the instant at which it came.
  struct Answer {
    AnyReply reply{};  ///< `request` is 0
    Instant now{};
  };
  /// What the run asked for, or its end, as text.
  struct Decision {
    std::string text{};
  };
  /// What is on one line of the recording.
  struct Entry {
    std::size_t line{};
    std::variant<Stop, Answer, Decision> what{Stop::none};
  };

  std::string name{};  ///< of the file, for messages
  RunFacts facts{};
  ProjectionConfig config{};  ///< as the machine was given it; without observer and recorder
  Instant began{};
  std::vector<Entry> entries{};
  bool ended{};      ///< the run's end is recorded
  bool truncated{};  ///< the last line was not complete, and is left out
};

/// Reads a recording. A last line that is not complete (the process was killed) is left out; any other line that is not
/// as it was written is FailureKind::corrupt, and a file that is no recording FailureKind::not_a_store. Both name the
/// line. `name` is for the messages.
[[nodiscard]] tl::expected<Recording, Failure> read_recording(std::string_view text, std::string name);
/// The same, from a file.
[[nodiscard]] tl::expected<Recording, Failure> read_recording(const std::filesystem::path&);

/// A field that is not the same here and there, by its path: `views[0].state`.
struct FieldDifference {
  std::string field{};
  std::optional<std::string> recorded{};  ///< absent: it is not there
  std::optional<std::string> now{};
  std::string of{};  ///< the key of the view, frame or record that it is in, in quotes; empty: it is in none
  friend bool operator==(const FieldDifference&, const FieldDifference&) = default;
};

/// Where a replay departs from what was recorded.
struct ReplayMismatch {
  enum class Kind : std::uint8_t {
    projection,  ///< the projector is another one: nothing was replayed
    config,      ///< it is to run with another configuration: nothing was replayed
    decision,    ///< all decisions before this one are the same
  };
  Kind kind{Kind::decision};
  std::string recording{};                     ///< its name
  std::size_t step{};                          ///< which decision of the run, from 1; 0: before the first
  std::size_t line{};                          ///< of the recording
  std::string after{};                         ///< what the run was told before it decided
  std::string recorded{};                      ///< the decision that was recorded
  std::string now{};                           ///< the decision that was taken
  std::vector<FieldDifference> differences{};  ///< all of them; none when the decisions are of different kinds

  /// What differs, where, and from what; several lines.
  [[nodiscard]] std::string message() const;
  friend bool operator==(const ReplayMismatch&, const ReplayMismatch&) = default;
};
std::ostream& operator<<(std::ostream&, const ReplayMismatch&);

/// A replay that took the same decisions all along.
struct ReplaySummary {
  std::size_t decisions{};        ///< how many were compared
  std::optional<Finished> end{};  ///< absent: the recording stops before the run did
};

/// Answers a new run with what was recorded, and compares each decision. The projector is called as it was then, and
/// starts as it did then. `config`, if it is given, must be the recorded one, but for who watches the run, for the
/// lease's owner, and for what a driver adds (leadership, `publish`); without it, the recorded one is taken.
[[nodiscard]] tl::expected<ReplaySummary, ReplayMismatch> replay(const Recording&, std::unique_ptr<ProjectorPort>,
                                                                 const std::optional<ProjectionConfig>& config = {});

/// The same, for a projector as users write it. It is borrowed, and can be looked at afterwards.
template <class P>
requires(!std::derived_from<P, ProjectorPort>) [[nodiscard]] tl::expected<ReplaySummary, ReplayMismatch> replay(
    const Recording& recording, P& projector, const std::optional<ProjectionConfig>& config = {}) {
  return replay(recording, bind_projector(projector), config);
}

}  // namespace lantern::testing
