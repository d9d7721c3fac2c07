// What one run leaves for the next: the last sample of a counter. One small file per plugin and
// key, in a folder of mode 0700 that belongs to the user who runs the check.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace evenkeel {

class StateStore {
 public:
  struct Sample {
    std::string payload;
    double age = 0;  // seconds since it was saved, by a clock that no one sets where the machine
                     // has not rebooted since; never negative: a sample from the future is no sample
  };

  // `directory` is --state-dir, or empty: $EVENKEEL_STATE_DIR, /var/lib/evenkeel where it is
  // writable, else $XDG_STATE_HOME/evenkeel or ~/.local/state/evenkeel. In the directory, a
  // folder per user id, mode 0700, whose owner is checked. Does no I/O yet.
  StateStore(std::string plugin, std::string directory);
  static StateStore disabled();  // --no-state: holds nothing, keeps nothing, no complaint
  bool enabled() const { return enabled_; }

  // Nothing where there is no sample, or none that can be trusted: garbage, another owner, a
  // link, too large, from the future. Never throws; problem() says why where it is worth saying.
  std::optional<Sample> load(std::string_view key);

  // Replaces the sample atomically (temporary file in the same folder, rename), under a lock, 0600,
  // O_NOFOLLOW. Never throws: a check gives its verdict without state, too.
  void save(std::string_view key, std::string_view payload);

  // Reads, lets `change` decide and writes, all under the key's lock, so that of two runs at once
  // neither loses the other's sample. `change` returns nothing to leave the file as it is.
  void update(std::string_view key,
              const std::function<std::optional<std::string>(const std::optional<Sample>&)>& change);

  // Why state could not be kept: "could not keep state in DIR: Read-only file system"; empty when all
  // went well.
  const std::string& problem() const { return problem_; }
  // Whether the next run will find what the last save() or update() was given.
  bool keeps() const { return keeps_; }

  static constexpr std::size_t max_payload = 1 << 20;

 private:
  StateStore() = default;
  std::string plugin_;
  std::string directory_;
  std::string problem_;
  bool enabled_ = false;
  bool keeps_ = false;
};

// 16 hexadecimal digits that tell texts apart, the same in every run; no secret is safe behind them.
std::string fingerprint(std::string_view text);

}  // namespace evenkeel
