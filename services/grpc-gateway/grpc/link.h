/* A call that we make: one stream of messages each way, to one method, for as long as both ends
 * like. Driven by one thread, like the connection under it (h2/client.h), whose errors these are.
 *
 * What the server may do to us is bounded: messages of GRPC_MESSAGE_MAX, uncompressed, metadata of
 * 16 KiB. The end of the call is an error here, too, also a good one: with the kind that its status
 * has, UNAVAILABLE for OK, and the server's words. */
#ifndef COCOS_GATEWAY_GRPC_LINK_H
#define COCOS_GATEWAY_GRPC_LINK_H

#include "services/grpc-gateway/grpc/frame.h"
#include "services/grpc-gateway/h2/client.h"

struct grpc_link;

struct grpc_link_config {
    struct h2_client_config h2;
    const char *authority;            /* "cvms.example:7001" */
    const char *path;                 /* "/cvms.Service/Process" */
    const struct h2_fields *metadata; /* ours; may be NULL */
};

/* Connects and begins the call. */
MUST_USE int grpc_link_open(const struct grpc_link_config *config, struct grpc_link **ret,
                            struct err *err);
void grpc_link_free(struct grpc_link *link);

/* See h2_client_wait(). */
MUST_USE int grpc_link_wait(struct grpc_link *link, int wake_fd, int wait_ms, struct err *err);

/* The next message that has come whole, into the emptied message, whose ceiling is at least
 * GRPC_MESSAGE_MAX; *ret_any is false when there is none yet. Errors: the end of the call,
 * MALFORMED, TOO_LARGE, UNSUPPORTED. */
MUST_USE int grpc_link_take(struct grpc_link *link, struct buf *message, bool *ret_any,
                            struct err *err);

/* Metadata of the answer; NULL while it is not here, or without that name. */
const char *grpc_link_metadata(const struct grpc_link *link, const char *name);

MUST_USE int grpc_link_send(struct grpc_link *link, struct span message, struct err *err);

/* Under it: room, drained, marks. */
struct h2_client *grpc_link_h2(struct grpc_link *link);

#endif
