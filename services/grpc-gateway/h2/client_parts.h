/* A client's connection, from the inside. Private to h2/client*.c. */
#ifndef COCOS_GATEWAY_H2_CLIENT_PARTS_H
#define COCOS_GATEWAY_H2_CLIENT_PARTS_H

#include "services/grpc-gateway/h2/client.h"
#include "services/grpc-gateway/h2/conn.h"

struct h2_client {
    struct h2_client_config config;
    struct h2_conn *conn; /* bytes and frames; its session is a client's */
    int32_t stream;       /* 0: not opened yet */
    struct h2_fields head, trailers;
    bool heard;    /* the server's first SETTINGS */
    bool has_head; /* the final one */
    bool has_trailers, ended;
    bool news; /* something came since h2_client_wait() began */
    struct buf in, out;
    size_t sent; /* of out */
    bool deferred;
    int64_t marked_ms; /* 0: no mark is out */
    bool marks_opened; /* the answer to our first SETTINGS is no mark's */
    struct buf reason; /* why the server ended it */
};

/* --- client_session.c: nghttp2's side --- */
void h2_client_open_session(struct h2_client *client);

/* Sends what is written to the stream. */
ssize_t h2_client_read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                            uint32_t *flags, nghttp2_data_source *source, void *client);

#endif
