/* relay pass|inherit FILE RECEIVER HOW [COPY]: opens the file, as it may, and hands the descriptor on
 * to another program, over a socket or across exec. */
#include "attack.h"
#include <sys/socket.h>
#include <sys/wait.h>

static void give(int socket, int fd) {
    char byte = 'f', room[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    if (sendmsg(socket, &message, 0) < 0) unable("sendmsg");
}

int main(int count, char **words) {
    if (count < 5) unable("usage: relay pass|inherit FILE RECEIVER HOW [COPY]");
    const char *receiver = words[3];
    int pair[2], status, passes = !strcmp(words[1], "pass");
    if (passes) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) unable("socketpair");
        if (fork() == 0) {
            dup2(pair[1], 9);
            execl(receiver, receiver, "socket", words[4], words[5], NULL);
            unable(receiver);
        }
    }
    int fd = open(words[2], O_RDONLY);
    if (fd < 0) unable("the program that may read it cannot open it");
    if (passes) {
        give(pair[0], fd);
        wait(&status);
        return WIFEXITED(status) ? WEXITSTATUS(status) : UNABLE;
    }
    dup2(fd, 8);
    execl(receiver, receiver, "inherited", words[4], words[5], NULL);
    unable(receiver);
}
