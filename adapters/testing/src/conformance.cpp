#include "lantern/testing/conformance.hpp"

#include <exception>
#include <ostream>

#include "lab.hpp"

namespace lantern {

std::ostream& operator<<(std::ostream& out, const ContractFailure& failure) {
  return out << failure.contract << ": " << failure.detail;
}

namespace detail {
namespace {

template <class Visit>
void each_rule(Visit visit) {
  for (const auto rules :
       {append_rules(), reader_rules(),    page_rules(),       name_rules(),       checkpoint_rules(),
        lease_rules(),  write_rules(),     run_rules(),        race_rules(),       stream_rules(),
        view_rules(),   scan_rules(),      replace_rules(),    generation_rules(), role_rules(),
        switch_rules(), view_race_rules(), view_model_rules(), keyed_run_rules(),  keyed_name_rules()}) {
    for (const Rule& rule : rules) visit(rule);
  }
}

unsigned bits(const Offers& offers) {
  return (offers.append ? Needs::append : 0u) | (offers.clock ? Needs::clock : 0u) |
         (offers.leases ? Needs::leases : 0u) | (offers.writes ? Needs::writes : 0u) |
         (offers.quarantine ? Needs::quarantine : 0u) | (offers.hints ? Needs::hints : 0u) |
         (offers.views ? Needs::views : 0u) | (offers.generations ? Needs::generations : 0u) |
         (offers.streams ? Needs::streams : 0u);
}

/// How the contract was broken, if it was.
std::optional<std::string> check(const Rule& rule, const Offers& offers,
                                 const std::function<std::unique_ptr<SuiteWorld>()>& make) {
  std::string trying;
  const auto where = [&] { return trying.empty() ? std::string() : " (" + trying + ")"; };
  try {
    Lab lab(make, offers);
    try {
      rule.check(lab);
    } catch (...) {
      trying = lab.trying();
      throw;
    }
    return std::nullopt;
  } catch (const Broken& how) {
    return how.detail + where();
  } catch (const std::exception& thrown) {
    return "the store or its world threw " + std::string(thrown.what()) + where();
  } catch (...) {
    return "the store or its world threw something unknown" + where();
  }
}

}  // namespace

std::vector<Contract> contracts_for(Offers offers, std::function<std::unique_ptr<SuiteWorld>()> make) {
  std::vector<Contract> contracts;
  each_rule([&](const Rule& rule) {
    if ((rule.needs & ~bits(offers)) != 0) return;
    contracts.push_back({rule.name, [&rule, offers, make]() -> tl::expected<void, ContractFailure> {
                           if (auto how = check(rule, offers, make)) {
                             return tl::unexpected(ContractFailure{rule.name, *std::move(how)});
                           }
                           return {};
                         }});
  });
  return contracts;
}

}  // namespace detail

std::vector<std::string> conformance_contracts() {
  std::vector<std::string> names;
  detail::each_rule([&](const detail::Rule& rule) { names.emplace_back(rule.name); });
  return names;
}

}  // namespace lantern
