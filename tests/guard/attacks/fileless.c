/* fileless PROGRAM WORD…: runs a program from memory only, so that no file on a disk is behind it. */
#include "attack.h"
#include <sys/sendfile.h>

int main(int count, char **words) {
    if (count < 2) unable("usage: fileless PROGRAM WORD...");
    struct stat about;
    int from = open(words[1], O_RDONLY), to = memfd_create("nothing", MFD_CLOEXEC);
    if (from < 0 || to < 0 || fstat(from, &about) < 0) unable(words[1]);
    if (sendfile(to, from, NULL, about.st_size) != about.st_size) unable("sendfile");
    fexecve(to, words + 1, environ);
    unable("fexecve");
}
