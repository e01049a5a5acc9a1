/* A client that does exactly what it is told, also what no decent client would: half headers, wrong
 * lengths, bytes that drip. One connection to 127.0.0.1; the server's certificate is not checked.
 */
#ifndef COCOS_TESTS_HTTPS_CLIENT_H
#define COCOS_TESTS_HTTPS_CLIENT_H

#include "lib/base/buf.h"
#include "lib/crypto/key.h"

struct https_client;

/* A certificate that the client shows, with its key; PEM. */
struct https_identity {
    struct buf certificate;
    struct buf key;
    uint8_t id[SHA256_SIZE];
};

/* A fresh self-signed identity, valid from now - 1 day to now + days (negative: expired). */
void https_identity_make(enum key_type type, int days, struct https_identity *ret);
void https_identity_done(struct https_identity *identity);

/* Connects and shakes hands; NULL when that fails. who may be NULL. */
struct https_client *https_open(uint16_t port, const struct https_identity *who);
struct https_client *https_open_tls12(uint16_t port);
void https_close(struct https_client *client);
/* Cuts the connection without a word of TLS. */
void https_cut(struct https_client *client);

/* Sends all; false when the server is gone. */
bool https_send(struct https_client *client, const void *bytes, size_t len);
bool https_say(struct https_client *client, const char *format, ...) PRINTF_LIKE(2, 3);

struct https_reply {
    int status; /* 0: the connection ended before a whole reply was there */
    struct buf head;
    struct buf body;
    bool cut; /* the body ended before its time */
};

/* Reads one reply; no body is expected after HEAD. 1xx replies are reported like others. */
void https_read(struct https_client *client, bool head_only, struct https_reply *ret);
void https_reply_done(struct https_reply *reply);
#define OWNED_REPLY __attribute__((cleanup(https_reply_done))) struct https_reply

/* Value of a header of the reply, or NULL; valid until the next call. */
const char *https_header(const struct https_reply *reply, const char *name);

/* Whatever arrives within wait_ms, appended; false when the connection ended. */
bool https_read_some(struct https_client *client, int wait_ms, struct buf *out);
/* True when the server ends the connection within wait_ms; what it sends meanwhile is dropped. */
bool https_is_closed_within(struct https_client *client, int wait_ms);

/* SHA-256 of the server's SPKI, and the exporter of the connection. */
void https_server_identity(struct https_client *client, uint8_t out[static SHA256_SIZE]);
void https_export(struct https_client *client, const char *label, struct span context, uint8_t *out,
                  size_t len);

#endif
