/* For parse.c only: the quick way for documents that are plain. */
#ifndef COCOS_JSON_PARSE_PLAIN_H
#define COCOS_JSON_PARSE_PLAIN_H

#include "lib/base/span.h"

#include <jansson.h>

/* A document in ASCII, without \u escapes, whose numbers are integers of at most 18 digits: taken
 * in one go, where jansson goes byte by byte through three layers. A fresh tree, exactly as jansson
 * would make it; NULL for every other document, sound or not: then it is jansson's to read, or to
 * say what is wrong. */
json_t *json_parse_plain(struct span text);

#endif
