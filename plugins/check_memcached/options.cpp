#include "options.h"

#include "evenkeel/parallel.h"
#include "evenkeel/state_store.h"
#include "evenkeel/target.h"
#include "evenkeel/text.h"

namespace evenkeel::cache {

namespace {

constexpr std::size_t usual_parallel = 256;

std::vector<OptionSpec> own_options() {
  return {
      {.name = "hostname",
       .letter = 'H',
       .value = "HOST[:PORT]",
       .help = "whom to ask; may be repeated or take a comma list, IPv6 as [::1]:11211",
       .default_text = "localhost",
       .repeatable = true},
      {.name = "port",
       .letter = 'p',
       .value = "PORT",
       .help = "for hosts that name none",
       .default_text = "11211"},
      {.name = "socket", .letter = 's', .value = "PATH", .help = "a unix socket instead of a host"},
      {.name = "auth-file",
       .value = "FILE",
       .help = "user:password for SASL, on the file's one line; speaks the binary protocol"},
      {.name = "no-round-trip", .help = "store nothing: statistics alone"},
      {.name = "no-statistics", .help = "the round trip alone, for proxies that have none or hang over them"},
      {.name = "min-gets",
       .value = "N",
       .help = "with fewer gets since the last run, hit_ratio has no value and no verdict",
       .default_text = "100"},
      {.name = "max-age",
       .value = "SECONDS",
       .help = "ratios and rates are not taken over a longer time than this",
       .default_text = "3600"},
      {.name = "same-settings",
       .help = "WARNING for a server that runs another version, or has another memory limit, than its pool"},
      parallel_option(usual_parallel),
  };
}

std::vector<LabelSpec> labels() {
  return {
      {"response_time", "s", "connecting, and storing, fetching and deleting a value", "", ""},
      {"hit_ratio", "%", "gets that found a value, of all since the last run", "", ""},
      {"evictions_per_second", "", "items thrown out for want of memory, since the last run", "", ""},
      {"memory_used", "%", "bytes of items, of the memory limit", "", ""},
      {"connections_used", "%", "connections, of the limit", "", ""},
      {"refused_per_second", "", "values refused for want of memory, since the last run", "", "0"},
      {"gets_per_second", "", "since the last run, without this check's own", "", ""},
      {"sets_per_second", "", "since the last run, without this check's own", "", ""},
      {"items", "", "stored now", "", ""},
      {"uptime", "s", "since the cache was started: -w uptime=600: tells of restarts", "", ""},
      {"expired_unfetched_per_second", "", "items that expired without ever being fetched", "", ""},
      {"evicted_unfetched_per_second", "", "items that were evicted without ever being fetched", "", ""},
      {"threads", "", "worker threads", "", ""},
      {"listen_disabled_num", "", "how often the connection limit closed the door, since the start", "", ""},
      {"accepting_conns", "", "1 while new connections are accepted", "", ""},
  };
}

constexpr const char* notes =
    "First of all a value is stored under a random key that begins with evenkeel-check-, fetched, compared "
    "and deleted; should the delete fail, it expires after 10 s. Whatever goes wrong with that is "
    "CRITICAL.\n\n"
    "Ratios and rates are the difference to the last run of the same service, which is to say with the same "
    "thresholds, by the sample that it left in the state folder: a run by hand, or another service that asks "
    "the same cache, leaves it its own time. One that has none yet takes the newest of any. Less than a "
    "second tells of no rate: of runs at the same moment each measures from the one before. The first run, "
    "one with --no-state, and the first after a restart have no rates. A cache that restarted says so; "
    "thresholds for uptime make it a verdict. Where a rate or ratio has a threshold and the last run is "
    "longer ago than --max-age, the state is UNKNOWN: run the check more often, or raise it.\n\n"
    "When items are evicted, line 1 names the slab class that evicts most, the size of its items, and how "
    "long "
    "its oldest item has lived: memory that is short for one size of items looks fine in memory_used. A "
    "threshold for "
    "a label that can have no value, as a rate with --no-state, is UNKNOWN.\n\n"
    "A connection limit that was reached since the last run is WARNING. Values that were refused for want of "
    "memory are CRITICAL by default, where the version counts them (store_no_memory): a small one may still "
    "fit where others do not. memory_used can pass 100 %: memcached gives each size of items a first page, "
    "whatever the limit.\n\n"
    "Proxies and relatives such as twemproxy, mcrouter or Dragonfly have few statistics, or odd ones: where "
    "the round trip works these labels have no value, and the state is OK unless a threshold or "
    "--same-settings needs them. Where several servers answer at one address there is no rate: process, "
    "version and uptime must be one server's. memcached with TLS is not supported: libmemcached has none.";

// What a service wants to know of a cache tells it from others that ask the same one.
std::string service_from(const Options& options) {
  std::string wants;
  for (const char* name : {"warning", "critical", "min-gets", "max-age"})
    for (const std::string& value : options.values(name)) wants += std::string(name) + "=" + value + "\n";
  return wants.empty() ? "" : fingerprint(wants);
}

}  // namespace

Description description() {
  Description description;
  description.name = "check_memcached";
  description.purpose = "Is this cache working, and worth having?";
  description.options = own_options();
  description.labels = labels();
  description.notes = notes;
  description.examples = {
      {"check_memcached -H cache1 -w hit_ratio=80:",
       "MEMCACHED OK - cache1: stored and fetched in 7.38 ms, hit ratio 88.2 % | response_time=0.007384s;;;0 "
       "hit_ratio=88.235294%;80:;;0;100 evictions_per_second=0;;;0 memory_used=0.786304%;;;0;100 "
       "connections_used=0.097656%;;;0;100 gets_per_second=168.226712;;;0 sets_per_second=49.478445;;;0 "
       "items=100;;;0 uptime=4s;;;0 …"},
      {"check_memcached -H cache1 -w evictions_per_second=10",
       "MEMCACHED WARNING - cache1: evicting 1535/s from 1184-byte items (class 12), oldest lived 2 s "
       "(warning: above 10) | response_time=0.000477s;;;0 evictions_per_second=1534.733252;10;;0 …"},
  };
  return description;
}

Settings settings_from(const Options& options) {
  Settings settings;
  settings.round_trip = !options.has("no-round-trip");
  settings.statistics = !options.has("no-statistics");
  if (!settings.statistics)
    for (const char* other : {"no-round-trip", "same-settings"})
      if (options.has(other))
        throw usage_error(std::string("--no-statistics and --") + other + " exclude each other");
  settings.min_gets = options.number("min-gets", 100, 0, 1e15);
  settings.max_age = options.number("max-age", 3600, 0, 86400 * 31);
  settings.same_settings = options.has("same-settings");
  settings.service = service_from(options);
  settings.parallel = parallel_from(options, usual_parallel);
  return settings;
}

std::vector<memcached::Server> servers_from(const Options& options) {
  memcached::Server common;
  if (const auto file = options.value("auth-file")) common.credentials = read_auth_file("--auth-file", *file);
  if (const auto socket = options.value("socket")) {
    for (const char* other : {"hostname", "port"})
      if (options.has(other))
        throw usage_error(std::string("--socket and --") + other + " exclude each other");
    common.name = common.socket = parse_socket_path("--socket", *socket);
    return {common};
  }
  const std::optional<std::string> port_text = options.value("port");
  const std::uint16_t port = port_text ? parse_port("--port", *port_text) : 11211;
  std::vector<std::string> names = options.values("hostname");
  if (names.empty()) names = {"localhost"};
  std::vector<memcached::Server> servers;
  for (const HostPort& host : parse_hosts("--hostname", names)) {
    memcached::Server server = common;
    server.name = host.name;
    server.host = host.host;
    server.port = host.port.value_or(port);
    servers.push_back(std::move(server));
  }
  return servers;
}

}  // namespace evenkeel::cache
