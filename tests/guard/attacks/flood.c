/* flood FILE READERS: so many processes open one file at the same moment. Prints how many got at the
 * bytes and how many were refused. */
#include "attack.h"
#include <sys/wait.h>

int main(int count, char **words) {
    if (count != 3) unable("usage: flood FILE READERS");
    int readers = atoi(words[2]), got = 0, refused = 0, status, gate[2];
    if (pipe(gate) < 0) unable("pipe");
    for (int reader = 0; reader < readers; reader++) {
        pid_t child = fork();
        if (child < 0) unable("fork");
        if (child == 0) {
            char bytes[8];
            close(gate[1]);
            if (read(gate[0], bytes, 1) != 0) _exit(UNABLE);
            int fd = open(words[1], O_RDONLY);
            if (fd < 0) _exit(errno == EPERM ? REFUSED : UNABLE);
            ssize_t length = read(fd, bytes, sizeof bytes);
            _exit(length > 0 ? GOT : errno == EPERM ? REFUSED : UNABLE);
        }
    }
    close(gate[1]);
    while (wait(&status) > 0) {
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : UNABLE;
        if (code == GOT) got++;
        else if (code == REFUSED) refused++;
        else unable("a reader failed");
    }
    printf("got %d refused %d\n", got, refused);
    return 0;
}
