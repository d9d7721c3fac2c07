#include "rsa_password.h"

#include <cstddef>
#include <memory>

#include "client_library.h"

namespace evenkeel::mysql {

namespace {

// OpenSSL's, which libmariadb brings along.
using Bio = void;
using Key = void;
using Context = void;
constexpr int oaep_padding = 4;

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

template <typename Type>
using Owned = std::unique_ptr<Type, void (*)(Type*)>;

Owned<Key> read_key(std::string_view pem) {
  const auto open = client_library_function<Bio* (*)(const void*, int)>("BIO_new_mem_buf");
  const auto close = client_library_function<void (*)(Bio*)>("BIO_free_all");
  const auto read = client_library_function<Key* (*)(Bio*, Key**, void*, void*)>("PEM_read_bio_PUBKEY");
  const auto free = client_library_function<void (*)(Key*)>("EVP_PKEY_free");
  const Owned<Bio> bio(open(pem.data(), static_cast<int>(pem.size())), close);
  return {bio ? read(bio.get(), nullptr, nullptr, nullptr) : nullptr, free};
}

std::string encrypted(const std::string& text, Key* key) {
  const auto begin = client_library_function<Context* (*)(Key*, void*)>("EVP_PKEY_CTX_new");
  const auto end = client_library_function<void (*)(Context*)>("EVP_PKEY_CTX_free");
  const auto start = client_library_function<int (*)(Context*)>("EVP_PKEY_encrypt_init");
  const auto pad = client_library_function<int (*)(Context*, int)>("EVP_PKEY_CTX_set_rsa_padding");
  const auto encrypt = client_library_function<int (*)(
      Context*, unsigned char*, std::size_t*, const unsigned char*, std::size_t)>("EVP_PKEY_encrypt");
  const Owned<Context> context(begin(key, nullptr), end);
  if (!context || start(context.get()) <= 0 || pad(context.get(), oaep_padding) <= 0) return {};
  std::size_t length = 0;
  if (encrypt(context.get(), nullptr, &length, bytes_of(text), text.size()) <= 0) return {};
  std::string result(length, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(result.data());
  if (encrypt(context.get(), out, &length, bytes_of(text), text.size()) <= 0) return {};
  result.resize(length);
  return result;
}

}  // namespace

std::string encrypted_password(const std::string& password, std::string_view nonce, std::string_view key) {
  const Owned<Key> rsa = read_key(key);
  if (!rsa) return {};
  std::string masked = password + '\0';
  for (std::size_t i = 0; i < masked.size(); ++i)
    masked[i] = static_cast<char>(masked[i] ^ nonce[i % nonce.size()]);
  return encrypted(masked, rsa.get());
}

}  // namespace evenkeel::mysql
