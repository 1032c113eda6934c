// SEND_ZC over loopback TCP and UDP, with and without a registered buffer. Two of the sends fail. A send that reaches
// the network stack posts two CQEs; the second is the notification. A send that fails in preparation posts one CQE.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include "program.h"

enum { SIZE = 8192 };
static char *buffer, sink[SIZE];

static uint64_t send_zc(struct ring *ring, int fd, unsigned length, bool fixed, unsigned flags) {
  struct io_uring_sqe *send = sqe(ring);
  uint64_t user_data = send->user_data;
  if (fixed)
    io_uring_prep_send_zc_fixed(send, fd, buffer, length, MSG_NOSIGNAL, 0, 0);
  else
    io_uring_prep_send_zc(send, fd, buffer, length, MSG_NOSIGNAL, 0);
  send->flags |= (__u8)flags;
  submit(ring);
  return user_data;
}

int main(int argc, char **argv) {
  begin("send_zc", &argc, argv);
  struct ring *ring = open_ring(16, 0);
  need_opcode(ring, IORING_OP_SEND_ZC, "SEND_ZC");
  buffer = map_memory(SIZE);
  struct iovec vector = {buffer, SIZE};
  must_uring(io_uring_register_buffers(&ring->uring, &vector, 1));
  memset(buffer, 'z', SIZE);

  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  must(bind(listener, (struct sockaddr *)&address, size));
  must(listen(listener, 1));
  must(getsockname(listener, (struct sockaddr *)&address, &size));
  int tcp = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(tcp, (struct sockaddr *)&address, size))
    skip("no loopback network: %s", strerror(errno));
  int peer = must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));

  int receiver = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  address.sin_port = 0;
  must(bind(receiver, (struct sockaddr *)&address, size));
  must(getsockname(receiver, (struct sockaddr *)&address, &size));
  int udp = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  must(connect(udp, (struct sockaddr *)&address, size));

  uint64_t sent[4];
  for (int i = 0; i < 3; i++) {
    sent[i] = send_zc(ring, tcp, 4096, i == 2, 0);
    for (int got = 0; got < 4096;)
      got += (int)must(recv(peer, sink, sizeof sink, 0));
    reap_done(ring, sent[i]);
    expect(sent[i], 4096);
  }
  sent[3] = send_zc(ring, udp, 1024, false, 0);
  must(recv(receiver, sink, sizeof sink, 0));
  reap_done(ring, sent[3]);
  expect(sent[3], 1024);
  for (int i = 0; i < 4; i++)
    check(request(sent[i])->notifs == 1, "no notification");

  shutdown(tcp, SHUT_WR);
  uint64_t broken = send_zc(ring, tcp, 100, false, 0);
  reap_done(ring, broken);
  expect(broken, -EPIPE);
  request(broken)->note = "failed at issue";
  uint64_t refused = send_zc(ring, udp, 100, false, IOSQE_CQE_SKIP_SUCCESS);
  reap(ring, 1);
  expect(refused, -EINVAL);
  request(refused)->note = "CQE_SKIP is refused in preparation";
  request(refused)->prep_failed = true;
  say("\"notifs\":%u", 4 + request(broken)->notifs);
  return finish();
}
