// The folder of samples that belongs to the user who runs the check.
#pragma once

#include <string>

#include "file_descriptor.h"

namespace evenkeel::state {

struct Folder {
  FileDescriptor fd;
  std::string path;
  std::string problem;  // why there is none; empty, too, where it was not made yet
};

// `given` is --state-dir, or empty. Whatever others have put in the folder's place is not used.
Folder open_folder(const std::string& given, bool create);

// "could not keep state in FOLDER: why"
std::string complaint(const std::string& where, const std::string& why);
std::string reason(int error);

}  // namespace evenkeel::state
