/* The least a permission event can cost on this machine: a responder that looks at nothing.
 * floor FILE allow|deny [reads]  -> prints "ready", answers every open of FILE (and with `reads` every read of
 * what was opened, which a kernel from 6.14 on reports) until it is killed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

/* FAN_PRE_ACCESS, which older headers lack. */
#define PRE_ACCESS 0x00100000

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: floor FILE allow|deny [reads]\n");
        return 2;
    }
    int class = argc == 4 ? FAN_CLASS_PRE_CONTENT : FAN_CLASS_CONTENT;
    unsigned long long mask = argc == 4 ? FAN_OPEN_PERM | PRE_ACCESS : FAN_OPEN_PERM;
    int group = fanotify_init(class | FAN_CLOEXEC | FAN_REPORT_PIDFD | FAN_UNLIMITED_QUEUE,
                              O_RDONLY | O_LARGEFILE | O_CLOEXEC);
    if (group < 0 || fanotify_mark(group, FAN_MARK_ADD, mask, AT_FDCWD, argv[1]) < 0) {
        perror("floor");
        return 1;
    }
    unsigned answer = strcmp(argv[2], "deny") ? FAN_ALLOW : FAN_DENY;
    puts("ready");
    fflush(stdout);
    char buffer[65536] __attribute__((aligned(8)));
    for (;;) {
        ssize_t length = read(group, buffer, sizeof buffer);
        if (length <= 0)
            return 1;
        struct fanotify_event_metadata *event = (void *)buffer;
        for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
            struct fanotify_response response = {.fd = event->fd, .response = answer};
            if (write(group, &response, sizeof response) != sizeof response)
                return 1;
            struct fanotify_event_info_pidfd *info = (void *)((char *)event + event->metadata_len);
            if ((char *)info < (char *)event + event->event_len && info->pidfd >= 0)
                close(info->pidfd);
            close(event->fd);
        }
    }
}
