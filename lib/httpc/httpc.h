/* The HTTPS client kit, on libcurl (its OpenSSL flavour).
 *
 * An httpc is one handle that keeps one connection to one service. TLS 1.3 only, HTTP/1.1, no
 * redirects, no proxy unless one is named, nothing read from the environment. Who the service is,
 * is decided by one of: the system's roots, a CA given as PEM, a pinned key, or nobody (for a
 * server whose evidence says more than any certificate). Who we are, is a bearer token, or a key:
 * either as a self-signed certificate made in memory for the handshake, or as an RFC 9421 signature
 * on every request, bound to the connection.
 *
 * A call is one operation row of lib/api with its path values, and whatever goes up and comes down:
 *
 *     OWNED_HTTPC_REPLY reply = {0};
 *     struct httpc_call call = {.op = &manager_ops[MANAGER_OP_get_vm], .params = {id}};
 *
 *     if (httpc_perform(client, &call, &reply, err) < 0)
 *         return err_wrap(err, "vm '%s'", id);
 *     puts(json_get_str(reply.json, "state"));
 *
 * One thread at a time uses a client. It never retries a request whose bytes have gone out. */
#ifndef COCOS_HTTPC_HTTPC_H
#define COCOS_HTTPC_HTTPC_H

#include "lib/api/op.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/key.h"
#include "lib/http/pattern.h"
#include "lib/json/json.h"

struct httpc;

/* What makes the server's certificate good. A pin may be given besides a CA: then both must hold.
 */
enum httpc_trust {
    HTTPC_TRUST_SYSTEM, /* the roots of this machine */
    HTTPC_TRUST_CA,     /* ca_pem */
    HTTPC_TRUST_PIN,    /* pin alone; the certificate may say anything */
    HTTPC_TRUST_ANY     /* nothing is checked: whoever answers is taken */
};

/* How a key is shown. */
enum httpc_auth {
    HTTPC_AUTH_CERTIFICATE, /* in the handshake */
    HTTPC_AUTH_SIGNATURE    /* on every request */
};

struct httpc_config {
    const char *name; /* "manager": what errors call the service; NULL: nothing */
    const char *url;  /* "https://host:port", no user, path or query */
    enum httpc_trust trust;
    struct span ca_pem;
    const char *pin;             /* "sha256//BASE64" of the SubjectPublicKeyInfo; NULL: none */
    const char *token;           /* bearer token; NULL: none */
    const struct key *key;       /* private key; borrowed until httpc_free(); NULL: none */
    enum httpc_auth auth;        /* what the key does */
    const struct api_op *opener; /* for signatures: a bodyless operation that needs no identity and
                                    opens the connection, so that there is something to bind to */
    const char *socket;          /* path of a socket to connect to, whatever url says; NULL: none */
    const char *proxy;           /* NULL: none, whatever the environment says */
    const char *user_agent;      /* NULL: none */
    unsigned connect_timeout_ms; /* 0: 10 s */
    unsigned stall_timeout_ms;   /* nothing moved either way; 0: 5 min */
    unsigned block;              /* bytes that are moved at once, each way; 0: 256 KiB */
    int64_t (*clock)(void);      /* seconds since 1970, for certificates and signatures */
    int64_t (*ticks_ms)(void);   /* a clock that never jumps, for silences and pauses */
    bool (*stopped)(void *ctx);  /* asked at least once a second; true ends the call with
                                    INTERRUPTED; may be NULL */
    void (*trace)(void *ctx,
                  const char *line); /* told of each request and its answer; may be NULL */
    void *ctx;
};

/* Makes a client; does not connect yet. Everything but name, key, opener and the functions is
 * copied. Errors: USAGE (url, pin), INPUT (ca_pem is no certificate), what x509_make() says. */
MUST_USE int httpc_new(const struct httpc_config *config, struct httpc **ret, struct err *err);
void httpc_free(struct httpc *client);
DEFINE_OWNED(httpc)
#define OWNED_HTTPC OWNED_OF(httpc)

/* The address, without a slash at the end. */
const char *httpc_url(const struct httpc *client);

/* "sha256//BASE64" of the key that the server showed on the connection of the last call; "" before.
 */
#define HTTPC_PIN_SIZE 64
const char *httpc_peer_pin(const struct httpc *client);

/* How far a body is; total is UINT64_MAX while it is not known. */
typedef void httpc_progress(void *ctx, uint64_t done, uint64_t total);

/* A body from a descriptor, read with pread() from 0 to size; or, where there is a read(), one that
 * is made on the way, of size bytes, or 0 when that is not known before: it fills to with at most
 * room bytes, *ret_len 0 is the end, and -1 with err ends the call. Such a body cannot be signed.
 */
struct httpc_upload {
    int fd;
    uint64_t size;
    const char *media_type; /* NULL: application/octet-stream */
    int (*read)(void *from, void *to, size_t room, size_t *ret_len, struct err *err);
    void *from;
};

/* Where the body of a successful answer goes, piece by piece, instead of into reply.text; at most
 * max bytes. write() returns -1 with err to end the call. */
struct httpc_sink {
    int (*write)(void *to, struct span bytes, struct err *err);
    void *to;
    uint64_t max;
};

struct httpc_call {
    const struct api_op *op;
    const char *params[PATTERN_PARAMS_MAX]; /* values of the path parameters, in order */
    const char *query;                      /* encoded, without '?'; NULL: none */
    const char *const *headers;             /* "Name: value", NULL-terminated; NULL: none */
    const struct json *json;                /* a JSON body, or */
    const struct httpc_upload *upload;      /* a streamed one, or neither */
    const struct httpc_sink *sink;          /* NULL: collected */
    const char *computation;  /* the one that is meant, hex: Cocos-Computation, which a
                                 signature covers; NULL: none */
    httpc_progress *progress; /* of the streamed body, up or down; may be NULL */
    void *progress_ctx;
    bool endless;      /* a stream of events: silence is no fault */
    unsigned quiet_ms; /* of an endless one: silence of this length, once the
                          answer has begun, ends the call well; 0: never */
};

#define HTTPC_FIELD_MAX 256
/* The largest answer that is collected. */
#define HTTPC_REPLY_MAX (16 * MIB)

struct httpc_reply {
    int status;        /* 0: no answer came. Also set when the call failed. */
    bool sent;         /* at least the first byte of the request may have reached the server */
    uint64_t length;   /* Content-Length; UINT64_MAX when it was not said. A sink may look */
    struct json *json; /* the body when it is JSON, owned */
    struct buf text;   /* the body when it is anything else and there was no sink */
    char media_type[HTTPC_FIELD_MAX];
    char etag[HTTPC_FIELD_MAX]; /* without quotes */
    char request_id[HTTPC_FIELD_MAX];
};

void httpc_reply_done(struct httpc_reply *reply);
#define OWNED_HTTPC_REPLY __attribute__((cleanup(httpc_reply_done))) struct httpc_reply

/* Performs one call. 0 for an answer of 2xx. Errors: the kind of the problem document that came
 * back; UNREACHABLE, TIMEOUT (nobody there, the connection broke); UNTRUSTED (certificate or pin do
 * not fit); INTERRUPTED; TOO_LARGE; whatever the sink said. */
MUST_USE int httpc_perform(struct httpc *client, const struct httpc_call *call,
                           struct httpc_reply *reply, struct err *err);

#endif
