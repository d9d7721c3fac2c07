#include "listed_words.h"

#include "table_name.h"

namespace evenkeel::table_sync {

std::vector<std::string> listed_words(const std::string& type) {
  std::vector<std::string> words;
  bool open = false;
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (open && type[i] == '\\' && i + 1 < type.size()) {
      words.back() += unescaped(type[++i]);
    } else if (type[i] != '\'') {
      if (open) words.back() += type[i];
    } else if (!open) {
      open = true;
      words.emplace_back();
    } else if (i + 1 < type.size() && type[i + 1] == '\'') {
      words.back() += type[i++];
    } else {
      open = false;
    }
  }
  return words;
}

}  // namespace evenkeel::table_sync
