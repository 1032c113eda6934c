/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of objects that other records refer to by number or address. */

#ifdef RECORD_KINDS
// clang-format off
RECORD_TASK_NAME RECORD_SWIFT_NAME("taskName") = 67,
RECORD_FILE_NAME RECORD_SWIFT_NAME("fileName") = 68,
RECORD_FLAG_NAME RECORD_SWIFT_NAME("flagName") = 71,
RECORD_SYMBOL RECORD_SWIFT_NAME("symbol") = 73,
RECORD_KNOWN_FILE RECORD_SWIFT_NAME("knownFile") = 100,
RECORD_USER_STACK RECORD_SWIFT_NAME("userStack") = 88,
RECORD_PROCESS_CGROUP RECORD_SWIFT_NAME("processCgroup") = 115,
// clang-format on
#else

/*
 * The name of thread `tid`.
 *
 * @title "task name" faint
 * @plain tgid
 */
struct record_task_name {
  struct record base;
  __u32 tgid; /* process of the thread @json pid */
  __u32 reserved;
  char comm[RECORD_COMM_LEN]; /* name of the thread @redact comm */
};

/*
 * The name of the file that a descriptor, or an index of a ring's registered files, refers to.
 *
 * @title "file name" faint
 * @plain tgid fd
 */
struct record_file_name {
  struct record base;
  __u32 tgid;     /* process with the descriptor @json pid */
  __s32 fd;       /* descriptor; for a registered file, its index in ring `ctx` @or fixed_file is_fixed */
  __u32 is_fixed; /* true if the file is a registered file @hidden */
  __u32 length;   /* path, or the text that /proc shows for the file @text name 4095 @redact text */
};

/*
 * The name of a file, found through a descriptor or path that refers to the file. If the descriptor was closed, the
 * record has the name of the file that the descriptor refers to now.
 *
 * @title "file name" faint
 * @plain tgid fd
 */
struct record_known_file {
  struct record base;
  struct record_file_identity file; /* identity of the file @object */
  __u32 tgid;                       /* process with the descriptor @json pid */
  __s32 fd;                         /* descriptor; -1 if unknown, or if the file was found by path */
  __u8 is_closed; /* true if the descriptor no longer refers to the file @json closed @bool */
  __u8 has_none;  /* true if no process has a descriptor of the file @json no_descriptor @bool */
  __u16 reserved;
  /*
   * text that /proc shows for the file; if `closed`, the text for the file that the descriptor refers to now, and after
   * a newline a description of the closed file @text name 4095 @redact text
   */
  __u32 length;
};

/*
 * The name of a REQ_F_* bit on the kernel that was recorded.
 *
 * @title "flag name" faint
 * @plain bit name
 */
struct record_flag_name {
  struct record base;
  __u32 bit;     /* position of the bit */
  char name[28]; /* name of the flag, without REQ_F_ */
};

/*
 * The name of a kernel function.
 *
 * @title "symbol" faint
 * @plain name
 */
struct record_symbol {
  struct record base;
  /* address; if below 64, an enum record_release: this function is traced from now on @hex @redact kernel */
  __u64 address;
  char name[56]; /* function name */
};

/*
 * The cgroup of a process.
 *
 * @title "cgroup" faint
 * @plain tgid
 */
struct record_process_cgroup {
  struct record base;
  __u32 tgid;   /* process in the cgroup @json pid */
  __u32 length; /* path in the cgroup v2 hierarchy, as in /proc/PID/cgroup @text path 4095 @redact text */
};

/*
 * A user stack. `ctx` and `req` are 0, because requests share stacks.
 *
 * @title "user stack" faint
 * @plain tgid stack
 */
struct record_user_stack {
  struct record base;
  __u32 tgid;   /* process of the stack @json pid */
  __u32 stack;  /* id in the kernel's table of stacks, as in `submit_stack` */
  __u32 length; /* frames, one per line, innermost first @text frames @redact frames */
  __u32 reserved;
};

#endif
