// Texts that a server wrote and that may quote statements: replication errors, error messages.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::mysql {

// `number` is the error's own, 0 where there is none. Errors whose text quotes the statement (1064) or a
// value of it (1366) are told in our words, since their text may be in any language.

// The text without a statement that it quotes: all from "Query:" on is left out. For line 1 and findings.
std::string without_statement(unsigned number, std::string_view text);

// The text as it may be shown elsewhere: of the statement its shape, with "…" for each literal and comment.
std::string without_credentials(unsigned number, std::string_view text);

}  // namespace evenkeel::mysql
