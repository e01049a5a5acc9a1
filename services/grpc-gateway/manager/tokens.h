/* Which of the manager's tokens a client's calls are made with: its key decides, so that what it
 * makes belongs to it. */
#ifndef COCOS_GATEWAY_MANAGER_TOKENS_H
#define COCOS_GATEWAY_MANAGER_TOKENS_H

#include "services/grpc-gateway/h2/stream.h"

struct client_tokens;

/* Reads the table: a line for each client, the SHA-256 of its key's SubjectPublicKeyInfo in hex, a
 * blank, and the token; empty lines and those that begin with '#' mean nothing. Nobody but its
 * owner may read or write the file. Errors: INPUT naming the line, USAGE (its mode), what files
 * say. */
MUST_USE int client_tokens_load(const char *path, struct client_tokens **ret, struct err *err);
void client_tokens_free(struct client_tokens *tokens);
DEFINE_OWNED(client_tokens)

/* The token of the client at the other end. Borrowed. Errors: UNAUTHENTICATED (it showed no
 * certificate), FORBIDDEN (nobody knows its key; the text names it). */
MUST_USE int client_tokens_find(const struct client_tokens *tokens, const struct h2_peer *peer,
                                const char **ret, struct err *err);

#endif
