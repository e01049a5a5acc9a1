/* A listening socket, made so that its failures can be told plainly. */
#ifndef COCOS_BASE_LISTEN_H
#define COCOS_BASE_LISTEN_H

#include "lib/base/err.h"

#include <stdint.h>

/* Listens at "127.0.0.1:7443", "[::1]:7443" (numeric, since a name may mean something else
 * tomorrow) or "unix:/run/cocos/x.sock" (made with mode 0600; a socket that nobody listens at any
 * more is replaced). *ret_fd is owned by the caller, does not block and is closed on exec;
 * *ret_port is the port that was taken (port 0 asks for any), 0 for a path. Errors: INPUT (no
 * address), SYSTEM (in use, not allowed). */
MUST_USE int listen_at(const char *address, int *ret_fd, uint16_t *ret_port, struct err *err);

/* The port of a socket that listens; 0 for a path. Errors: SYSTEM. */
MUST_USE int listen_port(int fd, uint16_t *ret, struct err *err);

#endif
