// What we need of libmariadb beyond Connector/C++. Looked up at run time: whoever links a plugin has
// Connector/C++'s shared library alone, and not libmariadb's.
#pragma once

namespace evenkeel::mysql {

// Throws Error(Fault::internal) that names the symbol where the client library does not have it.
void* client_library_symbol(const char* name);

template <typename Function>
Function client_library_function(const char* name) {
  return reinterpret_cast<Function>(client_library_symbol(name));
}

}  // namespace evenkeel::mysql
