#include "evenkeel/mysql/server_text.h"

#include <array>
#include <string>

#include "evenkeel/text.h"
#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

namespace {

constexpr std::string_view secret = "Zq7Zw9Zk4";

constexpr std::array<std::string_view, 11> statements{
    "insert into t values (1, ",
    "delete from t where a=",
    "update t set pin=",
    "create user app identified by ",
    "alter user app identified with mysql_native_password as ",
    "set password for app = ",
    "set password = password(",
    "change master to master_password=",
    "change replication source to source_port=1, source_password = ",
    "create server s foreign data wrapper mysql options (user 'u', password ",
    "update mysql.user set authentication_string=",
};

void expect_no_secret(std::string_view text) {
  for (std::size_t i = 0; i + 2 <= secret.size(); ++i)
    expect(text.find(secret.substr(i, 2)) == std::string_view::npos, "nothing of the secret is shown");
}

}  // namespace

// The first bytes choose a statement and where its text is cut; the rest stands in front of the secret,
// within its literal, and in front of the statement.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string_view noise = text_of(data + 3, size - 3);
  const std::string any(noise);
  expect(mysql::without_statement(0, any).size() <= any.size() + 16, "no longer than it was");
  mysql::without_credentials(0, any);
  // What contains letters of the secret cannot tell anything.
  for (std::size_t i = 0; i + 1 < secret.size(); ++i)
    if (any.find(secret.substr(i, 2)) != std::string::npos) return 0;
  if (any.find_first_of("Zqw9k47") != std::string::npos) return 0;

  const char quote = (data[1] & 1) != 0 ? '"' : '\'';
  // With a quote of its own in it, what stands behind would be no literal, and no statement either.
  for (std::size_t at = any.find(quote); at != std::string::npos; at = any.find(quote, at + 1))
    if (at == 0 || any[at - 1] != '\\') return 0;
  const std::string statement = std::string(statements[data[0] % statements.size()]) + quote + any +
                                std::string(secret) + quote + " " + any;
  std::string text = "Error 'it failed' on query. Default database: ''. Query: '" + statement + "'";
  text.resize(text.size() - std::min<std::size_t>(text.size(), data[2]));
  const std::string shown = mysql::without_credentials(0, text);
  expect_no_secret(shown);
  expect_no_secret(clean(shown, 200));
  expect_no_secret(mysql::without_statement(0, any + text));
  return 0;
}
