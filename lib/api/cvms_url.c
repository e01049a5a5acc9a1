#include "lib/api/cvms_url.h"

#include "lib/base/text.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
#define V6_CHARACTERS   "0123456789abcdefABCDEF:."

static bool take_scheme(const char **url, const char *scheme)
{
    bool has = text_starts_with(*url, scheme);

    *url += has ? strlen(scheme) : 0;
    return has;
}

/* The host before the colon; nothing when it is none. */
static struct span host_of(const char *authority, const char *colon)
{
    struct span host = span_of(authority, colon == NULL ? 0 : (size_t)(colon - authority));
    bool bracketed = host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    const char *allowed = bracketed ? V6_CHARACTERS : NAME_CHARACTERS;

    if (bracketed)
        host = span_part(host, 1, host.len - 2);
    for (size_t i = 0; i < host.len; i++)
        if (strchr(allowed, host.data[i]) == NULL)
            return span_of(NULL, 0);
    return host;
}

int api_cvms_url_read(const char *url, struct api_cvms_url *ret, struct err *err)
{
    const char *at = url, *colon;
    struct span host;
    uint64_t port;

    *ret = (struct api_cvms_url){.is_plain = take_scheme(&at, "http://")};
    if (!ret->is_plain)
        take_scheme(&at, "https://");
    colon = strrchr(at, ':');
    host = host_of(at, colon);
    if (host.len == 0 || host.len >= API_CVMS_HOST_SIZE || host.data[0] == '-' ||
        text_parse_u64(colon + 1, UINT16_MAX, &port, err) < 0 || port == 0)
        return err_set(err, ERR_INPUT, "'%.200s': expected https://HOST:PORT", url);
    memcpy(ret->host, host.data, host.len);
    ret->authority = at;
    ret->port = colon + 1;
    return 0;
}
