// What the selector tells the user: lines on standard error, each beginning with "llcuda: ".
#ifndef LLCUDA_SAY_H
#define LLCUDA_SAY_H

#include <stdbool.h>

// Prints one line; LLCUDA_QUIET=1 silences it. Control characters, which a name read from outside may hold, become '?'.
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

// Whether an environment variable is set to something other than the empty string and "0".
bool env_is_on(const char *name);

#endif
