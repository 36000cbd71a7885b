/* A program that reads a file whenever it is told to.
 * reader FILE, then on standard input: `read` -> prints `got` or `denied`; `load LIBRARY`;
 * `become PROGRAM` starts that program with FILE as its argument. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char line[4096], byte;
    if (argc != 2)
        return 2;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (!strcmp(line, "read")) {
            int file = open(argv[1], O_RDONLY | O_CLOEXEC);
            puts(file >= 0 && read(file, &byte, 1) == 1 ? "got" : "denied");
            if (file >= 0)
                close(file);
        } else if (!strncmp(line, "load ", 5)) {
            puts(dlopen(line + 5, RTLD_NOW) ? "loaded" : dlerror());
        } else if (!strncmp(line, "become ", 7)) {
            execl(line + 7, line + 7, argv[1], (char *)0);
            puts("no such program");
        }
        fflush(stdout);
    }
    return 0;
}
