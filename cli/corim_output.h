/* A policy becomes a CoRIM, signed or not, in a file or on standard output. */
#ifndef COCOS_CLI_CORIM_OUTPUT_H
#define COCOS_CLI_CORIM_OUTPUT_H

#include "cli/command.h"
#include "lib/json/json.h"

struct corim_output {
    const char *path;      /* NULL: standard output */
    const char *key;       /* file with the private key of the signer; NULL: unsigned */
    const char *name;      /* what the signer calls himself; NULL: by his key */
    uint64_t valid_for_ms; /* from now on; 0: for ever */
};

extern const struct flag corim_output_flags[]; /* --signing-key, as create-corim has it */
extern const struct flag corim_sign_flags[];   /* the same, with --key */

/* Writes the CoRIM of a policy's document. Errors: USAGE (no policy, the key), UNSUPPORTED, and of
 * writing. */
MUST_USE int corim_output_policy(const struct cli *cli, const struct corim_output *output,
                                 const struct json *document, struct err *err);

/* Signs an unsigned CoRIM as it is, and writes it. */
MUST_USE int corim_output_signed(const struct cli *cli, const struct corim_output *output,
                                 struct span document, struct err *err);

#endif
