#include "sync_check.h"

int main(int argc, char** argv) {
  return evenkeel::run_plugin(
      std::make_shared<evenkeel::table_sync::SyncCheck>(evenkeel::mysql::make_connector), argc, argv);
}
