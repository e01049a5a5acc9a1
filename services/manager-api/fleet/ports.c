#include "services/manager-api/fleet/ports.h"

#include "lib/base/text.h"
#include "lib/crypto/secret.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_MIN 1024

int ports_parse(const char *text, struct ports *ret, struct err *err)
{
    const char *dash = strchr(text, '-');
    struct err why;
    uint64_t first = 0, last = 0;
    char head[8];

    if (dash == NULL || (size_t)(dash - text) >= sizeof(head))
        return err_set(err, ERR_USAGE, "expected FIRST-LAST, got '%.40s'", text);
    memcpy(head, text, (size_t)(dash - text));
    head[dash - text] = '\0';
    if (text_parse_u64(head, UINT16_MAX, &first, &why) < 0 ||
        text_parse_u64(dash + 1, UINT16_MAX, &last, &why) < 0 || first < PORT_MIN || last < first)
        return err_set(err, ERR_USAGE, "expected FIRST-LAST between %d and %d, got '%.40s'",
                       PORT_MIN, UINT16_MAX, text);
    *ret = (struct ports){(uint16_t)first, (uint16_t)last};
    return 0;
}

static bool is_free(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    OWNED(close_fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    /* As QEMU does it: connections that linger are no obstacle. */
    return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0;
}

int ports_pick(const struct ports *ports, bool (*taken)(void *ctx, uint16_t port), void *ctx,
               uint16_t *ret, struct err *err)
{
    uint32_t count = (uint32_t)ports->last - ports->first + 1;
    uint32_t start = 0;

    random_bytes(&start, sizeof(start));
    start %= count;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t port = (uint16_t)(ports->first + (start + i) % count);

        if (!taken(ctx, port) && is_free(port)) {
            *ret = port;
            return 0;
        }
    }
    return err_set(err, ERR_TOO_MANY, "no port between %u and %u is free", ports->first,
                   ports->last);
}
