/* The pieces that policies are made of from flags. */
#ifndef COCOS_CLI_CORIM_MAKE_H
#define COCOS_CLI_CORIM_MAKE_H

#include "cli/command.h"
#include "cli/corim_output.h"
#include "lib/json/json.h"

/* A policy's document with an empty part. Owned by the caller. */
struct json *corim_make_document(const char *part);

/* Adds texts to a list; nothing when there are none. */
void corim_make_texts(struct json *object, const char *key, const struct flag_list *values);

/* Sets a text; nothing when it is NULL or empty. */
void corim_make_text(struct json *object, const char *key, const char *text);

/* Sets the launch digests of an IGVM file, for one part of the policy; nothing when path is NULL.
 * Errors: USAGE (cannot be opened), UNTRUSTED (is no reference). */
MUST_USE int corim_make_igvm(struct json *object, const char *part, const char *member,
                             const char *path, struct err *err);

#endif
