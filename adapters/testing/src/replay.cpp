// The recorded run once more: the same answers, and each decision compared.
#include <ostream>

#include "decision_text.hpp"
#include "field_writer.hpp"
#include "lantern/testing/recording.hpp"
#include "lantern/traced.hpp"

namespace lantern::testing {
namespace {

using Kind = ReplayMismatch::Kind;

template <class T>
std::string text_of(const T& value) {
  std::string text;
  FieldWriter(text).write(value);
  return text;
}

/// What the new run says that it is.
class FactsOnly final : public Recorder {
 public:
  void began(const RunFacts& facts, const ProjectionConfig&, Instant) noexcept override { text_ = text_of(facts); }
  void asked_to_stop(Stop) noexcept override {}
  void answered(const ReplySeen&, Instant) noexcept override {}
  void decided(const Step&) noexcept override {}

  /// Empty: the run was refused.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_{};
};

/// What a driver adds to a configuration, and who leads, is taken from the recording.
ProjectionConfig as_driven(ProjectionConfig given, const ProjectionConfig& recorded) {
  if (!given.leadership) given.leadership = recorded.leadership;
  else if (recorded.leadership) given.leadership->owner = recorded.leadership->owner;
  given.publish = given.publish && recorded.publish;
  return given;
}

std::string told(const AnyReply& answer) {
  return std::visit(
      []<Effect E>(const AnyReply::To<E>& to) {
        std::string text(Fields<E>::type_name);
        if constexpr (std::same_as<E, Sleep>) return text + ": " + std::string(names_of<Slept>[std::size_t(to.value)]);
        else return text + ": " + describe(to.value);
      },
      answer.reply);
}

class Replaying {
 public:
  explicit Replaying(const Recording& recording) : recording_(recording) {}

  tl::expected<ReplaySummary, ReplayMismatch> operator()(Step step) {
    for (const Recording::Entry& entry : recording_.entries) {
      entry_ = &entry;
      if (const auto* decision = std::get_if<Recording::Decision>(&entry.what)) {
        if (auto wrong = compare(decision->text, step)) return tl::unexpected(*std::move(wrong));
      } else if (const auto* stop = std::get_if<Stop>(&entry.what)) {
        step.ask_to_stop(*stop);
      } else {
        const auto& reply = std::get<Recording::Answer>(entry.what);
        after_ = told(reply.reply);
        AnyReply again = reply.reply;
        again.request = pending_request(step);
        if (!answer(step, std::move(again), reply.now)) return tl::unexpected(mismatch("(no such reply)", step));
      }
    }
    ReplaySummary summary{decisions_, std::nullopt};
    if (step.finished()) summary.end = *step.finished();
    return summary;
  }

 private:
  std::optional<ReplayMismatch> compare(const std::string& recorded, const Step& step) {
    ++decisions_;
    if (recorded == decision_text(step)) return std::nullopt;
    return mismatch(recorded, step);
  }
  ReplayMismatch mismatch(const std::string& recorded, const Step& step) const {
    ReplayMismatch found;
    found.recording = recording_.name;
    found.step = decisions_;
    found.line = entry_->line;
    found.after = after_;
    found.recorded = recorded;
    found.now = decision_text(step);
    const auto kind_of = [](std::string_view text) { return text.substr(0, text.find('{')); };
    if (kind_of(found.recorded) == kind_of(found.now)) {
      const auto fields_of = [](std::string_view text) { return text.substr(std::min(text.size(), text.find('{'))); };
      found.differences = decision_differences(fields_of(found.recorded), fields_of(found.now));
    }
    return found;
  }

  const Recording& recording_;
  const Recording::Entry* entry_{};
  std::size_t decisions_{};
  std::string after_{"the start"};
};

/// Before the first decision: the run is not the recorded one.
tl::unexpected<ReplayMismatch> another(Kind kind, const Recording& recording, std::string recorded, std::string now) {
  ReplayMismatch found;
  found.kind = kind;
  found.recording = recording.name;
  found.differences = decision_differences(recorded, now);
  found.recorded = std::move(recorded);
  found.now = std::move(now);
  return tl::make_unexpected(std::move(found));
}

}  // namespace

tl::expected<ReplaySummary, ReplayMismatch> replay(const Recording& recording, std::unique_ptr<ProjectorPort> projector,
                                                   const std::optional<ProjectionConfig>& given) {
  ProjectionConfig config = given ? as_driven(*given, recording.config) : recording.config;
  std::string recorded = text_of(recording.config);
  std::string now = text_of(config);
  if (recorded != now) return another(Kind::config, recording, std::move(recorded), std::move(now));

  FactsOnly facts;
  Step first = ProjectionPipeline(std::move(projector), config.record(facts)).start(recording.began);
  recorded = text_of(recording.facts);
  now = facts.text().empty() ? decision_text(first) : facts.text();
  if (recorded != now) return another(Kind::projection, recording, std::move(recorded), std::move(now));
  return Replaying(recording)(std::move(first));
}

}  // namespace lantern::testing
