// A MySQL server that lets everyone in and answers what a client library asks for itself; to all else it says
// nothing, and keeps the connection open.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

namespace fakes {

class SilentSqlServer {
 public:
  SilentSqlServer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    listening_ = bind(listener_, generic, length) == 0 && listen(listener_, 4) == 0 &&
                 getsockname(listener_, generic, &length) == 0;
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~SilentSqlServer() {
    hang_up();
    thread_.join();
    close(connection_);
    close(listener_);
  }
  SilentSqlServer(const SilentSqlServer&) = delete;
  SilentSqlServer& operator=(const SilentSqlServer&) = delete;

  bool listening() const { return listening_; }
  std::uint16_t port() const { return port_; }
  void hang_up() {
    shutdown(listener_, SHUT_RDWR);
    shutdown(connection_, SHUT_RDWR);
  }

 private:
  void serve() {
    connection_ = accept(listener_, nullptr, nullptr);
    send(0, std::string("\x0a") + "10.11.0-MariaDB" +
                std::string("\0\7\0\0\0abcdefgh\0\xdf\xf7\x2d\2\0\xff\x81\x15", 22) + std::string(10, '\0') +
                "ijklmnopqrst" + std::string("\0mysql_native_password\0", 23));
    if (read_packet().empty()) return;
    send(2, ok);
    for (std::string question = read_packet(); !question.empty(); question = read_packet())
      if (question.find("SET ") != std::string::npos)
        send(1, ok);
      else if (question.find("lower_case_table_names") != std::string::npos)
        send_setting();
  }

  void send_setting() {
    const std::string end("\xfe\0\0\2\0", 5);
    send(1, "\2");
    send(2, column("Variable_name"));
    send(3, column("Value"));
    send(4, end);
    send(5, counted("lower_case_table_names") + counted("0"));
    send(6, end);
  }

  static std::string counted(std::string_view text) {
    return static_cast<char>(text.size()) + std::string(text);
  }
  static std::string column(std::string_view name) {
    return counted("def") + counted("") + counted("") + counted("") + counted(name) + counted("") +
           std::string("\x0c\x2d\0\0\4\0\0\xfd\0\0\0\0\0", 13);
  }

  void send(int number, const std::string& payload) {
    const std::string packet =
        std::string{static_cast<char>(payload.size()), '\0', '\0', static_cast<char>(number)} + payload;
    ::send(connection_, packet.data(), packet.size(), MSG_NOSIGNAL);
  }

  std::string read_packet() {
    unsigned char header[4];
    if (recv(connection_, header, sizeof(header), MSG_WAITALL) != sizeof(header)) return {};
    std::string payload(header[0] + 256u * header[1], '\0');
    return recv(connection_, payload.data(), payload.size(), MSG_WAITALL) > 0 ? payload : std::string();
  }

  static inline const std::string ok{"\0\0\0\2\0\0\0", 7};
  int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  std::atomic<int> connection_ = -1;
  bool listening_ = false;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace fakes
