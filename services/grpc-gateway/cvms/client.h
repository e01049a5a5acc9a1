/* The client of a computation server: dials out, announces this machine, takes orders, and tells
 * what happens, for as long as the program runs.
 *
 * The server may be away for as long as it likes: it is tried again and again, after pauses that
 * grow and are never quite the same, and what it was not told meanwhile waits in a bounded spool.
 * What was sent counts as told only when the server's end of the connection says it has it
 * (h2_client_mark()), so a server that dies is told again; it may hear a thing twice.
 *
 * What a hostile server can do: order computations, which the agent judges as it judges any; end
 * those that it ordered; read what they say, as the manifest tells every party. */
#ifndef COCOS_GATEWAY_CVMS_CLIENT_H
#define COCOS_GATEWAY_CVMS_CLIENT_H

#include "services/grpc-gateway/cvms/desk.h"
#include "services/grpc-gateway/h2/tls.h"

struct cvms_client;

struct cvms_client_config {  /* borrowed until cvms_client_stop() */
    const char *address;     /* to dial: see h2_client_config */
    const char *authority;   /* "HOST:PORT", what the server is called */
    const char *server_name; /* that its certificate must have */
    SSL_CTX *tls;            /* NULL: plain */
    const char *job;         /* what this machine is called; "": nothing */
    uint64_t spool_bytes;
    uint64_t retry_ms; /* the longest pause between two attempts */
    uint64_t quiet_ms; /* see h2_client_config */
    struct desk_config desk;
};

MUST_USE int cvms_client_start(const struct cvms_client_config *config, struct cvms_client **ret,
                               struct err *err);

/* Carries out the orders that came and tells what is left, if the server is there and all of it
 * takes no more than five seconds, and ends. */
void cvms_client_stop(struct cvms_client *client);

#endif
