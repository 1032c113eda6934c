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
  __u32 tgid; /* its process @json pid */
  __u32 reserved;
  char comm[RECORD_COMM_LEN]; /* its name @redact comm */
};

/*
 * The name of a file.
 *
 * @title "file name" faint
 * @plain tgid fd
 */
struct record_file_name {
  struct record base;
  __u32 tgid;     /* process with the descriptor @json pid */
  __s32 fd;       /* descriptor; index of a registered file of ring ctx @or fixed_file is_fixed */
  __u32 is_fixed; /* true: a registered file @hidden */
  __u32 length;   /* path, or the text that /proc shows for it @text name 4095 @redact text */
};

/*
 * The name of a file, found through a descriptor or path that refers to it; or, once its descriptor was closed, the
 * name of the file that the descriptor refers to now.
 *
 * @title "file name" faint
 * @plain tgid fd
 */
struct record_known_file {
  struct record base;
  struct record_file_identity file; /* the file @object */
  __u32 tgid;                       /* process with the descriptor @json pid */
  __s32 fd;                         /* descriptor; -1: unknown, or found by path */
  __u8 is_closed;                   /* true: the descriptor no longer refers to the file @json closed @bool */
  __u8 has_none;                    /* true: no process has a descriptor of it @json no_descriptor @bool */
  __u16 reserved;
  /*
   * text that /proc shows for it; if closed: for the descriptor's present file, then a line on this one @text name 4095
   * @redact text
   */
  __u32 length;
};

/*
 * The name of one REQ_F_* bit on the kernel that wrote the stream.
 *
 * @title "flag name" faint
 * @plain bit name
 */
struct record_flag_name {
  struct record base;
  __u32 bit;     /* position of the bit */
  char name[28]; /* without REQ_F_ */
};

/*
 * The name of a kernel function.
 *
 * @title "symbol" faint
 * @plain name
 */
struct record_symbol {
  struct record base;
  /* below 64: an enum record_release, whose function is traced from this record on @hex @redact kernel */
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
  __u32 tgid;   /* the process @json pid */
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
  __u32 tgid;   /* process whose stack it is @json pid */
  __u32 stack;  /* number in the kernel's table */
  __u32 length; /* frames, one a line, innermost first @text frames @redact frames */
  __u32 reserved;
};

#endif
