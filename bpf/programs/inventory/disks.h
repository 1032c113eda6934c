/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Disk requests. io_uring keeps no list of them, but the block layer can be searched by tag. The search finds requests
 * that a driver has, not those that an I/O scheduler or the throttler holds back. A device without tags (device mapper,
 * RAID) passes its requests on to underlying devices, whose tags do not lead to the io_uring request.
 *
 * A bio leads to the kiocb, which is the first member of the io_kiocb. The kiocb is found through the blkdev_dio that
 * contains the bio or that bi_private points to (block/fops.c), or through the iomap_dio that bi_private points to
 * (fs/iomap/direct-io.c). bi_end_io would distinguish these cases, but needs kernel symbols, which may be hidden. So a
 * candidate counts as a request if its `ctx` is a wanted ring (in `targets`).
 */
#pragma once
#include "common/block_request.h"
#include "inventory/walk.h"
#include "kernel/ublk.h"

#define MAX_TAGS (1 << 15) /* tags walked of one device */
#define MAX_BIOS 16        /* bios walked of one block request */

/* Processes that hold a ring; their files are examined. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1 << 14);
  __type(key, __u32);
  __type(value, __u32);
} owners SEC(".maps");

/* Devices (request_queue *), and for each the last run of the inventory that walked it. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 256);
  __type(key, __u64);
  __type(value, __u32);
} devices SEC(".maps");

/* State of the walk over a device's tags. */
struct {
  __u64 queue; /* struct request_queue * */
  __u64 sets;  /* struct blk_mq_tags ** */
  __u64 tags;
  __u64 requests; /* struct request ** */
  __u32 set;
  __u32 set_count;
  __u32 tag;
  __u32 tag_count;
  __u32 is_served; /* a wanted ring serves the device: list all of its requests */
} disk = {};

/*
 * Reports the request that contains a kiocb, and the requests linked behind it. False if the request belongs to no
 * wanted ring.
 */
static __always_inline bool report_kiocb(__u64 kiocb) {
  __u64 ring = kiocb ? read_pointer(kiocb + bpf_core_field_offset(struct io_kiocb, ctx)) : 0;
  if (!ring || !bpf_map_lookup_elem(&targets, &ring))
    return false;
  begin_walk(0, RECORD_PLACE_LINKED, 0);
  if (!report(kiocb, 0, RECORD_PLACE_BLOCK, 0))
    return false;
  walk.link = (__u64)COPIED(struct io_kiocb, link);
  walk.behind = kiocb;
  run_walk();
  return true;
}

/* Reports the request of a bio and returns it, 0 if the bio has none. */
__noinline __u64 report_bio(__u64 address) {
  struct bio *bio = (void *)address;
  __u64 dio = (__u64)BPF_CORE_READ(bio, bi_private);
  __u64 around = address - bpf_core_field_offset(struct blkdev_dio, bio);
  __u64 kiocb = read_pointer(around + bpf_core_field_offset(struct blkdev_dio, iocb));
  if (report_kiocb(kiocb))
    return kiocb;
  if (!dio)
    return 0;
  kiocb = read_pointer(dio + bpf_core_field_offset(struct iomap_dio, iocb));
  if (report_kiocb(kiocb))
    return kiocb;
  kiocb = read_pointer(dio + bpf_core_field_offset(struct blkdev_dio, iocb));
  return report_kiocb(kiocb) ? kiocb : 0;
}

/*
 * Sets the server of a ublk request, and whether the server has the request. The ublk driver keeps a flag for this
 * next to the server's command.
 */
static __always_inline void describe_server(struct record_disk_request *record, struct request *request) {
  record->server_tgid = 0;
  record->with_server = 0;
  if (record->block.disk[0] != 'u' || !bpf_core_type_exists(struct ublk_device))
    return;
  struct gendisk *disk = BPF_CORE_READ(request, q, disk);
  struct ublk_device *device = BPF_CORE_READ(disk, private_data);
  if (!config.pid_namespace)
    record->server_tgid = BPF_CORE_READ(device, dev_info.ublksrv_pid);
  struct blk_mq_hw_ctx *hardware = BPF_CORE_READ(request, mq_hctx);
  struct ublk_queue *served = BPF_CORE_READ(hardware, driver_data);
  struct ublk_io *io = (void *)served + bpf_core_field_offset(struct ublk_queue, ios) +
                       record->block.tag * bpf_core_type_size(struct ublk_io);
  record->with_server = !!(BPF_CORE_READ(io, flags) & UBLK_IO_FLAG_OWNED_BY_SRV);
}

static __always_inline void write_disk_request(__u64 ring, __u64 req, struct request *request) {
  struct record_disk_request *record = next_slot();
  if (!record)
    return;
  fill_header(&record->base, RECORD_DISK_REQUEST, sizeof(*record), ring, req);
  record->start_ns = BPF_CORE_READ(request, start_time_ns);
  record->issued_ns = BPF_CORE_READ(request, io_start_time_ns);
  fill_block(&record->block, request);
  describe_server(record, request);
}

/* Reports a block request that a tag points to, and the io_uring requests of its bios. */
__noinline int report_block(__u64 address) {
  struct request *request = (void *)address;
  /* other devices can share the tags, and a free tag still points to its last request */
  if ((__u64)BPF_CORE_READ(request, q) != disk.queue || BPF_CORE_READ(request, state) == MQ_RQ_IDLE)
    return 0;
  __u64 bio = (__u64)BPF_CORE_READ(request, bio);
  __u64 last = 0;
  for (int i = 0; i < MAX_BIOS && bio; i++) {
    __u64 req = report_bio(bio);
    if (req && req != last) {
      write_disk_request(read_pointer(req + bpf_core_field_offset(struct io_kiocb, ctx)), req, request);
      last = req;
    }
    bio = read_pointer(bio + bpf_core_field_offset(struct bio, bi_next));
  }
  if (!last && disk.is_served)
    write_disk_request(0, 0, request);
  return 0;
}

static long tag_step(__u32 index, void *unused) {
  if (disk.tag < disk.tag_count) {
    __u64 request = read_pointer(disk.requests + disk.tag++ * 8ULL);
    if (request)
      report_block(request);
    return 0;
  }
  if (disk.set >= disk.set_count)
    return 1;
  struct blk_mq_tags *tags = (void *)read_pointer(disk.sets + disk.set++ * 8ULL);
  /* one set of tags can serve all hardware queues */
  if (!tags || (__u64)tags == disk.tags)
    return 0;
  disk.tags = (__u64)tags;
  disk.requests = (__u64)BPF_CORE_READ(tags, rqs);
  disk.tag_count = disk.requests ? BPF_CORE_READ(tags, nr_tags) : 0;
  disk.tag = 0;
  return 0;
}

__noinline int walk_device(__u64 queue, __u32 is_served) {
  /* a device is walked again if it is found only later that a wanted ring serves it */
  __u32 pass = inventory.pass << 1 | is_served;
  __u32 *walked = bpf_map_lookup_elem(&devices, &queue);
  if (!queue || (walked && (*walked == pass || *walked == (inventory.pass << 1 | 1))))
    return 0;
  bpf_map_update_elem(&devices, &queue, &pass, BPF_ANY);
  struct request_queue *tagged = (void *)queue;
  struct blk_mq_tag_set *set = BPF_CORE_READ(tagged, tag_set);
  if (!set) /* the device does not use blk-mq */
    return 0;
  disk.queue = queue;
  disk.sets = (__u64)BPF_CORE_READ(set, tags);
  disk.set_count = BPF_CORE_READ(set, nr_hw_queues);
  disk.set = 0;
  disk.tags = 0;
  disk.tag = 0;
  disk.tag_count = 0;
  disk.is_served = is_served;
  bpf_loop(MAX_TAGS, tag_step, NULL, 0);
  return 0;
}

/* Walks the device of a file: the block device itself, the device that stores the file, or the served ublk device. */
static __always_inline void walk_device_of_file(struct file *file) {
  __u32 mode = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
  struct request_queue *queue = NULL;
  if (mode == S_IFREG) {
    queue = BPF_CORE_READ(file, f_inode, i_sb, s_bdev, bd_queue);
  } else if (mode == S_IFBLK) {
    struct bdev_inode *inode =
        (void *)BPF_CORE_READ(file, f_mapping, host) - bpf_core_field_offset(struct bdev_inode, vfs_inode);
    queue = BPF_CORE_READ(inode, bdev.bd_queue);
  } else if (mode == S_IFCHR && bpf_core_type_exists(struct ublk_device)) {
    struct ublk_device *device = BPF_CORE_READ(file, private_data);
    if (!device || (__u64)BPF_CORE_READ(file, f_inode, i_cdev) !=
                       (__u64)device + bpf_core_field_offset(struct ublk_device, cdev))
      return;
    struct gendisk *disk = BPF_CORE_READ(device, ub_disk);
    walk_device((__u64)BPF_CORE_READ(disk, queue), 1);
    return;
  }
  walk_device((__u64)queue, 0);
}
