/* What every unit test starts with: cmocka and the headers it wants before itself. */
#ifndef COCOS_TESTS_UNIT_H
#define COCOS_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fails with the error's own words. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        if ((call) < 0)                                                                            \
            fail_msg("%s: %s", #call, err.text);                                                   \
    } while (0)

#define assert_fails(call, wanted)                                                                 \
    do {                                                                                           \
        assert_int_equal((call), -1);                                                              \
        assert_int_equal(err.kind, (wanted));                                                      \
    } while (0)

/* tests/run-units wants to know which vectors the tests of a run have read. */
static inline void unit_note_read(const char *path)
{
    const char *to = getenv("VECTORS_READ"), *dir = getenv("VECTORS");
    FILE *notes;

    if (to == NULL || dir == NULL || strncmp(path, dir, strlen(dir)) != 0)
        return;
    notes = fopen(to, "ae");
    if (notes == NULL)
        return;
    fprintf(notes, "%s\n", path + strlen(dir) + 1);
    fclose(notes);
}

static inline int unit_file_read(const char *path, struct buf *out, struct err *err)
{
    unit_note_read(path);
    return file_read(path, out, err);
}
#define file_read(path, out, err) unit_file_read(path, out, err)

/* The directory of the test vectors, or NULL with a loud line when it is not there. */
static inline const char *vectors_dir(void)
{
    const char *dir = getenv("VECTORS") ? getenv("VECTORS") : "../shared/vectors";
    OWNED_BUF probe = BUF_OF(1 * MIB);
    struct err err;
    char path[512];

    snprintf(path, sizeof(path), "%s/PROVENANCE.md", dir);
    if (file_read(path, &probe, &err) == 0)
        return dir;
    printf("SKIP: no vectors at '%s': genuine evidence is not tested\n", dir);
    return NULL;
}

#endif
