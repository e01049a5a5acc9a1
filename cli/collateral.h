/* The files of a directory as pieces of collateral, or one file. Which is which, the verifier finds
 * out from what is in them. */
#ifndef COCOS_CLI_COLLATERAL_H
#define COCOS_CLI_COLLATERAL_H

#include "lib/attest/attest.h"

#define COLLATERAL_FILES_MAX 128

struct collateral {
    struct buf *files;
    struct span *pieces;
    size_t count;
};

void collateral_done(struct collateral *collateral);
#define OWNED_COLLATERAL __attribute__((cleanup(collateral_done))) struct collateral

/* Reads the file, or every regular file of the directory, in the order of their names; names that
 * begin with a dot are left out. path NULL: nothing. Errors: USAGE (cannot be opened, too many),
 * TOO_LARGE. On failure ret may hold some, and is released by the caller all the same. */
MUST_USE int collateral_read(const char *path, struct collateral *ret, struct err *err);

#endif
