/* The door of a gateway: the same service at the path of a socket, and what the gateway shows its
 * own clients.
 *
 * The gateway has a key of its own, never the agent's: it is another program, of another user, with
 * other parsers in front of strangers. The agent makes that key at start and signs its certificate,
 * so that whoever knows the agent's key from its evidence knows the gateway's by it:
 *
 *     gateway.pem   the gateway's certificate and, behind it, the authority that signed it, whose
 *                   key is the agent's own
 *     gateway.key   its private key
 *     gateway.conf  settings: the computation server that it dials out to, or nothing. They come
 *                   from here, and not from the share, since here is what was measured
 *     cvms.key      the key that owns what that server orders, or nothing: it outlives the gateway
 *                   and the process that opens the door, so that one that begins anew can go on
 *     cvms.pem      the authorities of that server's certificate, or nothing
 *
 * All of it lies beside the socket, for the agent's own user alone; where the directory hands its
 * group on (setgid), also for that group. */
#ifndef COCOS_AGENT_DOOR_H
#define COCOS_AGENT_DOOR_H

#include "lib/httpd/httpd.h"
#include "services/agent-api/identity/identity.h"

struct door {
    const char *path;                /* of the socket; borrowed */
    const struct identity *identity; /* with its private key */
    int64_t now;                     /* seconds since 1970 */
    /* What the measured configuration says of a computation server, checked; NULL: nothing. */
    const char *vm_id, *cvms_url, *cvms_via, *cvms_ca;
    const char *cvms_owner; /* private key, PEM; NULL: the gateway makes one */
};

/* Opens it; service lives until httpd_stop(). Errors: those of httpd_start(), SYSTEM. */
MUST_USE int door_open(const struct door *door, const struct httpd_service *service,
                       struct httpd **ret, struct err *err);

/* Removes what lies there. */
void door_remove(const char *path);

/* The files alone. */
MUST_USE int door_write_files(const struct door *door, struct err *err);

#endif
