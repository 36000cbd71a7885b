/* hold read|map FILE: opens or maps a file, says `held`, and reads it once a line comes in. */
#include "attack.h"

int main(int count, char **words) {
    if (count != 3) unable("usage: hold read|map FILE");
    int fd = open(words[2], O_RDONLY);
    if (fd < 0) unable("opening");
    char *bytes = NULL, line[8];
    if (!strcmp(words[1], "map")) {
        bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        if (bytes == MAP_FAILED) unable("mmap");
        close(fd);
    }
    puts("held");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return UNABLE;
    if (bytes) told(bytes, 1);
    told_of(fd);
}
