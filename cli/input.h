/* Files that the user named: what cannot be opened is a usage error (exit code 2), whatever it is
 * for. A directory becomes the deterministic zip that stands for it as a dataset, in a temporary
 * file without a name. */
#ifndef COCOS_CLI_INPUT_H
#define COCOS_CLI_INPUT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/crypto/key.h"
#include "lib/json/json.h"

#define SHA3_SIZE 32

struct input {
    int fd; /* readable with pread() from 0 */
    uint64_t size;
    bool packed; /* it was a directory */
    char *name;  /* last component of the path */
};

/* Opens a regular file, or packs a directory. Errors: USAGE, and what packing says. */
MUST_USE int input_open(const char *path, struct input *ret, struct err *err);
void input_done(struct input *input);
#define OWNED_INPUT __attribute__((cleanup(input_done))) struct input
#define INPUT_NONE  ((struct input){.fd = -1})

/* A temporary file without a name, which is gone when it is closed. Errors: SYSTEM. */
MUST_USE int input_open_nameless(int *ret, struct err *err);

/* Digest of the bytes into out, which holds digest_size(alg); shows progress and minds interrupts.
 */
MUST_USE int input_digest(const struct input *input, enum digest_alg alg, uint8_t *out,
                          struct err *err);

/* Reads a whole file ("-": standard input). Errors: USAGE (cannot be opened), TOO_LARGE, SYSTEM. */
MUST_USE int input_read(const char *path, struct buf *out, struct err *err);

/* A JSON document from a file. Errors: as input_read(), MALFORMED, INPUT. */
MUST_USE int input_read_json(const char *path, size_t max, struct json **ret, struct err *err);

/* A private key; says so when somebody else may read the file. Errors: USAGE, INPUT. */
MUST_USE int input_read_private_key(const char *path, struct key **ret, struct err *err);

/* A public key from a file with a public key, a certificate, or a private key. Errors: the same. */
MUST_USE int input_read_public_key(const char *path, struct key **ret, struct err *err);

#endif
