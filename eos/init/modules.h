/* The modules of the kernel that the guest needs, loaded from one list in the order that the
 * builder sorted by dependency. */
#ifndef COCOS_EOS_MODULES_H
#define COCOS_EOS_MODULES_H

#include "lib/base/err.h"

#include <stdbool.h>

/* One line of the list. */
struct module {
    char name[64]; /* a file beside the list */
    bool needed;   /* the guest is of no use without it */
};

/* Reads "need NAME" or "try NAME". ERR_INPUT when the line is anything else. */
MUST_USE int modules_parse_line(const char *line, struct module *ret, struct err *err);

/* Loads what the file "list" in dir names. A module under "try" may find no device to drive.
 * Errors: SYSTEM (names the first needed module that failed), INPUT and NOT_FOUND (the list or a
 * file). */
MUST_USE int modules_load(const char *dir, struct err *err);

#endif
