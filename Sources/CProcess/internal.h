/* Interface between Start.c and Crash.c. */
#pragma once

#include "CProcess.h"

void process_catch_crashes(void);
