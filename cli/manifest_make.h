/* Builds a manifest out of files: digests are computed here, keys are read and written as public
 * PEM, every member is written out, so that what is hashed is what stands there. */
#ifndef COCOS_CLI_MANIFEST_MAKE_H
#define COCOS_CLI_MANIFEST_MAKE_H

#include "cli/command.h"
#include "lib/json/json.h"

struct manifest_options {
    struct common_options common;
    const char *id; /* NULL: a random UUID */
    const char *name;
    const char *description;
    const char *owner;          /* key file */
    const char *algorithm;      /* file */
    const char *type;           /* of the algorithm, or NULL: by its ending */
    struct flag_list args;      /* of the algorithm */
    const char *requirements;   /* file */
    const char *provider;       /* key file of the algorithm's provider; NULL: the owner */
    struct flag_list datasets;  /* "PATH:KEY" */
    struct flag_list unpack;    /* file names */
    struct flag_list consumers; /* key files */
    bool seal;                  /* the result to each of them */
    const char *start;
    uint64_t timeout_ms;
    uint64_t memory_mib;
    struct flag_list readers; /* of the logs: key files */
    uint64_t logs_bytes;
    const char *output;
};

/* The words for types of algorithms, and the manifest's own name for one of them ("bin": "native").
 */
extern const char *const algorithm_words[];
const char *algorithm_type_of_word(const char *word);

/* Errors: USAGE (a file that cannot be opened, a missing part), INPUT (what the manifest's own
 * table refuses). */
MUST_USE int manifest_make(const struct manifest_options *options, struct json **ret,
                           struct err *err);

#endif
