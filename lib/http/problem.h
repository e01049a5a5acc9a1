/* Errors as RFC 9457 documents: {type: "urn:cocos:problem:SLUG", title, status, detail, instance,
 * errors}. */
#ifndef COCOS_HTTP_PROBLEM_H
#define COCOS_HTTP_PROBLEM_H

#include "lib/base/err.h"
#include "lib/json/json.h"

#define PROBLEM_MEDIA_TYPE "application/problem+json"

/* The document for an error; request_id becomes `instance`. `errors` has the pointer when there is
 * one. */
struct json *problem_of_err(const struct err *err, const char *request_id);

/* Reads a document that a server sent back into *err. Text that is no problem document becomes an
 * error that quotes its beginning and the status. Always fills err and returns -1. */
int problem_to_err(int http_status, struct span text, struct err *err);

#endif
