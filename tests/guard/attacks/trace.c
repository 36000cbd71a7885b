/* trace PROGRAM WORD…: runs a program that may read a secret under a tracer, which could read all of
 * its memory. The program's failure counts as a refusal. */
#include "attack.h"
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

int main(int count, char **words) {
    if (count < 2) unable("usage: trace PROGRAM WORD...");
    pid_t child = fork();
    if (child < 0) unable("fork");
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) unable("PTRACE_TRACEME");
        execv(words[1], words + 1);
        unable(words[1]);
    }
    for (int status;;) {
        if (waitpid(child, &status, 0) < 0) unable("waitpid");
        if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? GOT : REFUSED;
        if (WIFSIGNALED(status)) unable("it was killed");
        int number = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        ptrace(PTRACE_CONT, child, NULL, (void *)(long)number);
    }
}
