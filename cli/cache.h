/* What endorsers publish, kept on this machine: certificates, revocation lists and collateral,
 * below
 * ~/.cocos or where COCOS_CACHE says, a folder a product. Nothing is believed for lying there:
 * whoever reads a file checks it as if it had just come. */
#ifndef COCOS_CLI_CACHE_H
#define COCOS_CLI_CACHE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct cache {
    char *folder; /* NULL: there is none */
};

void cache_done(struct cache *cache);
#define OWNED_CACHE __attribute__((cleanup(cache_done))) struct cache

/* Where the cache is; it need not exist. folder: as the setting says; NULL: ~/.cocos; "none":
 * nowhere. Errors: USAGE (no home directory). */
MUST_USE int cache_open(const char *folder, struct cache *ret, struct err *err);

/* Whether there is anything. */
bool cache_exists(const struct cache *cache);

/* A file by its name below the folder ("Milan/vcek.crl"), appended to out. ret_age_s: since it was
 * written; may be NULL. Errors: NOT_FOUND, TOO_LARGE, INPUT, SYSTEM. */
MUST_USE int cache_read(const struct cache *cache, const char *name, struct buf *out,
                        int64_t *ret_age_s, struct err *err);

/* Replaces a file, atomically; makes its folder. Errors: SYSTEM, NO_SPACE. */
MUST_USE int cache_write(const struct cache *cache, const char *name, struct span bytes,
                         struct err *err);

/* The whole path of a file, for messages. Free with free(). */
char *cache_path(const struct cache *cache, const char *name);

#endif
