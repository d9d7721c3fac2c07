// What a plugin needs of the process it runs in: descriptors that are what they seem, signals that
// become a line, an end that comes in time, one write.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "evenkeel/deadline.h"

namespace evenkeel {

// No core file of this process will be written: it may hold a password.
void keep_out_of_core_files();

// From here on no signal ends the process before there is somebody to tell of it; run_watched() takes them.
void hold_signals();

// Threads get stacks of one size, whatever the limits are.
void bound_stacks();

// Opens /dev/null for each of 0, 1, 2 that the caller closed: else the first socket would get the number
// of stdout. Writes that fail raise no signal. Returns false where stdout was closed.
bool secure_descriptors();

// All of the text to stdout, once in the life of the process. Returns what the process is to end with:
// `code`, or 3 where it could not be written. A crash after that adds nothing to it.
int write_answer(const std::string& text, int code);

// Ends the process at `seconds` from now, with exit code 3 if there is no answer by then, whatever it waits
// for, a full pipe included; a moment later where it was stopped until then, to tell of that.
void arm_last_resort(std::chrono::duration<double> seconds);

// From here on a crash, an abort or an uncaught exception prints one answer and ends with exit code 3.
// `answer_of` makes the answer for a reason, in the form that was asked for; that for a crash is made now.
// Sanitizers and their reports are left alone. May be called again, with another form.
void become_crash_proof(std::function<std::string(const std::string& why)> answer_of);
// That end, for who sees it coming.
[[noreturn]] void break_down();
[[noreturn]] void break_down(const std::string& why);

// Moves the deadline of the run that it was given to.
using MoveDeadline = std::function<void(const Deadline&)>;

enum class Ending { timed_out, signalled };

// Tells of the run in the body's place, and ends the process.
using TellEnd = std::function<void(Ending, const std::string& signal_name)>;

// Runs `body` on this thread. Another one waits for the deadline, or for a signal that would end the process;
// SIGHUP, SIGINT and SIGQUIT stay ignored where whoever started us had them ignored (nohup). It calls
// `tell` when the body has not ended by then. Where `stop`, called once after a signal, says that the body
// will end by itself, that has a little more time to do so. Returns the name of the signal that came all
// the same, if any.
std::string run_watched(const std::function<void(const MoveDeadline&)>& body, std::function<bool()> stop,
                        TellEnd tell, const Deadline& first_deadline);

}  // namespace evenkeel
