/* ca-bundle: what AMD and Intel publish about their keys, fetched, verified, and kept in the cache.
 *
 * A piece is one file of the cache. It is taken from there while it holds and is not too old, and
 * otherwise fetched; it is written only after it was verified, and a fetched one that does not hold
 * leaves the old one as it was. */
#ifndef COCOS_CLI_BUNDLE_H
#define COCOS_CLI_BUNDLE_H

#include "cli/cache.h"
#include "cli/command.h"
#include "lib/attest/attest.h"
#include "lib/httpc/fetch.h"
#include "lib/json/json.h"

#define BUNDLE_ROOTS_MAX 8

struct bundle_options {
    struct common_options common;
    const char *cache, *kds_url, *pcs_url, *pcs_crl_url, *mirror_ca, *proxy;
    const char *evidence, *time;
    struct flag_list roots;
    uint64_t max_age_ms, patience_ms, timeout_ms;
    bool offline;
};

struct bundle {
    const struct bundle_options *options;
    struct cache cache;
    struct fetcher *fetcher;
    int64_t now;

    struct buf evidence; /* empty: none was given */
    struct buf root_files[BUNDLE_ROOTS_MAX];
    struct span root_items[BUNDLE_ROOTS_MAX];
    struct attest_spans roots;

    struct json *claims; /* what the evidence says; NULL: none */
    struct json *files;  /* what was done, for the caller: an array */
};

struct piece {
    const char *name; /* in the cache: "Milan/vcek.crl" */
    const char *what; /* "revocation list of ARK-Milan" */
    size_t max;
    bool ages; /* fetched again when it is older than --max-age, though it still holds */
    int (*fetch)(struct bundle *bundle, const struct piece *piece, struct buf *out,
                 struct err *err);
    /* 0 when the bytes hold now; ret_until: how long they will. */
    int (*check)(const struct bundle *bundle, const struct piece *piece, struct span bytes,
                 int64_t *ret_until, struct err *err);
    const char *service; /* for fetch: whom it asks, "AMD's KDS" */
    const char *url;     /* for fetch */
    const void *ctx;     /* for check */
};

/* The piece from the cache or from its service, appended to out and noted in bundle->files. Errors:
 * those of fetch, UNTRUSTED and INPUT of check, NOT_FOUND (offline, and not in the cache). */
MUST_USE int bundle_obtain(struct bundle *bundle, const struct piece *piece, struct buf *out,
                           struct err *err);

struct document {
    const char *service; /* what messages call whom we ask: "AMD's KDS" */
    const char *url;
    const char *const *wanted; /* header fields, see fetch.h; NULL: none */
};

/* A document of a service, with as much patience as the caller has for one that asks to be left
 * alone for a while. reply: of the last answer; released by the caller. */
MUST_USE int bundle_download(struct bundle *bundle, const struct document *document,
                             struct fetch_reply *reply, struct buf *out, struct err *err);
/* The same as a piece's fetch, when nothing but the document is wanted. */
MUST_USE int bundle_download_piece(struct bundle *bundle, const struct piece *piece,
                                   struct buf *out, struct err *err);

/* Judges the evidence with what was fetched; UNTRUSTED with the reason, unless it is genuine. in:
 * who vouches; evidence, roots and time are set here. */
MUST_USE int bundle_check_evidence(const struct bundle *bundle, struct attest_input *in,
                                   struct err *err);

/* Everything of a product. Errors: UNSUPPORTED, when it is none of the vendor's. */
MUST_USE int bundle_fetch_amd(struct bundle *bundle, const char *product, struct err *err);
MUST_USE int bundle_fetch_intel(struct bundle *bundle, const char *product, struct err *err);

#endif
