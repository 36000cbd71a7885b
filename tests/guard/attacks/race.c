/* race WAY NAME TEMPORARY OTHER ROUNDS: so many times, a secret's file comes and goes as fast as it
 * can, and somebody tries to read it at once. Prints how often the bytes were got, refused, and gone before. */
#include "attack.h"
#include <sched.h>
#include <sys/wait.h>

static const char SECRET[] = "made-up secret";
static const char *name, *temporary, *other;
static long got, refused, gone;

static void made(const char *path) {
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (fd < 0 || write(fd, SECRET, sizeof SECRET) != sizeof SECRET || close(fd) < 0) unable(path);
}

static void renamed(const char *from, const char *to) {
    if (rename(from, to) < 0) unable("rename");
}

static void look(const char *path) {
    char bytes[sizeof SECRET];
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (length > 0) got++;
    else if (length < 0 && errno == EPERM) refused++;
    else if (length == 0 || errno == ENOENT) gone++;
    else unable("reading");
    if (fd >= 0) close(fd);
}

/* Written beside the old one and renamed over it. */
static void replaced(void) { made(temporary); renamed(temporary, name); look(name); }

/* Given the secret's name and moved away again, never opened under it. */
static void in_and_out(void) {
    made(temporary);
    renamed(temporary, name);
    renamed(name, other);
    look(other);
    unlink(other);
}

/* A second name outside, before anybody has opened the first. */
static void aliased(void) {
    made(temporary);
    renamed(temporary, name);
    if (link(name, other) < 0) unable("link");
    look(other);
    unlink(other);
    unlink(name);
}

/* Something else comes into the folder at once, and gets the number of the secret that went. */
static void followed(void) {
    made(temporary);
    renamed(temporary, name);
    look(name);
    unlink(name);
    made(other);
    unlink(other);
}

/* Two processes: one makes, fills and removes the file, the other opens whatever it can catch. */
static void short_lived(long rounds) {
    pid_t maker = fork();
    if (maker < 0) unable("fork");
    if (maker == 0) {
        for (long round = 0; round < rounds; round++) { made(name); sched_yield(); unlink(name); }
        _exit(0);
    }
    int status;
    while (waitpid(maker, &status, WNOHANG) == 0) look(name);
    if (status != 0) unable("the maker failed");
}

int main(int count, char **words) {
    if (count != 6) unable("usage: race WAY NAME TEMPORARY OTHER ROUNDS");
    const char *way = words[1];
    long rounds = atol(words[5]);
    name = words[2];
    temporary = words[3];
    other = words[4];
    if (!strcmp(way, "short-lived")) short_lived(rounds);
    else for (long round = 0; round < rounds; round++) {
        if (!strcmp(way, "replaced")) replaced();
        else if (!strcmp(way, "in-and-out")) in_and_out();
        else if (!strcmp(way, "aliased")) aliased();
        else if (!strcmp(way, "followed")) followed();
        else unable("no such way");
    }
    printf("got %ld refused %ld gone %ld\n", got, refused, gone);
    return 0;
}
