// A password, encrypted for the RSA key that a server sent: sha256_password wants it so wherever there is no
// TLS, on a Unix socket, too.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::mysql {

// Of the password and its NUL, XORed with the nonce. Empty where `key`, a PEM, is none that can be used.
std::string encrypted_password(const std::string& password, std::string_view nonce, std::string_view key);

}  // namespace evenkeel::mysql
