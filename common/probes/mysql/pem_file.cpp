#include "pem_file.h"

#include <cstddef>
#include <string_view>

#include "evenkeel/small_file.h"

namespace evenkeel::mysql {

namespace {

// The authorities of a system are a quarter of a MiB.
constexpr std::size_t max_bytes = 4u << 20;

bool holds(std::string_view text, Pem kind) {
  const std::string_view end_of_label = kind == Pem::certificate ? "CERTIFICATE-----" : "PRIVATE KEY-----";
  return text.find("-----BEGIN ") != std::string_view::npos &&
         text.find(end_of_label) != std::string_view::npos;
}

}  // namespace

std::string flaw_of_pem_file(const std::string& path, Pem kind) {
  const FileText file = read_regular_file(path, max_bytes);
  if (!file.problem.empty()) return file.problem;
  if (holds(file.text, kind)) return {};
  return kind == Pem::certificate ? "no certificate in PEM" : "no private key in PEM";
}

}  // namespace evenkeel::mysql
