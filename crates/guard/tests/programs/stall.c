/* A reader that nobody can finish looking at: the lock of its memory is held by somebody who waits for a
 * file system that never answers.
 * stall SECONDS FOLDER read|hold|connect FILE -> mounts on FOLDER, starts itself as the reader, which prints
 * `stalled`, waits for a byte, reads FILE or connects to it, and prints `got` or `denied`; or has opened FILE already.
 * The first process is the file system. It waits for nobody, so that it can always be ended, and ends by itself after
 * SECONDS; with it ends whatever waits for it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SIZE (1 << 20)

static void fail(const char *what)
{
    perror(what);
    _exit(4);
}

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
    usleep(50000);
    mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return unused;
}

static int reach(const char *how, const char *file)
{
    char byte;
    if (strcmp(how, "connect")) {
        int opened = open(file, O_RDONLY);
        return opened >= 0 && read(opened, &byte, 1) == 1;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, file, sizeof address.sun_path - 1);
    return !connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof address);
}

static void read_stalled(int looker, const char *folder, const char *how, const char *file)
{
    char path[4096], byte;
    if (!strcmp(how, "hold"))
        (void)!open(file, O_RDONLY);
    snprintf(path, sizeof path, "%s/memory", folder);
    int memory = open(path, O_RDONLY);
    mlockall(MCL_CURRENT);
    /* What is called later must not have to be looked up then. */
    (void)!read(-1, &byte, 1);
    (void)!write(-1, "", 0);
    (void)!reach("connect", "");
    (void)!reach("read", "");
    pthread_t thread;
    if (pthread_create(&thread, 0, map_more, 0))
        fail("thread");
    char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE, memory, 0);
    if (memory < 0 || page == MAP_FAILED)
        fail("memory");
    /* Somebody looks into this process's memory and waits for the file system, somebody wants to change the memory and
     * waits for that, and whoever wants to look now waits, too. */
    (void)!write(looker, &page, sizeof page);
    usleep(150000);
    (void)!write(1, "stalled\n", 8);
    (void)!read(0, &byte, 1);
    const char *result = reach(how, file) ? "got\n" : "denied\n";
    (void)!write(1, result, strlen(result));
    pause();
}

static void look(int told, pid_t reader)
{
    char path[64], byte, *page;
    snprintf(path, sizeof path, "/proc/%d/mem", reader);
    if (read(told, &page, sizeof page) == sizeof page)
        (void)!pread(open(path, O_RDONLY), &byte, 1, (off_t)page);
    _exit(0);
}

static pid_t child(void)
{
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (!pid)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    if (getenv("LOOKER"))
        read_stalled(atoi(getenv("LOOKER")), argv[2], argv[3], argv[4]);
    alarm(atoi(argv[1]));
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char options[128];
    sprintf(options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
    /* Nobody else sees the mount, and it goes with the last process that does. */
    if (fuse < 0 || unshare(CLONE_NEWNS) || mount("none", "/", 0, MS_REC | MS_PRIVATE, 0)
        || mount("stall", argv[2], "fuse", MS_NOSUID | MS_NODEV, options))
        fail("mount");
    int told[2];
    char number[16];
    if (pipe(told))
        fail("pipe");
    pid_t reader = child();
    if (!reader) {
        sprintf(number, "%d", told[1]);
        setenv("LOOKER", number, 1);
        execv("/proc/self/exe", argv);
        fail("exec");
    }
    /* Not a child of the reader: to fork would have its own memory to be looked after again. Nobody but this process
     * may keep the file system. */
    if (!child()) {
        close(fuse);
        look(told[0], reader);
    }
    serve(fuse);
}
