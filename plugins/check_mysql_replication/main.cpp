#include "replication_check.h"

int main(int argc, char** argv) {
  return evenkeel::run_plugin(
      std::make_shared<evenkeel::replication::ReplicationCheck>(evenkeel::mysql::make_connector_for), argc,
      argv);
}
