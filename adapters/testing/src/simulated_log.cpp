#include "lantern/testing/simulated_log.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "recorded.hpp"

namespace lantern::testing {

using State = LogTransaction::State;

SimulatedLog::SimulatedLog(std::vector<NewEvent> workload, ProducerHabits habits)
    : workload_(std::move(workload)), habits_(habits) {
  numbers_.reserve(workload_.size());
  drawn_.reserve(workload_.size());
  transactions_.reserve(workload_.size());
  first_drawn_.reserve(workload_.size());
}

// ---- by hand ----

SimulatedLog::Transaction SimulatedLog::begin(bool draws_id) {
  const auto index = static_cast<std::uint32_t>(transactions_.size());
  transactions_.push_back({State::open, draws_id ? next_id_++ : 0});
  first_drawn_.push_back(static_cast<std::uint32_t>(drawn_.size()));
  open_.push_back(index);
  return {index};
}

Position SimulatedLog::append(Transaction transaction, NewEvent event) {
  by_hand_.push_back(std::move(event));
  return append(transaction, static_cast<std::uint32_t>(workload_.size() + by_hand_.size() - 1));
}

Position SimulatedLog::append(Transaction transaction, std::uint32_t written) {
  LogTransaction& writer = transactions_[transaction.index];
  assert(writer.state == State::open);
  const std::uint32_t stream = stream_of(written);
  std::int64_t version = streams_[stream].version + 1;
  bool is_not_first = false;
  for (std::size_t i = first_drawn_[transaction.index]; i < numbers_.size(); ++i) {
    if (numbers_[i].transaction != transaction.index) continue;
    is_not_first = true;
    if (drawn_[i].stream == stream) version = drawn_[i].version + 1;
  }
  numbers_.push_back({static_cast<std::int64_t>(numbers_.size()) + 1, transaction.index});
  drawn_.push_back({written, stream, version});
  if (is_not_first && writer.id == 0) writer.id = next_id_++;
  return Position{numbers_.back().number};
}

bool SimulatedLog::commit(Transaction transaction) {
  const auto each = [&](auto&& act) {
    for (std::size_t i = first_drawn_[transaction.index]; i < numbers_.size(); ++i) {
      if (numbers_[i].transaction == transaction.index) act(drawn_[i]);
    }
  };
  bool is_overtaken = false;
  each([&](const Drawn& one) { is_overtaken = is_overtaken || one.version <= streams_[one.stream].version; });
  if (!is_overtaken) each([&](const Drawn& one) { streams_[one.stream].version = one.version; });
  end(transaction, is_overtaken ? State::rolled_back : State::committed);
  return !is_overtaken;
}

void SimulatedLog::roll_back(Transaction transaction) { end(transaction, State::rolled_back); }

Position SimulatedLog::write(NewEvent event) {
  const Transaction transaction = begin();
  const Position position = append(transaction, std::move(event));
  commit(transaction);
  return position;
}

void SimulatedLog::end(Transaction transaction, State state) {
  LogTransaction& writer = transactions_[transaction.index];
  assert(writer.state == State::open);
  if (writer.id == 0) writer.id = next_id_++;
  writer.state = state;
  std::erase(open_, transaction.index);
  if (state == State::rolled_back && habits_.reuse_numbers) give_back_numbers();
}

void SimulatedLog::give_back_numbers() {
  while (!numbers_.empty() && transactions_[numbers_.back().transaction].state == State::rolled_back) {
    numbers_.pop_back();
    drawn_.pop_back();
  }
  for (const std::uint32_t one : open_) {
    first_drawn_[one] = std::min(first_drawn_[one], static_cast<std::uint32_t>(drawn_.size()));
  }
}

const NewEvent& SimulatedLog::written(std::uint32_t index) const noexcept {
  return index < workload_.size() ? workload_[index] : by_hand_[index - workload_.size()];
}

std::uint32_t SimulatedLog::stream_of(std::uint32_t index) {
  const std::string_view name = written(index).stream;
  const auto known = std::ranges::find(streams_, name, &Stream::name);
  if (known != streams_.end()) return static_cast<std::uint32_t>(known - streams_.begin());
  streams_.push_back({name, 0});
  return static_cast<std::uint32_t>(streams_.size() - 1);
}

// ---- by choice ----

void SimulatedLog::step(Choices& choices) {
  enum Act : std::uint32_t { write_one, begin_one, commit_one, append_one, roll_one_back };
  const bool more = next_ < workload_.size();
  if (!more && open_.empty()) return;
  const auto which = [&] {  // of those that are open: usually the first
    return Transaction{
        open_[choices.choose(About::log, static_cast<std::uint32_t>(open_.size()), Chance::percent(50))]};
  };
  if (!more) {
    const bool rolls = habits_.roll_back && choices.choose(About::log, 2) == 1;
    const Transaction one = which();
    if (rolls) roll_back(one);
    else commit(one);
    return;
  }

  std::uint32_t ways = habits_.open_at_once == 0 ? 1 : 2;
  if (!open_.empty()) ways = habits_.roll_back ? 5 : 4;
  switch (choices.choose(About::log, ways, habits_.unusual)) {
    case begin_one:
      if (open_.size() < habits_.open_at_once) {
        append(begin(!habits_.late_ids || choices.choose(About::log, 2, Chance::percent(50)) == 0), next_++);
        return;
      }
      [[fallthrough]];
    case commit_one: commit(which()); return;
    case append_one: {
      const Transaction one = which();
      const auto own = std::count_if(numbers_.begin() + first_drawn_[one.index], numbers_.end(),
                                     [&](const LogNumber& drawn) { return drawn.transaction == one.index; });
      if (own < static_cast<std::ptrdiff_t>(habits_.most_in_one)) append(one, next_++);
      else commit(one);
      return;
    }
    case roll_one_back: roll_back(which()); return;
    default: break;
  }
  const Transaction one = begin();
  append(one, next_++);
  commit(one);
}

void SimulatedLog::settle() {
  while (!open_.empty()) commit({open_.front()});
}

void SimulatedLog::write_rest() {
  settle();
  while (next_ < workload_.size()) {
    const Transaction one = begin();
    append(one, next_++);
    commit(one);
  }
}

// ---- what is there ----

LogInstant SimulatedLog::instant(std::int64_t time) const noexcept { return {transactions_, numbers_, next_id_, time}; }

RecordedEvent SimulatedLog::event(const LogNumber& drawn) const {
  const Drawn& one = drawn_[static_cast<std::size_t>(drawn.number - 1)];
  const NewEvent& event = written(one.written);
  return {.position = Position{drawn.number},
          .stream = event.stream,
          .version = one.version,
          .type = event.type,
          .schema_version = event.schema_version,
          .data = event.data,
          .id = event.id,
          .meta = event.meta,
          .ts = event.ts};
}

std::vector<RecordedEvent> SimulatedLog::events() const {
  std::vector<RecordedEvent> all;
  all.reserve(numbers_.size());
  const LogInstant now = instant();
  for (const LogNumber& drawn : numbers_) {
    if (now.is_open(drawn)) break;
    if (now.is_committed(drawn)) all.push_back(event(drawn));
  }
  return all;
}

std::vector<NewEvent> make_workload(Choices& choices, std::uint32_t events, std::uint32_t streams,
                                    std::uint32_t types) {
  std::vector<NewEvent> made;
  made.reserve(events);
  const auto one_of = [&](std::uint32_t ways) {
    return std::to_string(choices.choose(About::workload, ways, Chance::percent(75)));
  };
  for (std::uint32_t i = 1; i <= events; ++i) {
    made.push_back({.stream = "s" + one_of(streams), .type = "T" + one_of(types), .data = "e" + std::to_string(i)});
  }
  return made;
}

}  // namespace lantern::testing
