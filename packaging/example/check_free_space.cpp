// A plugin of one's own, outside evenkeel's tree: how much room is left on a file system?
#include <evenkeel/check.h>
#include <evenkeel/error.h>
#include <evenkeel/text.h>

#include <filesystem>

using namespace evenkeel;

class FreeSpaceCheck : public Check {
 public:
  Description describe() const override {
    return {
        .name = "check_free_space",
        .purpose = "How much room is left on this file system?",
        .options = {{.name = "path", .value = "PATH", .help = "a file or folder on it", .default_text = "/"}},
        .labels = {{.name = "free",
                    .unit = "%",
                    .help = "of the file system, for those who are not root",
                    .default_warning = "20:",
                    .default_critical = "10:"}}};
  }

  void configure(const Options& options) override { path_ = options.value("path").value_or("/"); }

  Report run(RunContext& context) override {
    std::error_code failed;
    const auto space = std::filesystem::space(path_, failed);
    if (failed || space.capacity == 0) throw Error(Fault::protocol, path_ + ": " + failed.message());
    const double free = 100 * static_cast<double>(space.available) / static_cast<double>(space.capacity);

    Report report;
    report.add(Status::ok, "", format_number(free, 1) + " % of " + path_ + " is free");
    report.measure({.name = "free", .value = free, .unit = "%", .min = 0, .max = 100}, context.limits);
    return report;
  }

 private:
  std::string path_;
};

int main(int argc, char** argv) { return run_plugin(std::make_shared<FreeSpaceCheck>(), argc, argv); }
