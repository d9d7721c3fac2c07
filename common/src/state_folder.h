// The folder of samples that belongs to the user who runs the check.
#pragma once

#include <string>

#include "file_descriptor.h"

namespace evenkeel::state {

struct Folder {
  FileDescriptor fd;
  std::string path;
  // Why there is none, or why it is not where it should be; empty, too, where it was not made yet.
  std::string problem;
};

// `given` is --state-dir, or empty. Whatever others have put in the folder's place is not used: then it is a
// folder in the user's home, and `problem` says so.
Folder open_folder(const std::string& given, bool create);

// "could not keep state in FOLDER: why"
std::string complaint(const std::string& where, const std::string& why);
std::string reason(int error);

}  // namespace evenkeel::state
