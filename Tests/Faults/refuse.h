/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef REFUSE_H
#define REFUSE_H

#include <linux/types.h>

enum refuse_kind { REFUSE_PROGRAM, REFUSE_MAP, REFUSE_LINK };

/* The calls to refuse: those of a name, or else the one of this number, from 1. */
struct refuse_rule {
  __u32 tgid;
  __u32 kind;
  __u32 call;
  __s32 error;
  char name[16];
};

#endif
