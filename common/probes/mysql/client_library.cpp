#include "client_library.h"

#include <dlfcn.h>

#include <string>

#include "evenkeel/error.h"

namespace evenkeel::mysql {

void* client_library_symbol(const char* name) {
  void* const symbol = dlsym(RTLD_DEFAULT, name);
  if (symbol == nullptr)
    throw Error(Fault::internal, std::string("the MySQL client library has no ") + name +
                                     "; without it a server could do as it likes with us: libmariadb 3.1 or "
                                     "later is needed, built with OpenSSL");
  return symbol;
}

}  // namespace evenkeel::mysql
