// What a server's error text says in its first words that a person can act on.
#pragma once

#include <string>
#include <string_view>

#include "channel_status.h"

namespace evenkeel::replication {

// "Could not execute Write_rows_v1 event on table d.t; Duplicate entry '7' for key 'PRIMARY',
// Error_code: 1062; handler error …" → "Duplicate entry '7' for key 'PRIMARY' (table d.t)". All from "Query:"
// on is left out. "Error 'why' on query. Default database: 'd'." → "why (database d)". What the error with
// this number quotes of a statement is left out, too.
std::string essence(unsigned error, std::string_view text);

// ", error 1062 "Duplicate entry '7'…""; empty without an error.
std::string error_suffix(const ReplicationThread& thread);

}  // namespace evenkeel::replication
