// Asks a source for its GTIDs.
#pragma once

#include "evenkeel/mysql/sql_session.h"
#include "source_comparison.h"

namespace evenkeel::replication {

// Throws mysql::SqlError, or Error(Fault::protocol) for GTIDs that are none.
// With `channels`, also whom it follows itself, where it lets us see that.
SourceReading read_source(mysql::SqlSession& session, const std::string& where, bool channels = false);

}  // namespace evenkeel::replication
