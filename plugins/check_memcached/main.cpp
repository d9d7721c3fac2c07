#include "memcached_check.h"

int main(int argc, char** argv) {
  return evenkeel::run_plugin(
      std::make_shared<evenkeel::cache::MemcachedCheck>(evenkeel::memcached::make_connector), argc, argv);
}
