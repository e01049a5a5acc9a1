/* Profiles: settings kept between calls, in ~/.config/cocos/NAME.conf (or below XDG_CONFIG_HOME),
 * as lines of `key = value`. A key is a flag's name; keys that nobody knows are refused, so that a
 * mistyped one does not go unseen. The file holds a token and is 0600. */
#ifndef COCOS_CLI_PROFILE_H
#define COCOS_CLI_PROFILE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define PROFILE_DEFAULT "default"

struct profile;

/* The named profile; NULL: that of COCOS_PROFILE, or "default", which may be missing (*ret is NULL
 * then). Errors: USAGE. */
MUST_USE int profile_load(const char *name, struct profile **ret, struct err *err);
void profile_free(struct profile *profile);
DEFINE_OWNED(profile)

/* Reads text. Errors: USAGE with the line's number. */
MUST_USE int profile_parse(struct span text, struct profile **ret, struct err *err);

/* The value of a setting, "manager-url" or "manager_url"; NULL when absent or profile is NULL. */
const char *profile_get(const struct profile *profile, const char *key);

/* The path of a profile's file, or with another ending of a file beside it; appended to out.
 * Errors: USAGE (no such name allowed, no home directory). */
MUST_USE int profile_path(const char *name, const char *ending, struct buf *out, struct err *err);

#endif
