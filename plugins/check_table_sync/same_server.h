// Two names may lead to one server, and one name to several: neither can be compared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "address.h"
#include "crew.h"
#include "fleet.h"

namespace evenkeel::table_sync {

using Addresses = std::vector<std::shared_ptr<Address>>;

// Asks again who answers, over the crew's connections and over `others`, which are new ones. Servers that
// answer in turn are lost. Whatever else goes wrong with a second connection is no matter.
void look_for_several(Crew& crew, Crew& others, const Addresses& addresses, Fleet& fleet);

// Of those that are the same server, all but one are lost: the reference stays, else the first.
void lose_doubles(Crew& crew, const Addresses& addresses, Fleet& fleet);

// Words for one that is the same server as `other`.
std::string same_as(const std::string& other, const mysql::ServerIdentity& identity);

}  // namespace evenkeel::table_sync
