// The dynamic door: a reply of any kind, checked before it can touch the run.
#include "lantern/pipeline.hpp"

namespace lantern {
namespace detail {

template <Effect E>
constexpr const char* name_of = "";
template <>
constexpr const char* name_of<LoadCheckpoint> = "LoadCheckpoint";
template <>
constexpr const char* name_of<ReadEvents> = "ReadEvents";
template <>
constexpr const char* name_of<SaveCheckpoint> = "SaveCheckpoint";
template <>
constexpr const char* name_of<Sleep> = "Sleep";
template <>
constexpr const char* name_of<AcquireLease> = "AcquireLease";
template <>
constexpr const char* name_of<RenewLease> = "RenewLease";
template <>
constexpr const char* name_of<ReleaseLease> = "ReleaseLease";
template <>
constexpr const char* name_of<LoadViews> = "LoadViews";
template <>
constexpr const char* name_of<Publish> = "Publish";
template <>
constexpr const char* name_of<BeginRebuild> = "BeginRebuild";
template <>
constexpr const char* name_of<ActivateGeneration> = "ActivateGeneration";
template <>
constexpr const char* name_of<ListStreams> = "ListStreams";
template <>
constexpr const char* name_of<ReadStream> = "ReadStream";

struct Door {
  Step& step;
  std::uint64_t number;
  Instant now;
  using Outcome = tl::expected<void, ProtocolError>;

  Outcome refuse(std::string message) const { return tl::unexpected(ProtocolError{std::move(message)}); }

  template <Effect E>
  Outcome pass(Request<E>& pending, typename E::reply value) const {
    step = std::move(pending).answer(std::move(value), now);
    return {};
  }

  template <Effect Pending, Effect Given>
  Outcome operator()(Request<Pending>& pending, AnyReply::To<Given>& given) const {
    if (!pending.run_) return refuse("the pending request has been taken out of its step");
    const std::uint64_t expected = pending.number();
    constexpr bool lenient = std::same_as<Pending, SaveCheckpoint> || std::same_as<Pending, Sleep>;
    if constexpr (lenient && !std::same_as<Pending, Given>) {
      if (accepts_wrong_replies(*pending.run_)) return pass(pending, typename Pending::reply{});
    }
    if (number != expected) {
      return refuse("request " + std::to_string(expected) + " (" + name_of<Pending> +
                    ") is pending, but the reply is to request " + std::to_string(number));
    }
    if constexpr (std::same_as<Pending, Given>) return pass(pending, std::move(given.value));
    else return refuse(std::string(name_of<Pending>) + " is pending, but the reply is one to " + name_of<Given>);
  }

  template <Effect Given>
  Outcome operator()(Finished&, AnyReply::To<Given>&) const {
    return refuse(std::string("the run has ended, but a reply to ") + name_of<Given> + " came");
  }
};

}  // namespace detail

std::uint64_t pending_request(const Step& step) noexcept {
  return std::visit(
      [](const auto& pending) -> std::uint64_t {
        if constexpr (requires { pending.number(); }) return pending.number();
        else return 0;
      },
      static_cast<const Step::Base&>(step));
}

tl::expected<void, ProtocolError> answer(Step& step, AnyReply reply, Instant now) {
  return std::visit(detail::Door{step, reply.request, now}, static_cast<Step::Base&>(step), reply.reply);
}

}  // namespace lantern
