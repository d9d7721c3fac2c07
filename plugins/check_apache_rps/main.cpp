#include "rps_check.h"

int main(int argc, char** argv) {
  return evenkeel::run_plugin(std::make_shared<evenkeel::apache::RpsCheck>(evenkeel::http::make_connector),
                              argc, argv);
}
