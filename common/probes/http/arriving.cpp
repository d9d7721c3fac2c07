#include "arriving.h"

#include <algorithm>

#include "evenkeel/text.h"

namespace evenkeel::http {

namespace {

std::string size_text(std::size_t bytes) { return std::to_string(bytes >> 10) + " KiB"; }

// Whether a cache says that it had the answer at hand. Sources: RFC 9211, and the words of nginx, Squid,
// Varnish, Apache's mod_cache and the usual content delivery networks.
bool tells_hit(std::string_view name, std::string_view value) {
  if (name == "x-varnish") return trim(value).find(' ') != std::string_view::npos;
  const bool tells = name == "cache-status" || name == "x-cache" || name == "x-cache-status" ||
                     name == "x-proxy-cache" || name == "cf-cache-status";
  return tells && lower(value).find("hit") != std::string::npos;
}

}  // namespace

void Arriving::begin_answer(std::string_view line) {
  // What an interim answer said, or one that was asked again, is over.
  answer_ = {};
  header_is_over_ = false;
  length_ = 0;
  const std::string_view rest = trim(line.substr(std::min(line.find(' '), line.size())));
  const std::string_view code = rest.substr(0, rest.find(' '));
  answer_.status = code.size() == 3 ? parse_integer<int>(code).value_or(0) : 0;
  if (answer_.status < 100 || answer_.status > 599) bad_status_ = std::string(code);
  if (answer_.status >= 100 && answer_.status < 200) return;
  ++answers_;
  previous_ = first_line_;
  first_line_ = Deadline::Clock::now();
}

void Arriving::keep_header(std::string_view name, std::string_view value) {
  if (name == "content-type") answer_.content_type = std::string(value);
  if (name == "content-encoding") answer_.content_encoding = std::string(value);
  if (name == "location") answer_.location = std::string(value);
  if (name == "server") answer_.server = std::string(value);
  if (name == "content-length") length_ = parse_integer<std::size_t>(value).value_or(0);
  if (name == "www-authenticate") answer_.auth_schemes.push_back(lower(value.substr(0, value.find(' '))));
  double age = 0;
  if (name == "age" && parse_number(value, age) && age >= 0) answer_.age = age;
  if (tells_hit(name, value)) answer_.cache_hit = std::string(name) + ": " + std::string(value);
}

bool Arriving::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > HttpClient::max_header_bytes) {
    too_much_ = "header is larger than " + size_text(HttpClient::max_header_bytes);
    return false;
  }
  if (line.starts_with("HTTP/")) begin_answer(line);
  if (bad_status_) return false;
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    keep_header(lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
  if (!trim(line).empty() || answer_.status < 200) return true;
  header_is_over_ = true;
  // What a page says beside an error or a redirect does not matter.
  complete_ = answer_.status != 200 && !(answer_.status == 401 && tries_again_);
  return !complete_;
}

bool Arriving::take_body(std::string_view part) {
  if (answer_.status != 200) {
    complete_ = true;
    return false;
  }
  if (answer_.body.size() + part.size() > HttpClient::max_body_bytes) {
    too_much_ = "body is larger than " + size_text(HttpClient::max_body_bytes);
    return false;
  }
  answer_.body.append(part);
  answer_.bytes = std::max(answer_.body.size(), std::min(length_, HttpClient::max_body_bytes));
  const bool is_whole = length_ > 0 && answer_.body.size() >= length_;
  complete_ = !is_whole && endpoint_.enough && endpoint_.enough(answer_.body);
  return !complete_;
}

}  // namespace evenkeel::http
