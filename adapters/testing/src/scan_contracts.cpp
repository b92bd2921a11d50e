// Contracts of scanning views, and of keys: they are data, whatever they look like.
#include <algorithm>
#include <set>

#include "views.hpp"

namespace lantern::detail {
namespace {

const ProjectionId orders("orders");
using Keys = std::vector<std::string>;

/// Keys that look alike, look like code, look like nothing, and are all different. By their bytes.
const Keys& odd_keys() {
  static const Keys keys = [] {
    std::set<std::string> all(odd_names().begin(), odd_names().end());
    all.insert({"",
                "order-10",
                "order-9",
                "Order-9",
                "order",
                "b:c",
                "a:b",
                "a:b:c",
                "a.b.c",
                "a>",
                "a.>",
                "e\xCC\x81",
                "\xC3\xA9",
                "\xF0\x9F\x98\x80",
                "\xF0\x9F\x98\x80/1",
                "z\x7F",
                "z\xC2\x80",
                "%25",
                "$.a",
                "[0]"});
    return Keys(all.begin(), all.end());
  }();
  return keys;
}

void store_all(Lab& lab, const Keys& keys, const ProjectionId& id = orders) {
  Views all;
  for (const auto& key : keys) all.push_back(made(key, "state of " + key));
  ViewRun run;
  run.id = id;
  run.commit(lab, std::move(all));
}

ScanViews asking(std::string prefix, std::uint32_t limit = 100) {
  ScanViews asked;
  asked.projection = orders;
  asked.prefix = std::move(prefix);
  asked.limit = limit;
  return asked;
}

Keys with_prefix(const std::string& prefix) {
  Keys found;
  for (const auto& key : odd_keys()) {
    if (key.substr(0, prefix.size()) == prefix) found.push_back(key);
  }
  return found;
}

void in_order(Lab& lab) {
  Keys shuffled = odd_keys();
  Chance chance(1);
  for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[chance.below(i)]);
  store_all(lab, shuffled);
  expect_same("all keys, by their bytes", keys_of(scan(lab.store(), orders)), odd_keys());
}

void odd_keys_are_data(Lab& lab) {
  store_all(lab, odd_keys());
  expect_same("what is loaded at once", keys_of(load(lab.store(), orders, odd_keys()).views), odd_keys());
  for (const auto& key : odd_keys()) {
    lab.trying("key " + shown(key));
    expect_same("its state", state(lab.store(), orders, key), "state of " + key);
    expect_same("what is loaded", keys_of(load(lab.store(), orders, {key}).views), Keys{key});
  }
}

void bad_keys_are_refused(Lab& lab) {
  Keys bad = bad_names();
  bad.push_back(std::string(10'240, 'x'));
  ViewRun run;
  run.commit(lab, {made("good", "1")});
  for (const auto& key : bad) {
    if (key.empty()) continue;  // is a key
    lab.trying("key " + shown(key));
    const SaveCheckpoint save = run.next({made("good", "2", 2), made(key, "1")});
    must_be_invalid("a commit of a view of this key", lab.perform(save));
    SaveCheckpoint parking = run.next({});
    parking.quarantined = {{.position = Position{2}, .stream = "s", .type = "T", .key = key}};
    must_be_invalid("a commit of a record of this key", lab.perform(parking));
    must_be_invalid("getting this key", lab.perform(GetView{orders, key}));
    must_be_invalid("loading this key", lab.perform(LoadViews{orders, {}, {"good", key}}));
    ReplaceView replace{orders, key, "x", 1};
    replace.through = run.at;
    must_be_invalid("replacing the view of this key", lab.perform(replace));
  }
  expect_same("all views", state(lab.store(), orders, "good"), "1");
  expect_same("all keys", keys_of(scan(lab.store(), orders)), Keys{"good"});
}

void bad_projections_are_refused(Lab& lab) {
  for (const auto& name : bad_names()) {
    lab.trying("name " + shown(name));
    std::vector<ProjectionId> ids{ProjectionId(name)};
    if (!name.empty()) ids.emplace_back("p", name);
    for (const auto& id : ids) {
      must_be_invalid("getting a view", lab.perform(GetView{id, "a"}));
      must_be_invalid("scanning", lab.perform(ScanViews{id}));
      must_be_invalid("loading", lab.perform(LoadViews{id, {}, {"a"}}));
      must_be_invalid("replacing", lab.perform(ReplaceView{id, "a", "x", 1}));
    }
  }
}

/// A prefix is bytes: no pattern, no case, and it may end within a character, or where no key can.
void literal_prefix(Lab& lab) {
  store_all(lab, odd_keys());
  Keys prefixes = odd_keys();
  prefixes.insert(prefixes.end(), {"order-", "ORDER", "a%", "a_", "\xF0", "\xF0\x9F\x98", "\xC3", "\xF4", "\xFF",
                                   "\xFF\xFF", "a\xFF", "z\x7F\xFF", "\xF4\x8F\xBF\xBF\xFF", "nothing"});
  for (const auto& prefix : prefixes) {
    lab.trying("prefix " + shown(prefix));
    expect_same("keys", keys_of(scan(lab.store(), asking(prefix))), with_prefix(prefix));
  }
}

void pages_are_complete(Lab& lab) {
  store_all(lab, odd_keys());
  for (const std::string prefix : {"", "a", "order", "nothing"}) {
    for (const std::uint32_t limit : {1u, 2u, 3u, 7u, 1000u}) {
      lab.trying("prefix " + shown(prefix) + ", limit " + std::to_string(limit));
      expect_same("keys over all pages", keys_of(scan(lab.store(), asking(prefix, limit))), with_prefix(prefix));
      const auto page = scan_page(lab.store(), asking(prefix, limit));
      expect_same("keys of the first page", page.views.size(),
                  std::min<std::size_t>(limit, with_prefix(prefix).size()));
      expect(page.more || page.views.size() == with_prefix(prefix).size(), "there is more, but the page denies it");
    }
  }
  must_be_invalid("a limit of 0", lab.perform(asking("", 0)));
}

void byte_limits(Lab& lab) {
  Views all;
  Keys expected;
  for (int i = 10; i < 40; ++i) {
    const std::string key = std::to_string(i);
    all.push_back(i % 7 == 0 ? erased(key, 1) : made(key, std::string(static_cast<std::size_t>(i), 'x')));
    if (i % 7 != 0) expected.push_back(key);
  }
  ViewRun().commit(lab, std::move(all));
  for (const std::uint64_t bytes : {0u, 1u, 11u, 100u, 1000u, 1'000'000u}) {
    lab.trying("byte limit " + std::to_string(bytes));
    ScanViews asked = asking("");
    asked.byte_limit = bytes;
    expect_same("keys over all pages", keys_of(scan(lab.store(), asked)), expected);
  }
}

/// `after` need not be a key, nor be within the prefix.
void after_is_a_bound(Lab& lab) {
  store_all(lab, odd_keys());
  for (const std::string prefix : {"", "a", "order", "\xF0"}) {
    for (const std::string& after : Keys{"", "a", "a/", "a/b", "a/b/", "b", "order", "order-", "order-95", "p", "\x01",
                                         "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF"}) {
      lab.trying("prefix " + shown(prefix) + ", after " + shown(after));
      ScanViews asked = asking(prefix, 5);
      asked.after = after;
      Keys expected = with_prefix(prefix);
      std::erase_if(expected, [&](const auto& key) { return key <= after; });
      expect_same("keys", keys_of(scan(lab.store(), asked)), expected);
    }
  }
}

/// Erased ones fill no page, and hide nothing.
void erased_fill_no_page(Lab& lab) {
  Views all;
  Keys expected;
  for (int i = 100; i < 200; ++i) {
    const std::string key = std::to_string(i);
    const bool shows = i % 10 == 5;
    all.push_back(shows ? made(key, "s") : erased(key, 1));
    if (shows) expected.push_back(key);
  }
  ViewRun().commit(lab, std::move(all));
  for (const std::uint32_t limit : {1u, 3u, 10u, 11u}) {
    lab.trying("limit " + std::to_string(limit));
    expect_same("keys", keys_of(scan(lab.store(), asking("", limit))), expected);
    expect_same("keys", keys_of(scan(lab.store(), asking("16", limit))), Keys{"165"});
  }
}

void condition_is_kept_or_refused(Lab& lab) {
  ViewRun().commit(lab, {made("a", R"({"status":"open","n":1})"), made("b", R"({"status":"done","n":1})"),
                         made("c", "no JSON"), made("d", R"({"status":"open","n":2})"), made("e", R"(["open"])")});
  const auto keys_where = [&](std::string path, std::string equals) {
    ScanViews asked = asking("", 2);
    asked.where = ViewCondition{std::move(path), std::move(equals)};
    return keys_of(scan(lab.store(), asked));
  };
  ScanViews asked = asking("");
  asked.where = ViewCondition{"$.status", R"("open")"};
  if (const auto reply = lab.perform(asked); !reply) {
    if (reply.error().kind != FailureKind::unsupported) {
      broken("a store that cannot look into states must say that it is not supported, not: " + shown(reply.error()));
    }
    return;
  }
  expect_same("keys of what is open", keys_where("$.status", R"("open")"), Keys{"a", "d"});
  expect_same("keys whose n is 1", keys_where("$.n", "1"), Keys{"a", "b"});
  expect_same("keys whose n is the text 1", keys_where("$.n", R"("1")"), Keys{});
}

// ---- tenants ----

/// Pairs, and keys, that would meet if any two of them were ever joined into one text.
const std::vector<ProjectionId>& pairs() {
  static const std::vector<ProjectionId> ids{
      {"orders"},         {"orders", "acme"},   {"orders", "ACME"}, {"acme", "orders"}, {"a", "b:c"},
      {"a:b", "c"},       {"a", "b"},           {"ab", ""},         {"a/b", "c"},       {"a", "b/c"},
      {"a'", "b"},        {"a", "'b"},          {"%", "_"},         {"_", "%"},         {"\xC3\xA1", "t"},
      {"a\xCC\x81", "t"}, {"orders", "acme:a"}, {"a", "b.c"},       {"a.b", "c"},       {"orders", "\xF0\x9F\x8F\xAE"}};
  return ids;
}

void tenants_never_meet(Lab& lab) {
  const Keys keys{"", "a", "c", "b:c", ":c", "a:b:c", "orders", "acme", "%", "'"};
  std::int64_t number = 0;
  for (const auto& id : pairs()) {
    expect(scan(lab.store(), id).empty(), "views of " + to_string(id) + " before its first");
    Views all;
    for (const auto& key : keys) all.push_back(made(key, to_string(id) + " has " + key, ++number));
    ViewRun run;
    run.id = id;
    SaveCheckpoint save = run.next(all);
    save.through = Position{number};
    if (lab.offers().quarantine) {
      save.quarantined = {
          {.position = Position{1}, .stream = id.name, .type = "T", .error = id.tenant, .key = "parked by " + id.name}};
    }
    must(shown(save), lab.perform(save));
  }
  number = 0;
  for (const auto& id : pairs()) {
    lab.trying(to_string(id));
    for (const auto& key : keys) {
      const auto found = get(lab.store(), id, key);
      expect_same("its view of " + shown(key), found.view ? found.view->state : std::nullopt,
                  to_string(id) + " has " + key);
      expect_same("the version", found.view->version, ++number);
    }
    expect_same("how many views it has", scan(lab.store(), id).size(), keys.size());
    expect_same("its checkpoint", lab.checkpoint(id), std::optional(Position{number}));
    if (!lab.offers().quarantine) continue;
    const auto records = lab.store().quarantined(id);
    expect_same("its records", records.size(), 1u);
    expect_same("whose stream is", records.front().stream, id.name);
    expect_same("whose error is", records.front().error, id.tenant);
    Keys parked;
    for (const auto& other : pairs()) parked.push_back("parked by " + other.name);
    std::ranges::sort(parked);
    parked.erase(std::unique(parked.begin(), parked.end()), parked.end());
    expect_same("its parked keys", load(lab.store(), id, parked).parked, Keys{"parked by " + id.name});
  }
}

}  // namespace

std::span<const Rule> scan_rules() {
  // clang-format off
  static constexpr Rule rules[] = {
      {"scan: keys ascend by their bytes", views, in_order},
      {"scan: a prefix is literal bytes", views, literal_prefix},
      {"scan: pages are complete, whatever their limit", views, pages_are_complete},
      {"scan: a page ends once it reaches its byte limit, and loses nothing", views, byte_limits},
      {"scan: a page begins after any text", views, after_is_a_bound},
      {"scan: erased views fill no page", views, erased_fill_no_page},
      {"scan: a condition is kept, or refused as not supported", views, condition_is_kept_or_refused},
      {"keys: odd ones are data", views, odd_keys_are_data},
      {"keys: one that is none is refused, with its whole commit", views, bad_keys_are_refused},
      {"keys: views of a projection with a name that is none are refused", views, bad_projections_are_refused},
      {"keys: same ones of two tenants never meet, in get, scan, load, checkpoint, quarantine (T47, T48)", views,
       tenants_never_meet},
  };
  // clang-format on
  return rules;
}

}  // namespace lantern::detail
