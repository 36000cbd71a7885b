/* reach WAY FILE: one process on its own gets at a file in one of these ways; `-` is the file $SECRET. */
#include "attack.h"
#include <linux/io_uring.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

static void reopen(const char *file) {
    char link[64];
    int place = open(file, O_PATH);
    if (place < 0) unable("O_PATH");
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    told_of(open(link, O_RDONLY));
}

static void send(const char *file) {
    char bytes[256];
    int from = open(file, O_RDONLY), to = memfd_create("copy", 0);
    if (to < 0) unable("memfd_create");
    if (from < 0 || sendfile(to, from, NULL, sizeof bytes) < 0) told(NULL, -1);
    told(bytes, pread(to, bytes, sizeof bytes, 0));
}

/* By the number the file system knows it by; the path is walked without opening the file. */
static void handle(const char *file) {
    struct { struct file_handle head; char room[128]; } number = {.head.handle_bytes = 128};
    int mount, folder = open("/", O_RDONLY | O_DIRECTORY);
    if (name_to_handle_at(AT_FDCWD, file, &number.head, &mount, 0) < 0) unable("name_to_handle_at");
    int fd = open_by_handle_at(folder, &number.head, O_RDONLY);
    if (fd < 0 && errno != EPERM) unable("open_by_handle_at");
    told_of(fd);
}

struct ring { int fd; char *sq, *cq; struct io_uring_sqe *entries; struct io_uring_params at; unsigned done; };

static int submit(struct ring *ring, struct io_uring_sqe entry) {
    unsigned *tail = (unsigned *)(ring->sq + ring->at.sq_off.tail);
    unsigned slot = *tail & *(unsigned *)(ring->sq + ring->at.sq_off.ring_mask);
    ring->entries[slot] = entry;
    ((unsigned *)(ring->sq + ring->at.sq_off.array))[slot] = slot;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) unable("io_uring_enter");
    int result = ((struct io_uring_cqe *)(ring->cq + ring->at.cq_off.cqes))[ring->done++].res;
    __atomic_store_n((unsigned *)(ring->cq + ring->at.cq_off.head), ring->done, __ATOMIC_RELEASE);
    return result;
}

static void uring(const char *file, unsigned char flags) {
    char bytes[256];
    struct ring ring = {0};
    ring.fd = syscall(SYS_io_uring_setup, 4, &ring.at);
    if (ring.fd < 0) unable("this kernel gives no io_uring, which this row needs");
    int shared = MAP_SHARED | MAP_POPULATE, both = PROT_READ | PROT_WRITE;
    ring.sq = mmap(NULL, ring.at.sq_off.array + ring.at.sq_entries * 4, both, shared, ring.fd, IORING_OFF_SQ_RING);
    ring.cq = mmap(NULL, ring.at.cq_off.cqes + ring.at.cq_entries * 16, both, shared, ring.fd, IORING_OFF_CQ_RING);
    ring.entries = mmap(NULL, ring.at.sq_entries * sizeof *ring.entries, both, shared, ring.fd, IORING_OFF_SQES);
    if (ring.sq == MAP_FAILED || ring.cq == MAP_FAILED || ring.entries == MAP_FAILED) unable("mmap");
    struct io_uring_sqe ask = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .flags = flags};
    ask.addr = (unsigned long)file;
    ask.open_flags = O_RDONLY;
    int fd = submit(&ring, ask);
    if (fd < 0) { errno = -fd; told(NULL, -1); }
    struct io_uring_sqe get = {.opcode = IORING_OP_READ, .fd = fd, .flags = flags, .len = sizeof bytes};
    get.addr = (unsigned long)bytes;
    int length = submit(&ring, get);
    if (length < 0) { errno = -length; length = -1; }
    told(bytes, length);
}

static void alias(const char *file, const char *name) {
    if (link(file, name) < 0) unable("link");
    int fd = open(name, O_RDONLY), why = errno;
    unlink(name);
    errno = why;
    told_of(fd);
}

static void replace(const char *file, const char *fresh) {
    int made = open(fresh, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (made < 0 || write(made, "a newer secret", 14) != 14 || close(made) < 0) unable("writing the new one");
    if (rename(fresh, file) < 0) unable("rename");
    told_of(open(file, O_RDONLY));
}

static void move(const char *file, const char *name) {
    if (rename(file, name) < 0) unable("rename");
    told_of(open(name, O_RDONLY));
}

int main(int count, char **words) {
    if (count < 3) unable("usage: reach WAY FILE [NAME]");
    const char *way = words[1], *file = words[2], *name = count > 3 ? words[3] : NULL;
    if (!strcmp(file, "-")) file = getenv("SECRET");
    if (!file) unable("SECRET is not set");
    if (!strcmp(way, "open")) told_of(open(file, O_RDONLY));
    if (!strcmp(way, "read-write")) told_of(open(file, O_RDWR));
    if (!strcmp(way, "map")) told_of_map(open(file, O_RDONLY));
    if (!strcmp(way, "reopen")) reopen(file);
    if (!strcmp(way, "sendfile")) send(file);
    if (!strcmp(way, "handle")) handle(file);
    if (!strcmp(way, "uring")) uring(file, 0);
    if (!strcmp(way, "uring-async")) uring(file, IOSQE_ASYNC);
    if (!strcmp(way, "alias") && name) alias(file, name);
    if (!strcmp(way, "replace") && name) replace(file, name);
    if (!strcmp(way, "move") && name) move(file, name);
    errno = EINVAL;
    unable(way);
}
