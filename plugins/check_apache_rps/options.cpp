#include "options.h"

#include "evenkeel/http/endpoint_options.h"
#include "evenkeel/parallel.h"
#include "server_status.h"

namespace evenkeel::apache {

namespace {

constexpr const char* default_path = "/server-status?auto";

constexpr std::size_t usual_parallel = 256;

std::vector<OptionSpec> own_options() {
  return {
      {.name = "interval",
       .letter = 'i',
       .value = "SECONDS",
       .help = "time between two samples, at least; fractions are fine",
       .default_text = "1, or less where --timeout leaves less"},
      {.name = "max-age",
       .value = "SECONDS",
       .help = "an earlier run's sample that is older is not used; two are taken instead",
       .default_text = "900"},
      parallel_option(usual_parallel),
  };
}

std::vector<LabelSpec> labels() {
  return {
      {"rps", "", "requests per second between two samples, without this check's own", "", ""},
      {"bytes_per_second", "", "bytes served per second between two samples", "", ""},
      {"busy_workers", "", "slots of the scoreboard in use, this check's request among them", "", ""},
      {"idle_workers", "", "workers that wait for a request", "", ""},
      {"open_slots", "", "slots without a process", "", ""},
      {"busy_percent", "%", "slots in use, of all slots", "", ""},
      {"request_duration", "s", "mean time to serve a request between two samples; Apache 2.4.35 and later",
       "", ""},
      {"uptime", "s", "since the server was started", "", ""},
      {"rps_total", "", "with several servers: rps of all of them, where all have one", "", ""},
  };
}

constexpr const char* notes =
    "What it needs: mod_status at the URL (<Location /server-status> with SetHandler server-status), open "
    "to the host this runs on. ExtendedStatus On, the default since Apache 2.4, for rates.\n\n"
    "rps is the difference of two samples over the time between them, never the average since the server was "
    "started. The earlier sample is that of an earlier run where there is one between --interval and "
    "--max-age old; else, and with --no-state, two are taken --interval apart. From 60 s on the server's "
    "own clock divides, below that the local one. A restart between the samples is noticed, and the server "
    "sampled anew; a graceful restart keeps the counters. Requests of this check, and of its earlier runs "
    "with "
    "the same state folder, are not counted.\n\n"
    "A counter is one server's: uptime has to grow by about the time between the samples. Where a cache "
    "answers (Age, a page that stands still), or several servers at one address, there is no rate, and the "
    "state is UNKNOWN with the reason. Behind a load balancer, name each server.\n\n"
    "A server that answers with 5xx, or not at all, is CRITICAL; one that answers with anything but a status "
    "page is UNKNOWN, and so is one that wants a client certificate (--cert).\n\n"
    "Pages are asked for by HTTP/1.1: mod_status does not count all requests of HTTP/2, those of browsers "
    "included, so that rps is too low where most visitors use it.\n\n"
    "Neither too many nor too few: -w 5:200 -c 1:400.";

}  // namespace

Description description() {
  Description description;
  description.name = "check_apache_rps";
  description.purpose = "Does Apache serve neither too few nor too many requests per second?";
  description.options = http::endpoint_options(default_path);
  for (OptionSpec& option : own_options()) description.options.push_back(std::move(option));
  description.labels = labels();
  description.notes = notes;
  description.examples = {
      {"check_apache_rps -H web1 -w 5:200 -c 1:400",
       "APACHE_RPS OK - web1: 29.7 requests/s, 1 of 16 workers busy | rps=29.744794;5:200;1:400;0 "
       "bytes_per_second=13772.087394;;;0 request_duration=0.000033s;;;0 busy_workers=1;;;0;16 "
       "idle_workers=3;;;0;16 open_slots=12;;;0;16 busy_percent=6.25%;;;0;100 uptime=5s;;;0"},
      {"check_apache_rps -H web1,web2 -c rps_total=10: --interval 0.5",
       "APACHE_RPS CRITICAL - web2: connecting to port 80: connection refused | 'rps@web1'=17.623895;;;0 "
       "'bytes_per_second@web1'=8582.836841;;;0 'request_duration@web1'=0.000045s;;;0 …\n"
       "[CRITICAL] web2: connecting to port 80: connection refused\n"
       "[OK] web1: 17.6 requests/s, 1 of 16 workers busy"},
  };
  return description;
}

Settings settings_from(const Options& options) {
  Settings settings;
  settings.interval = options.number("interval", 1, 0.01, 3600);
  settings.interval_given = options.has("interval");
  settings.max_age = options.number("max-age", 900, 0, 86400 * 7);
  settings.parallel = parallel_from(options, usual_parallel);
  return settings;
}

std::string with_auto(const std::string& url) {
  const std::size_t end = std::min(url.find('#'), url.size());
  const std::size_t query = url.find('?');
  std::string page = url.substr(0, end);
  if (query >= end) return page + "?auto";
  // mod_status looks for the word anywhere in the query.
  if (page.find("auto", query) != std::string::npos) return page;
  return page + (query + 1 == page.size() ? "auto" : "&auto");
}

std::vector<http::Endpoint> status_pages_from(const Options& options) {
  std::vector<http::Endpoint> endpoints = http::endpoints_from(options, default_path);
  for (http::Endpoint& endpoint : endpoints) {
    // A whole URL without a path means the usual page.
    const std::size_t authority = endpoint.url.find("://") + 3;
    if (endpoint.url.find_first_of("/?#", authority) == std::string::npos) endpoint.url += default_path;
    endpoint.url = with_auto(endpoint.url);
    endpoint.enough = tells_enough;
  }
  return endpoints;
}

}  // namespace evenkeel::apache
