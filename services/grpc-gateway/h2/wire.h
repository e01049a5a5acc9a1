/* A connection's bytes, with TLS around them or plain. Does not block. */
#ifndef COCOS_GATEWAY_H2_WIRE_H
#define COCOS_GATEWAY_H2_WIRE_H

#include "services/grpc-gateway/h2/tls.h"

struct wire {
    int fd;
    SSL *ssl;         /* NULL: plain */
    bool is_open;     /* the handshake is done */
    bool wants_write; /* TLS must write before it can go on, even to read */
};

/* Takes the descriptor, which must not block. ctx NULL: plain. */
void wire_init(struct wire *wire, int fd, SSL_CTX *ctx);
void wire_done(struct wire *wire);

enum wire_result {
    WIRE_OK,
    WIRE_AGAIN,  /* nothing to be done until the socket is ready */
    WIRE_CLOSED, /* the peer ended it, or it broke */
};

/* Goes on with the handshake; WIRE_OK when it is done. */
enum wire_result wire_open(struct wire *wire);
enum wire_result wire_read(struct wire *wire, uint8_t *to, size_t room, size_t *ret_len);
enum wire_result wire_write(struct wire *wire, struct span bytes, size_t *ret_len);

#endif
