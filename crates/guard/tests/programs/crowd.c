/* Many processes that read one file at the same moment.
 * crowd FILE COUNT -> prints how many read it, how many were denied, and the longest wait in milliseconds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

struct report {
    int leaked;
    double waited;
};

int main(int argc, char **argv)
{
    int gate[2], reports[2];
    if (argc != 3 || pipe2(gate, O_CLOEXEC) || pipe2(reports, O_CLOEXEC))
        return 2;
    int count = atoi(argv[2]);
    for (int at = 0; at < count; at++) {
        pid_t child = fork();
        if (child < 0)
            return 3;
        if (child)
            continue;
        char byte;
        close(gate[1]);
        (void)!read(gate[0], &byte, 1);
        double start = now();
        int file = open(argv[1], O_RDONLY);
        struct report report = {file >= 0 && read(file, &byte, 1) == 1, 0};
        report.waited = now() - start;
        (void)!write(reports[1], &report, sizeof report);
        _exit(0);
    }
    close(gate[1]);
    close(reports[1]);
    struct report report;
    int leaked = 0, denied = 0;
    double longest = 0;
    while (read(reports[0], &report, sizeof report) == sizeof report) {
        *(report.leaked ? &leaked : &denied) += 1;
        if (report.waited > longest)
            longest = report.waited;
    }
    printf("%d %d %.0f\n", leaked, denied, longest);
    return 0;
}
