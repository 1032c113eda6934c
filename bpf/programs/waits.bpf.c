// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Iterators that help to find the tasks that could end a wait. They list the descriptors of pipes, sockets, eventfds
 * and rings in all processes, and when each thread ran last. User space runs them only during long waits and for
 * requested inventories.
 */
#include "common/last_run.h"
#include <bpf/bpf_endian.h>
#include "common/pids.h"
#include "kernel/files.h"
#include "kernel/versions.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The file being described. It is not on the stack, so that the verifier checks each step only once. */
struct probe_open_file open_file = {};

__noinline int describe_pipe(__u64 address) {
  struct inode___pipe *inode = (void *)address;
  struct pipe_inode_info *pipe = BPF_CORE_READ(inode, i_pipe);
  open_file.kind = PROBE_FILE_PIPE;
  open_file.readers = BPF_CORE_READ(pipe, readers);
  open_file.writers = BPF_CORE_READ(pipe, writers);
  open_file.pending = BPF_CORE_READ(pipe, head) - BPF_CORE_READ(pipe, tail);
  open_file.capacity = BPF_CORE_READ(pipe, max_usage);
  return 0;
}

static __always_inline void describe_addresses(struct sock *sock) {
  open_file.port = BPF_CORE_READ(sock, __sk_common.skc_num);
  open_file.peer_port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport));
  if (open_file.family == AF_INET) {
    open_file.address[0] = BPF_CORE_READ(sock, __sk_common.skc_rcv_saddr);
    open_file.peer_address[0] = BPF_CORE_READ(sock, __sk_common.skc_daddr);
  } else {
    BPF_CORE_READ_INTO(&open_file.address, sock, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32);
    BPF_CORE_READ_INTO(&open_file.peer_address, sock, __sk_common.skc_v6_daddr.in6_u.u6_addr32);
  }
}

static __always_inline void describe_stream(struct sock *sock) {
  struct tcp_sock *stream = (void *)sock;
  open_file.is_tcp = 1;
  open_file.send_queue = BPF_CORE_READ(stream, write_seq) - BPF_CORE_READ(stream, snd_una);
  open_file.window = BPF_CORE_READ(stream, snd_wnd);
  open_file.unread = BPF_CORE_READ(stream, rcv_nxt) - BPF_CORE_READ(stream, copied_seq);
}

__noinline int describe_socket(__u64 address) {
  struct socket *socket = (void *)address;
  struct sock *sock = BPF_CORE_READ(socket, sk);
  open_file.kind = PROBE_FILE_SOCKET;
  open_file.family = BPF_CORE_READ(sock, __sk_common.skc_family);
  open_file.type = BPF_CORE_READ(sock, sk_type);
  open_file.state = BPF_CORE_READ(sock, __sk_common.skc_state);
  open_file.network = BPF_CORE_READ(sock, __sk_common.skc_net.net, ns.inum);
  open_file.pending = BPF_CORE_READ(sock, sk_receive_queue.qlen);
  open_file.queued = BPF_CORE_READ(sock, sk_wmem_queued);
  if (open_file.family == AF_INET || open_file.family == AF_INET6)
    describe_addresses(sock);
  if (is_tcp(sock) && open_file.peer_port)
    describe_stream(sock);
  if (open_file.family == AF_UNIX && bpf_core_type_exists(struct unix_sock))
    open_file.peer = BPF_CORE_READ((struct unix_sock *)sock, peer, sk_socket, file, f_inode, i_ino);
  return 0;
}

__noinline int describe_file(__u64 address) {
  struct file *file = (void *)address;
  struct inode *inode = BPF_CORE_READ(file, f_inode);
  __u32 type = BPF_CORE_READ(inode, i_mode) & S_IFMT;
  unsigned long magic = BPF_CORE_READ(inode, i_sb, s_magic);
  /* named pipes are skipped: any process with the path can open one */
  if (magic != PIPEFS_MAGIC && type != S_IFSOCK && magic != ANON_INODE_FS_MAGIC)
    return 0;
  __builtin_memset(&open_file, 0, sizeof(open_file));
  open_file.file = address;
  open_file.file_operations = (__u64)BPF_CORE_READ(file, f_op);
  open_file.private_data = (__u64)BPF_CORE_READ(file, private_data);
  open_file.inode = BPF_CORE_READ(inode, i_ino);
  open_file.references = references_to(file);
  open_file.mode = BPF_CORE_READ(file, f_mode) & 3;
  if (type == S_IFIFO) {
    describe_pipe((__u64)inode);
  } else if (type == S_IFSOCK) {
    describe_socket(open_file.private_data);
  } else {
    struct eventfd_ctx *counter = (void *)open_file.private_data;
    open_file.kind = PROBE_FILE_ANONYMOUS;
    open_file.pending = BPF_CORE_READ(counter, count) != 0;
    open_file.kernel_users = BPF_CORE_READ(counter, kref.refcount.refs.counter);
  }
  return 1;
}

/* Maximum number of slots examined and of files listed: the output for one ring must fit into the iterator's buffer. */
#define MAX_REGISTERED 4096
#define MAX_LISTED 128

/* The table of registered files being listed. */
struct table {
  struct seq_file *output;
  __u64 ring;
  __u64 slots;
  __u32 tgid;
  __u32 listed;
};

static long list_registered_file(__u32 index, struct table *table) {
  __u64 entry = 0;
  if (table->listed >= MAX_LISTED ||
      bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(table->slots + index * 8ULL)))
    return 1;
  if (entry && requests_have_nodes())
    entry = BPF_CORE_READ((struct io_rsrc_node *)entry, file_ptr);
  entry &= ~FILE_FLAGS;
  if (!entry || !describe_file(entry))
    return 0;
  table->listed++;
  open_file.table = table->ring;
  open_file.tgid = table->tgid;
  open_file.fd = -1 - (__s32)index;
  bpf_seq_write(table->output, &open_file, sizeof(open_file));
  return 0;
}

/* Lists the files that a ring has registered. Some of them have no descriptor. */
static __always_inline void list_registered_files(struct seq_file *output, struct file *file, __u32 tgid) {
  struct io_ring_ctx *ring = (void *)number_of((__u64)BPF_CORE_READ(file, private_data));
  struct table table = {output, (__u64)ring, registered_file_slots(ring), tgid, 0};
  __u32 count = registered_file_count(ring);
  if (table.slots)
    bpf_loop(count < MAX_REGISTERED ? count : MAX_REGISTERED, list_registered_file, &table, 0);
}

SEC("iter/task_file")
int list_files(struct bpf_iter__task_file *ctx) {
  struct task_struct *task = ctx->task;
  struct file *file = ctx->file;
  if (!task || !file || !describe_file(number_of((__u64)file)))
    return 0;
  open_file.tgid = tgid_of(task);
  open_file.fd = ctx->fd;
  bpf_seq_write(ctx->meta->seq, &open_file, sizeof(open_file));
  if (open_file.file_operations == config.ring_operations)
    list_registered_files(ctx->meta->seq, file, tgid_of(task));
  return 0;
}

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (!task)
    return 0;
  __u32 flags = BPF_CORE_READ(task, flags);
  if (flags & PF_KTHREAD)
    return 0;
  struct task_struct___scheduled *scheduled = (void *)task;
  struct probe_task seen = {
      .tid = tid_of(task),
      .tgid = tgid_of(task),
      .flags = flags,
      .state = BPF_CORE_READ(scheduled, __state) | BPF_CORE_READ(task, exit_state) << 16,
      .ran_ns = ran_until(task),
  };
  bpf_seq_write(ctx->meta->seq, &seen, sizeof(seen));
  return 0;
}
