/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Constants that user space sets before the load; the verifier removes what they switch off. */
#pragma once
#include "probe.h"

const volatile struct probe_config config = {};
