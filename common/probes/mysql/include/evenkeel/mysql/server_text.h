// Texts that a server wrote and that may quote statements: replication errors, error messages.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::mysql {

// The text without a statement that it quotes: all from "Query:" on is left out. For line 1 and findings, and
// for answers to our own statements, where what follows "near" is ours.
std::string without_statement(std::string_view text);

// The text as it may be shown elsewhere. A statement that carries credentials (IDENTIFIED BY, PASSWORD(…),
// MASTER_PASSWORD=, AES_ENCRYPT(…), a URL with a user …) ends at its first literal, with "…" in its place:
// where a literal ends cannot be known, since the text may be cut anywhere and sql_mode decides what a
// backslash means. What follows "near" in a syntax error may begin within a literal, and is left out.
std::string without_credentials(std::string_view text);

}  // namespace evenkeel::mysql
