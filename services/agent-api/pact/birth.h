/* What a worker is told at its birth, beside its secret: a file in memory, as JSON, by one table.
 *
 * It comes with the descriptors below, nothing else, an empty environment and no arguments but the
 * one that says what it is. Where it is, its current directory, it keeps its files; who it is:
 * ward.h. */
#ifndef COCOS_AGENT_PACT_BIRTH_H
#define COCOS_AGENT_PACT_BIRTH_H

#include "lib/computation/failure.h"
#include "lib/json/table.h"

#define BIRTH_SOCKET_FD 3 /* the pact; struct pact_secret comes first on it */
#define BIRTH_FILE_FD   4
#define BIRTH_LISTEN_FD 5
#define BIRTH_ARGUMENT  "--of-the-keeper"
#define BIRTH_SIZE_MAX  (16 * MIB)

struct birth {
    char *local_socket; /* NULL: no door for a gateway */
    char *platform;
    uint32_t log_level;
    uint32_t algorithm_uid; /* who algorithms are outside of their sandbox; 0: the worker itself */
    char *owner_key;        /* PEM: the only one who may set a computation; NULL: anyone */

    /* What the gateway is told of a computation server, as it was measured; NULL: nothing. Its key
     * is the same for every process: the gateway begins anew with each, and goes on by it. */
    char *vm_id, *cvms_url, *cvms_via, *cvms_ca;
    char *cvms_owner; /* private key, PEM */

    uint64_t last_event; /* the id of the last event that was told; 0: it is the first process */

    /* The manifest, as text. Set: it was measured, and this process is for it alone. Otherwise it
     * is an offer of the share, to be judged and handed back. */
    struct json_blob manifest;
    bool set;
    struct json_bytes manifest_sha256; /* as it was measured */

    /* What became of the computation, or of what the host gave: then this process only says so. */
    int failure; /* enum failure_kind */
    char *failure_detail;

    struct json_blob chain_tls, chain_receipt, chain_seal;
};

/* Wipes what is secret. */
void birth_done(struct birth *birth);
#define OWNED_BIRTH __attribute__((cleanup(birth_done))) struct birth

void birth_write(const struct birth *birth, struct buf *out);
/* Errors: INPUT, MALFORMED. */
MUST_USE int birth_parse(struct span text, struct birth *ret, struct err *err);

#endif
