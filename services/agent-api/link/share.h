/* The share between manager and agent, the agent's side: what comes in, read once.
 *
 * The host that fills in/ is not trusted: files are opened without following links, regular files
 * only, with a ceiling, copied to memory and parsed strictly from there. */
#ifndef COCOS_AGENT_LINK_SHARE_H
#define COCOS_AGENT_LINK_SHARE_H

#include "lib/crypto/key.h"
#include "lib/json/table.h"

/* in/config.json. Absent members are NULL, log_level -1. */
struct share_config {
    bool present; /* there was one */
    uint32_t version;
    char *vm_id;
    struct json_blob boot_nonce;
    char *owner_key; /* PEM: only this key may set a computation */
    char *cvms_url;  /* the computation server that the gateway dials out to: lib/api/cvms_url.h */
    char *cvms_via;  /* the address that leads there */
    char *cvms_ca;   /* PEM: the authorities of its certificate */
    int log_level;   /* enum log_level */
    bool grpc;       /* the gateway's door is wanted */

    struct key *owner; /* made from owner_key */

    /* What is measured: SHA-256 of the canonical config (RFC 8785) without vm_id and boot_nonce,
     * which differ from start to start and decide nothing. Without a config, or one that cannot be
     * read, that of an empty object. */
    uint8_t sha256[SHA256_SIZE];
};

/* What there is without a share. */
struct share_config share_no_config(void);

/* Reads in/config.json under dir; no such file is no error. Errors: INPUT, MALFORMED, TOO_LARGE,
 * SYSTEM. On failure ret is released. */
MUST_USE int share_load_config(const char *dir, struct share_config *ret, struct err *err);
/* The same from text. */
MUST_USE int share_parse_config(struct span text, struct share_config *ret, struct err *err);
void share_config_done(struct share_config *config);

/* Reads in/launch.igvm, the file that the host says this machine was made from, into out;
 * *ret_found says whether there is one. */
#define SHARE_IGVM_MAX (256 * MIB)
MUST_USE int share_load_igvm(const char *dir, struct buf *out, bool *ret_found, struct err *err);

/* Reads the text of in/manifest.json, appended to out; nothing when there is none. Errors:
 * TOO_LARGE, INPUT (no regular file), SYSTEM. */
MUST_USE int share_read_manifest(const char *dir, struct buf *out, struct err *err);

#endif
