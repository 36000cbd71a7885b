/* A reader that nobody can finish looking at: the lock of its memory is held by somebody who waits for a
 * file system that never answers.
 * stall FOLDER FILE -> mounts on FOLDER, prints `stalled`, waits for a byte, reads FILE, prints `got` or `denied`. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE (1 << 20)

static void reply(int fuse, uint64_t unique, const void *body, size_t length)
{
    char bytes[512];
    struct fuse_out_header header = {.len = sizeof header + length, .unique = unique};
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, body, length);
    (void)!write(fuse, bytes, header.len);
}

static struct fuse_attr attributes(uint64_t node)
{
    struct fuse_attr attr = {.ino = node, .nlink = 1, .size = SIZE};
    attr.mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
    return attr;
}

/* One folder with one file; reading the file takes for ever. */
static void serve(int fuse)
{
    static char request[1 << 18];
    while (read(fuse, request, sizeof request) > 0) {
        struct fuse_in_header *in = (void *)request;
        if (in->opcode == FUSE_INIT) {
            struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096};
            reply(fuse, in->unique, &out, sizeof out);
        } else if (in->opcode == FUSE_LOOKUP) {
            struct fuse_entry_out out = {.nodeid = 2, .entry_valid = 99, .attr_valid = 99, .attr = attributes(2)};
            reply(fuse, in->unique, &out, sizeof out);
        } else if (in->opcode == FUSE_GETATTR) {
            struct fuse_attr_out out = {.attr_valid = 99, .attr = attributes(in->nodeid)};
            reply(fuse, in->unique, &out, sizeof out);
        } else if (in->opcode == FUSE_OPEN) {
            struct fuse_open_out out = {0};
            reply(fuse, in->unique, &out, sizeof out);
        } else if (in->opcode != FUSE_READ && in->opcode != FUSE_FORGET && in->opcode != FUSE_INTERRUPT) {
            struct fuse_out_header out = {.len = sizeof out, .error = -38, .unique = in->unique};
            (void)!write(fuse, &out, sizeof out);
        }
    }
    _exit(0);
}

static void *map_more(void *unused)
{
    usleep(100000);
    mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return unused;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char options[128], path[4096], byte;
    sprintf(options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
    if (fuse < 0 || mount("stall", argv[1], "fuse", MS_NOSUID | MS_NODEV, options)) {
        perror("mount");
        return 4;
    }
    if (!fork()) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(fuse);
    }
    close(fuse);
    snprintf(path, sizeof path, "%s/memory", argv[1]);
    int memory = open(path, O_RDONLY);
    mlockall(MCL_CURRENT);
    (void)!read(-1, &byte, 1);
    (void)!write(-1, "", 0);
    pthread_t thread;
    if (pthread_create(&thread, 0, map_more, 0))
        return 6;
    char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE, memory, 0);
    if (memory < 0 || page == MAP_FAILED) {
        perror("memory");
        return 5;
    }
    /* Somebody looks into this process's memory and waits for the file system, ... */
    pid_t looker = fork();
    if (!looker) {
        alarm(20);
        snprintf(path, sizeof path, "/proc/%d/mem", getppid());
        int mem = open(path, O_RDONLY);
        _exit(pread(mem, &byte, 1, (off_t)page) == 1);
    }
    /* ... somebody wants to change the memory and waits for that, and whoever wants to look now waits, too. */
    usleep(150000);
    (void)!write(1, "stalled\n", 8);
    (void)!read(0, &byte, 1);
    int file = open(argv[2], O_RDONLY);
    const char *result = file >= 0 && read(file, &byte, 1) == 1 ? "got\n" : "denied\n";
    (void)!write(1, result, strlen(result));
    kill(looker, SIGKILL);
    _exit(0);
}
