/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* io-wq: worker threads and their queues. */
#pragma once
#include "kernel/rings.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_wq_acct {
  struct io_wq_work_list work_list;
};

struct io_wq {
  struct io_wq_acct acct[2];
};

struct io_worker {
  struct io_wq_work *cur_work;
};

#pragma clang attribute pop
