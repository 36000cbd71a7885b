/* What every attack program says of itself: 0, it got at the bytes; 13, it was refused; 2, it could
   not even try. A test takes only the first two for an answer. */
#ifndef ATTACK_H
#define ATTACK_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { GOT = 0, UNABLE = 2, REFUSED = 13 };

static inline void unable(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(UNABLE);
}

/* Ends with what came of the attempt to read. EPERM is the guard's word; anything else is trouble. */
static inline void told(const char *bytes, ssize_t length) {
    if (length > 0) {
        printf("read %zd bytes: %.*s\n", length, (int)(length > 24 ? 24 : length), bytes);
        exit(GOT);
    }
    if (length < 0 && errno == EPERM) {
        printf("refused\n");
        exit(REFUSED);
    }
    unable(length == 0 ? "the file is empty" : "reading");
}

static inline void told_of(int fd) {
    char bytes[256];
    told(bytes, fd < 0 ? -1 : read(fd, bytes, sizeof bytes));
}

/* By mapping instead of reading: the bytes never pass through read(2). */
static inline void told_of_map(int fd) {
    struct stat about;
    if (fd < 0 || fstat(fd, &about) < 0) told(NULL, -1);
    char *bytes = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) told(NULL, -1);
    told(bytes, about.st_size);
}
#endif
