/* Loaded into a program that may read $SECRET, reads it instead. Built as a library. */
#include "attack.h"

__attribute__((constructor)) static void instead(void) {
    const char *secret = getenv("SECRET");
    if (!secret) unable("SECRET is not set");
    told_of(open(secret, O_RDONLY));
}

/* What LD_AUDIT asks of a library. */
unsigned la_version(unsigned version) { return version; }
