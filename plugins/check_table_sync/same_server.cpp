#include "same_server.h"

#include <cstdio>
#include <optional>
#include <random>

#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

// A proxy that routes each statement by itself shows it sooner or later.
constexpr int times_asked = 3;

std::string lock_name() {
  std::random_device source;
  char text[32];
  std::snprintf(text, sizeof text, "evenkeel.%08x%08x", source(), source());
  return text;
}

// Nothing where it fails; a server that does not answer is lost.
template <class Value, class Ask>
std::optional<Value> ask_one(Crew& crew, Fleet& fleet, std::size_t server, Ask ask) {
  auto replies =
      crew.ask<Value>({server}, [ask](std::size_t, mysql::SqlSession& session) { return ask(session); });
  if (replies[0].failure && replies[0].failure->left_us_waiting()) fleet.lose(server, *replies[0].failure);
  return std::move(replies[0].value);
}

// Whether a lock that one of them holds is held on the other; nothing where locks are not to be had.
std::optional<bool> share_locks(Crew& crew, Fleet& fleet, std::size_t holder, std::size_t other) {
  const std::string name = lock_name();
  const auto held = ask_one<bool>(crew, fleet, holder, [name](mysql::SqlSession& session) {
    return session.query("SELECT GET_LOCK('" + name + "', 0) AS held").at(0, "held") == "1";
  });
  if (!held.value_or(false)) return std::nullopt;
  const auto seen = ask_one<bool>(crew, fleet, other, [name](mysql::SqlSession& session) {
    return session.query("SELECT IS_USED_LOCK('" + name + "') AS holder").at(0, "holder").has_value();
  });
  ask_one<bool>(crew, fleet, holder, [name](mysql::SqlSession& session) {
    session.query("SELECT RELEASE_LOCK('" + name + "') AS released");
    return true;
  });
  return seen;
}

// Why the two cannot be compared; empty where they can.
std::string why_one(Crew& crew, Fleet& fleet, std::size_t kept, std::size_t other, mysql::ServerIdentity a,
                    mysql::ServerIdentity b) {
  if (!look_the_same(a, b)) return {};
  const std::string& kept_name = fleet.name(kept);
  const std::optional<bool> shared = share_locks(crew, fleet, kept, other);
  if (shared == true) return same_as(kept_name, a);
  if (!a.uuid.empty())
    return "gives the same server_uuid as " + kept_name + " (" + clean(a.uuid, 40) +
           "), so that nobody can tell whose transactions are whose: remove auto.cnf from the data directory "
           "of the one that was copied, and restart it";
  if (shared == false) return {};
  const auto started = [](mysql::SqlSession& session) { return mysql::started_at(session).value_or(0); };
  a.started = ask_one<double>(crew, fleet, kept, started);
  b.started = ask_one<double>(crew, fleet, other, started);
  // Of one that does not answer nothing is known.
  if (fleet.failure_of(kept) || fleet.failure_of(other)) return {};
  return seem_the_same(a, b) ? same_as(kept_name, a) : "";
}

}  // namespace

std::string same_as(const std::string& other, const mysql::ServerIdentity& identity) {
  return "is the same server as " + other + " (" + identity.text() + "): nothing is compared with itself";
}

void look_for_several(Crew& crew, Crew& others, const Addresses& addresses, Fleet& fleet) {
  const std::vector<std::size_t> servers = fleet.answering();
  const auto ask = [addresses](std::size_t server, mysql::SqlSession& session) {
    for (int i = 0; i < times_asked; ++i) addresses[server]->saw(mysql::identify(session).identity);
    return true;
  };
  for (Crew* one : {&crew, &others}) {
    const auto replies = one->ask<bool>(servers, ask);
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const std::optional<Failure>& failure = replies[i].failure;
      if (failure && (failure->several || (one == &crew && failure->left_us_waiting())))
        fleet.lose(servers[i], *failure);
    }
  }
}

void lose_doubles(Crew& crew, const Addresses& addresses, Fleet& fleet) {
  const std::vector<std::size_t> servers = fleet.answering();
  const std::size_t reference = fleet.reference();
  std::vector<std::size_t> kept{reference};
  for (const std::size_t server : servers) {
    if (server == reference) continue;
    std::string why;
    for (const std::size_t other : kept) {
      why = why_one(crew, fleet, other, server, addresses[other]->server(), addresses[server]->server());
      if (!why.empty()) break;
    }
    if (why.empty())
      kept.push_back(server);
    else
      fleet.lose(server, {Fault::protocol, 0, why});
  }
}

}  // namespace evenkeel::table_sync
