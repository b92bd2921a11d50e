#include "chain.hpp"

#include <algorithm>
#include <charconv>

namespace lantern::detail {
namespace {

std::uint64_t linked(std::uint64_t hash, std::int64_t code, const RecordedEvent& event, std::string_view key) {
  const auto mix = [&](std::string_view bytes) {
    for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3 + 1;
  };
  mix(std::to_string(code) + " " + std::to_string(event.position.value));
  mix(event.stream);
  mix(key);
  return hash;
}

}  // namespace

tl::expected<std::uint64_t, Failure> ChainCodec::decode_state(std::string_view bytes) const {
  std::uint64_t hash = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), hash);
  if (error == std::errc() && end == bytes.data() + bytes.size()) return hash;
  return tl::unexpected(Failure(FailureKind::undecodable, "no number"));
}

std::vector<std::string> Chain::keys(const RecordedEvent& event) const {
  std::vector<std::string> found;
  std::string_view rest = event.data;
  for (;;) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    found.emplace_back(rest.substr(0, end));
    if (end == rest.size()) return found;
    rest.remove_prefix(end + 1);
  }
}

tl::expected<Change<std::monostate>, Failure> Chain::apply(State& state, const RecordedEvent& event,
                                                           const ViewAt& at) const {
  state = linked(state, code, event, at.key);  // before it fails, on purpose
  if (event.type == refused_type) return tl::unexpected(Failure(FailureKind::rejected, "refused"));
  if (event.type == forgetting_type) return lantern::erased;
  if (event.type == looking_type) return lantern::unchanged;
  return changed(std::monostate{});
}

ProjectionConfig Chain::config() const {
  ProjectionConfig config;
  EventRetryConfig retry;
  retry.max_attempts = 0;
  retry.when_exhausted = Escalation::quarantine_key;
  config.page_limit(3).with(retry).of_tenant(id.tenant).publish_changes(false);
  return config;
}

std::string for_keys(const std::vector<std::string>& keys) {
  std::string data;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) data += '\0';
    data += keys[i];
  }
  return data;
}

ChainFold naive_fold(const Chain& chain, const EventPage& log, std::optional<Position> through) {
  ChainFold fold;
  std::map<std::string, std::uint64_t> hashes;
  for (const RecordedEvent& event : log.events()) {
    if (!through || event.position > *through) break;
    if (!lets_through(chain.events, event.stream, event.type)) continue;
    for (const std::string& key : chain.keys(event)) {
      if (event.type == refused_type) fold.parked.insert(key);
      if (fold.parked.contains(key)) {
        fold.records.emplace_back(event.position, key);
        continue;
      }
      if (event.type == looking_type) continue;
      const auto known = fold.rows.find(key);
      if (event.type == forgetting_type && (known == fold.rows.end() || !known->second.state)) continue;
      StoredView& row = fold.rows[key];
      row.key = key;
      row.position = event.position;
      ++row.version;
      if (event.type == forgetting_type) {
        row.state.reset();
        hashes.erase(key);
      } else {
        hashes[key] = linked(hashes[key], chain.code, event, key);
        row.state = std::to_string(hashes[key]);
      }
    }
  }
  return fold;
}

void expect_folded(Lab& lab, SuiteStore& store, const Chain& chain, const EventPage& log) {
  std::set<std::string> known;
  for (const RecordedEvent& event : log.events()) {
    for (auto& key : chain.keys(event)) known.insert(std::move(key));
  }
  const std::vector<std::string> keys(known.begin(), known.end());
  const Generation active = run_of(store, chain.id).generation;
  std::vector<Generation> numbers{active};
  if (lab.offers().generations) {
    numbers.clear();
    for (const auto& one : list(store, chain.id)) numbers.push_back(one.generation);
  }
  for (const Generation number : numbers) {
    const ViewRun run = run_of(store, chain.id, number);
    Chain code = chain;
    if (lab.offers().generations) code.code = run.version.program;
    const ChainFold fold = naive_fold(code, log, run.at);
    const std::string where = "in generation " + shown(number) + " at " + shown(run.at) + ", ";
    Views rows, shows;
    for (const auto& [key, row] : fold.rows) {
      rows.push_back(row);
      if (row.state) shows.push_back(row);
    }
    const auto loaded = load(store, chain.id, keys, number);
    expect_same(where + "the rows", loaded.views, rows);
    expect_same(where + "the parked keys", loaded.parked,
                std::vector<std::string>(fold.parked.begin(), fold.parked.end()));
    ScanViews asked{.projection = chain.id, .limit = 2};
    if (number != active) asked.generation = number;
    expect_same(where + "what readers see", scan(store, asked), shows);
    if (number != active || !lab.offers().quarantine) continue;
    auto records = fold.records;
    std::ranges::sort(records);
    std::vector<std::pair<Position, std::string>> found;
    for (const auto& record : store.quarantined(chain.id)) {
      found.emplace_back(record.position, record.key.value_or("(no key)"));
    }
    std::ranges::sort(found);
    expect(found == records, where + "the records are not those of the events that were passed");
  }
}

}  // namespace lantern::detail
