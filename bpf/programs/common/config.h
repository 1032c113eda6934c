/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Constants that user space sets before the load. The verifier removes the code that they disable. */
#pragma once
#include "probe.h"

const volatile struct probe_config config = {};
