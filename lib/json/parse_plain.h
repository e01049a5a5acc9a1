/* For parse.c only: the quick way for the plainest documents. */
#ifndef COCOS_JSON_PARSE_FLAT_H
#define COCOS_JSON_PARSE_FLAT_H

#include "lib/base/span.h"

#include <jansson.h>

/* One object whose members are texts or null, all of it in ASCII without \u escapes: long texts are
 * taken in runs, where jansson goes byte by byte. A fresh tree, exactly as jansson would make it;
 * NULL for every other document, sound or not: then it is jansson's to read, or to say what is
 * wrong. */
json_t *json_parse_flat(struct span text);

#endif
