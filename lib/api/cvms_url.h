/* Where a computation server is, as all who are told it read it: "https://HOST:PORT", the same
 * without its scheme, or "http://HOST:PORT" for one without TLS. HOST is a name, an IPv4 address,
 * or an IPv6 address in brackets; nothing else may stand there, so that it can be handed on. */
#ifndef COCOS_API_CVMS_URL_H
#define COCOS_API_CVMS_URL_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define API_CVMS_HOST_SIZE 254
#define API_CVMS_URL_MAX   300

struct api_cvms_url {
    bool is_plain;
    const char *authority;         /* "HOST:PORT", borrowed from the url */
    char host[API_CVMS_HOST_SIZE]; /* without brackets */
    const char *port;              /* borrowed */
};

/* Errors: INPUT. */
MUST_USE int api_cvms_url_read(const char *url, struct api_cvms_url *ret, struct err *err);

#endif
