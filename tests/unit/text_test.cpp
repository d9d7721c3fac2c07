#include "evenkeel/text.h"

#include <catch2/catch.hpp>
#include <clocale>

using namespace evenkeel;

TEST_CASE("text from outside cannot act") {
  struct Row {
    const char* what;
    std::string dirty;
    std::string clean;
  };
  const std::vector<Row> table{
      {"plain", "Duplicate entry '7'", "Duplicate entry '7'"},
      {"a pipe would start performance data", "a|b=1", "a/b=1"},
      {"a newline would add a line", "a\nb\r\nc", "a b c"},
      {"a NUL would end it", std::string("a\0b", 3), "a b"},
      {"an escape sequence", "\x1b[31mred", "[31mred"},
      {"C1's CSI",
       "a\xC2\x9B"
       "31mred",
       "a 31mred"},
      {"DEL",
       "a\x7F"
       "b",
       "a b"},
      {"a line separator",
       "a\xE2\x80\xA8"
       "b",
       "a b"},
      {"text turned right to left",
       "a\xE2\x80\xAE"
       "b",
       "a b"},
      {"a byte order mark",
       "\xEF\xBB\xBF"
       "a",
       "a"},
      {"an Arabic letter mark turns direction", "a\u061Cb", "a b"},
      {"a Mongolian vowel separator shows nothing", "a\u180Eb", "a b"},
      {"interlinear annotation", "a\uFFF9b\uFFFAc\uFFFB", "a b c"},
      {"tags spell what nobody sees", "a\U000E0001\U000E0073\U000E007Fz", "a z"},
      {"a variation selector", "\u2764\uFE0F", "\u2764"},
      {"a soft hyphen, a joiner and a filler", "a\u00ADb\u034Fc\u3164d", "a b c d"},
      {"spaces of other widths", "a\u00A0\u2003\u3000b", "a b"},
      {"a noncharacter", "a\uFFFFb\U0010FFFEc", "a b c"},
      {"an Arabic number sign is drawn", "\u0600\u0661", "\u0600\u0661"},
      {"the replacement character", "a\uFFFDb", "a\uFFFDb"},
      {"white space at the ends and in runs", "  a \t\t b  ", "a b"},
      {"umlauts", "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
      {"four bytes", "\xF0\x9F\x90\xAC", "\xF0\x9F\x90\xAC"},
      {"a stray continuation", "a\x80z", "a\xEF\xBF\xBDz"},
      {"a cut character", "a\xC3", "a\xEF\xBF\xBD"},
      {"an overlong slash", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"a surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"above U+10FFFF", "\xF5\x80\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"latin1", "gr\xFC\xDF", "gr\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"nothing", "", ""},
      {"nothing but blanks", " \n\t ", ""},
  };
  for (const Row& row : table) {
    INFO(row.what);
    CHECK(clean(row.dirty) == row.clean);
    CHECK(clean(row.clean) == row.clean);
  }
}

TEST_CASE("long text is cut between characters, and says so") {
  CHECK(clean(std::string(1000000, 'x'), 10) == "xxxxxxx\xE2\x80\xA6");
  CHECK(shorten("abcdef", 6) == "abcdef");
  CHECK(shorten("abcdefg", 6) == "abc\xE2\x80\xA6");
  CHECK(shorten("ab\xC3\xBC"
                "efg",
                6) == "ab\xE2\x80\xA6");  // the ü would not fit whole
  CHECK(shorten("abcdefg", 2).empty());
}

TEST_CASE("numbers are plain decimals in every locale") {
  const std::vector<std::pair<double, const char*>> table{
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {1.5, "1.5"},
      {0.1, "0.1"},
      {1e15, "1000000000000000"},
      {1e-9, "0"},
      {-1e-9, "0"},
      {0.000001, "0.000001"},
      {123456.7891239, "123456.789124"},
      {-2.5, "-2.5"},
      {1e22, "10000000000000000000000"},
  };
  const char* before = setlocale(LC_ALL, nullptr);
  const std::string kept = before ? before : "C";
  setlocale(LC_ALL, "de_DE.UTF-8");
  for (const auto& [value, text] : table) CHECK(format_number(value) == text);
  setlocale(LC_ALL, kept.c_str());
  CHECK(format_exact(0.1) == "0.1");
  CHECK(format_exact(1e-7) == "0.0000001");
}

TEST_CASE("seconds for people") {
  const std::vector<std::pair<double, const char*>> table{
      {0, "0 s"},
      {0.000033, "0.000033 s"},
      {0.0123456, "0.012 s"},
      {3.25, "3.25 s"},
      {90, "90 s"},
      {120, "120 s (2 min)"},
      {150, "150 s (2 min 30 s)"},
      {4210, "4210 s (1 h 10 min)"},
      {90000, "90000 s (1 d 1 h)"},
  };
  for (const auto& [seconds, text] : table) CHECK(format_seconds(seconds) == text);
}

TEST_CASE("a whole number is digits that fit, and nothing else") {
  CHECK(parse_integer<std::uint64_t>("18446744073709551615") == 18446744073709551615u);
  CHECK(parse_integer<std::int64_t>("-5") == -5);
  CHECK(parse_integer<std::uint16_t>("007") == 7);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "65536"}) {
    INFO(text);
    CHECK_FALSE(parse_integer<std::uint16_t>(text));
  }
}

TEST_CASE("text is taken off the front part by part") {
  std::string_view text = "a::b";
  CHECK(take_until(text, ':') == "a");
  CHECK(take_until(text, ':').empty());
  CHECK(take_until(text, ':') == "b");
  CHECK(text.empty());
  CHECK(take_until(text, ':').empty());
}
