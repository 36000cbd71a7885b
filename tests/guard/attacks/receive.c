/* receive socket|inherited read|map|clone [COPY]: reads from a descriptor that another program opened. */
#include "attack.h"
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int taken(void) {
    int fd;
    char byte, room[CMSG_SPACE(sizeof fd)];
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(9, &message, 0) <= 0 || !CMSG_FIRSTHDR(&message)) unable("recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

int main(int count, char **words) {
    if (count < 3) unable("usage: receive socket|inherited read|map|clone [COPY]");
    int fd = !strcmp(words[1], "socket") ? taken() : 8;
    if (!strcmp(words[2], "read")) told_of(fd);
    if (!strcmp(words[2], "map")) told_of_map(fd);
    if (!strcmp(words[2], "clone") && count > 3) {
        int copy = open(words[3], O_CREAT | O_TRUNC | O_RDWR, 0600);
        if (copy < 0) unable("the copy");
        if (ioctl(copy, FICLONE, fd) < 0) {
            if (errno != EPERM) unable("FICLONE");
            told(NULL, -1);
        }
        told_of(copy);
    }
    unable(words[2]);
}
