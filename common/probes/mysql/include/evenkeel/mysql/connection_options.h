// The options by which MySQL plugins are told whom to ask: -H -P -s -u -p -f -g -l -C -a -k,
// --insecure, --password-file; as check_mysql has them.
#pragma once

#include <string>
#include <vector>

#include "evenkeel/mysql/sql_session.h"
#include "evenkeel/options.h"
#include "evenkeel/report.h"

namespace evenkeel::mysql {

std::vector<OptionSpec> connection_options();

// The targets in the order given. With -H, one -f gives credentials and TLS; without -H, each -f (or
// each match of a glob, sorted) is an instance named by its basename without ".cnf". With neither, the
// local server by its usual socket where there is one, else 127.0.0.1. Throws Error(Fault::usage); but one
// bad file of several is the problem of its own login, so that it hides none of the others.
std::vector<Login> logins_from(const Options& options);

// A remark for each option file with lines that do nothing here.
void say_what_has_no_effect(const std::vector<Login>& logins, Report& report);

// Credentials of a my.cnf that is for servers named elsewhere (--source-file), with the run's TLS options
// before the file's. Host, port and socket are left empty. Throws Error(Fault::usage) that names `option`.
Login login_of_file(const std::string& option, const std::string& file, const Options& options);

// Credentials and TLS settings of `like`, for another server (--source HOST[:PORT]).
Login login_like(const Login& like, const std::string& host, std::uint16_t port);

}  // namespace evenkeel::mysql
