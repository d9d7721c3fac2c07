// Asks a source for its GTIDs.
#pragma once

#include "evenkeel/mysql/sql_session.h"
#include "source_comparison.h"

namespace evenkeel::replication {

// Throws mysql::SqlError, or Error(Fault::protocol) for GTIDs that are none.
SourceReading read_source(mysql::SqlSession& session, const std::string& where);

}  // namespace evenkeel::replication
