/* JSON pointers (RFC 6901) in errors. A decoder that fails sets the error about the value itself,
 * and each level on the way up puts its own step in front:
 *
 *     if (dataset_decode(item, &list[i], err) < 0)
 *         return json_wrap_index(err, i);
 */
#ifndef COCOS_JSON_POINTER_H
#define COCOS_JSON_POINTER_H

#include "lib/base/err.h"

/* Put "/key" (with "~" and "/" escaped, and bytes that no terminal should see as \xNN) or "/index"
 * in front of the error's pointer; return -1. */
int json_wrap_key(struct err *err, const char *key);
int json_wrap_index(struct err *err, size_t index);

#endif
