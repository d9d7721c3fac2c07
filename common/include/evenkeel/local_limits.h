// Limits of the machine that the plugin itself runs on: descriptors, threads, memory. They say nothing of a
// target, so what fails by them is UNKNOWN and names the limit.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "evenkeel/error.h"

namespace evenkeel {

// What an errno says of our own machine: "this process may not open more files (its limit is 12, see ulimit
// -n)". Nothing for an errno that a target could have caused.
std::optional<std::string> local_limit(int error);
bool has_memory_limit();
std::string memory_limit_text();
std::string thread_limit_text();

// Error(Fault::internal) for a system call of ours that failed.
Error local_failure(int error);

// The limit that this process has reached, where it has hardly a descriptor or memory left; libraries that
// run into one often call it something else.
std::optional<std::string> exhausted_limit();

// How many more descriptors may be opened, counted up to `most`.
std::size_t free_descriptors(std::size_t most);

// So many of `wanted` threads that each finds descriptors to work with; at least one.
std::size_t hands_with_descriptors(std::size_t wanted);

// A thread, or Error(Fault::internal) that names the limit.
std::thread start_thread(std::function<void()> body);

}  // namespace evenkeel
