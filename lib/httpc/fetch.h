/* Fetches documents that others publish: plain GET of whole addresses, for services that are not
 * ours and whose documents are verified for themselves. What httpc.h demands of our own services,
 * TLS 1.3 and an operation row, nobody can demand of them; all else is as strict: HTTPS with a
 * certificate that holds, TLS 1.2 and newer, no redirects, no proxy unless one is named, nothing
 * from the environment, a ceiling for the body and one for the time.
 *
 * A fetcher keeps its connections between calls. One thread at a time uses it. It never tries again
 * by itself: retry_after_s tells the caller how long the service wants to be left alone. */
#ifndef COCOS_HTTPC_FETCH_H
#define COCOS_HTTPC_FETCH_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct fetcher;

struct fetch_config {
    struct span ca_pem;         /* who vouches for the service; empty: the roots of this machine */
    const char *proxy;          /* NULL: none, whatever the environment says */
    const char *user_agent;     /* NULL: none */
    unsigned timeout_ms;        /* of a whole document; 0: 30 s */
    bool (*stopped)(void *ctx); /* true ends the call with INTERRUPTED; may be NULL */
    void (*trace)(void *ctx, const char *line); /* told of each answer; may be NULL */
    void *ctx;
};

/* Everything but the functions is copied. Errors: INPUT (ca_pem is no certificate), INTERNAL. */
MUST_USE int fetcher_new(const struct fetch_config *config, struct fetcher **ret, struct err *err);
void fetcher_free(struct fetcher *fetcher);
DEFINE_OWNED(fetcher)
#define OWNED_FETCHER OWNED_OF(fetcher)

#define FETCH_FIELDS_MAX 4

struct fetch_reply {
    int status;                     /* 0: no answer came */
    uint32_t retry_after_s;         /* 0: not said */
    char *fields[FETCH_FIELDS_MAX]; /* values of the wanted header fields, owned; NULL: not there */
    size_t field_count;
};

void fetch_reply_done(struct fetch_reply *reply);
#define OWNED_FETCH_REPLY __attribute__((cleanup(fetch_reply_done))) struct fetch_reply

/* Appends the document at url to out, whose ceiling bounds it. wanted: names of header fields,
 * NULL-terminated, or NULL. The reply is filled also when the call fails.
 * Errors: USAGE (no https address), NOT_FOUND (404), TOO_MANY (429), UNAVAILABLE (5xx), UNREACHABLE
 * (nobody there, broken off, any other status), TIMEOUT, UNTRUSTED (the certificate), TOO_LARGE,
 * INTERRUPTED. */
MUST_USE int fetch_get(struct fetcher *fetcher, const char *url, const char *const *wanted,
                       struct buf *out, struct fetch_reply *reply, struct err *err);

#endif
