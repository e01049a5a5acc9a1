/* What the manager proves itself with and what its first administrator is let in with:
 *
 *     ca.pem       certificate of an authority made for this manager alone; clients trust it
 *     server.pem   the server's certificate, signed by it
 *     server.key   its key
 *     admin.token  a token of the role admin
 *
 * They are made at the first start, all or none; the authority's key is thrown away, so that nobody
 * can ever sign with it again. They are plain files and may be replaced by others of the same
 * names. */
#ifndef COCOS_MANAGER_CREDENTIALS_H
#define COCOS_MANAGER_CREDENTIALS_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define CREDENTIALS_FILE_MAX (64 * KIB)

struct credentials {
    struct buf certificate; /* PEM */
    struct buf key;         /* PEM; secret */
    bool first;             /* they were made just now */
};

void credentials_release(struct credentials *credentials);
#define OWNED_CREDENTIALS __attribute__((cleanup(credentials_release))) struct credentials

/* Makes them when none is there, and loads them. names: further names and addresses for the
 * certificate, separated by commas; listen: as configured. Errors: SYSTEM, NO_SPACE, USAGE (some
 * are there and some are not, which is for a person to sort out). */
MUST_USE int credentials_load(const char *state_dir, const char *listen, const char *names,
                              int64_t now, struct credentials *ret, struct err *err);

/* The id of this manager, a UUID, made at the first start too. */
MUST_USE int credentials_manager_id(const char *state_dir, char *out, size_t size, struct err *err);

#endif
