#include "services/grpc-gateway/h2/dial.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#define SLICE_MS    100
#define UNIX_PREFIX "unix:"
#define HOST_MAX    256

/* Waits for the descriptor. */
static int await(const struct dial *dial, int fd, short events, struct err *err)
{
    struct pollfd ready = {fd, events, 0};

    for (;;) {
        int64_t left = dial->until - clock_monotonic_ms();

        if (dial->stopped != NULL && dial->stopped(dial->ctx))
            return err_set(err, ERR_INTERRUPTED, "interrupted");
        if (left <= 0)
            return err_set(err, ERR_TIMEOUT, "no answer in time");
        if (poll(&ready, 1, left < SLICE_MS ? (int)left : SLICE_MS) > 0)
            return 0;
    }
}

/* --- the socket --- */

static int connect_one(const struct dial *dial, const struct sockaddr *address, socklen_t len,
                       int *ret, struct err *err)
{
    OWNED(close_fd)
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int reason = 0, yes = 1;
    socklen_t size = sizeof(reason);

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open a socket");
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(fd, address, len) < 0) {
        if (errno != EINPROGRESS)
            return err_set_errno(err, ERR_UNREACHABLE, "connect");
        if (await(dial, fd, POLLOUT, err) < 0)
            return -1;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size);
    }
    errno = reason;
    if (reason != 0)
        return err_set_errno(err, ERR_UNREACHABLE, "connect");
    *ret = fd;
    fd = -1;
    return 0;
}

static int connect_unix(const struct dial *dial, const char *path, int *ret, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(err, ERR_INPUT, "the socket's path is too long");
    memcpy(address.sun_path, path, strlen(path));
    return connect_one(dial, (const struct sockaddr *)&address, sizeof(address), ret, err);
}

static int connect_any(const struct dial *dial, const struct addrinfo *all, int *ret,
                       struct err *err)
{
    err_set(err, ERR_UNREACHABLE, "it has no address");
    for (const struct addrinfo *one = all; one != NULL; one = one->ai_next) {
        if (connect_one(dial, one->ai_addr, one->ai_addrlen, ret, err) == 0)
            return 0;
        if (err->kind == ERR_INTERRUPTED)
            return -1;
    }
    return -1;
}

/* The host without its brackets, and the port behind the last colon. */
static int split(const char *address, char host[static HOST_MAX], const char **ret_port,
                 struct err *err)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - address);
    struct span text = span_of(address, len);
    uint64_t port;

    if (len > 2 && address[0] == '[' && address[len - 1] == ']')
        text = span_part(text, 1, len - 2);
    if (text.len == 0 || text.len >= HOST_MAX || memchr(text.data, '[', text.len) != NULL ||
        text_parse_u64(colon + 1, UINT16_MAX, &port, err) < 0 || port == 0)
        return err_set(err, ERR_INPUT, "an address is HOST:PORT or unix:PATH");
    memcpy(host, text.data, text.len);
    host[text.len] = '\0';
    *ret_port = colon + 1;
    return 0;
}

int dial_address(const struct dial *dial, const char *address, int *ret, struct err *err)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *all = NULL;
    char host[HOST_MAX];
    const char *port;
    int result;

    if (text_starts_with(address, UNIX_PREFIX))
        return connect_unix(dial, address + strlen(UNIX_PREFIX), ret, err);
    if (split(address, host, &port, err) < 0)
        return -1;
    result = getaddrinfo(host, port, &wanted, &all);
    if (result != 0)
        return err_set(err, ERR_UNREACHABLE, "%s", gai_strerror(result));
    result = connect_any(dial, all, ret, err);
    freeaddrinfo(all);
    return result;
}

/* --- TLS --- */

static int expect_name(SSL *ssl, const char *name, struct err *err)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    bool is_address = X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;

    if (is_address || (SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1))
        return 0;
    return err_set(err, ERR_INPUT, "'%s' is no name of a server", name);
}

static int set_refused(SSL *ssl, struct err *err)
{
    long reason = SSL_get_verify_result(ssl);

    if (reason != X509_V_OK)
        return err_set(err, ERR_UNTRUSTED, "the server's certificate: %s",
                       X509_verify_cert_error_string(reason));
    return err_set(err, ERR_UNREACHABLE, "no TLS came about");
}

static int check_protocol(SSL *ssl, struct err *err)
{
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &name, &len);
    if (!span_equal(span_of(name, len), span_of_str("h2")))
        return err_set(err, ERR_UNREACHABLE, "the server does not speak HTTP/2 (ALPN 'h2')");
    return 0;
}

int dial_shake_hands(const struct dial *dial, struct wire *wire, const char *name, struct err *err)
{
    enum wire_result result;

    SSL_set_connect_state(wire->ssl);
    if (expect_name(wire->ssl, name, err) < 0)
        return -1;
    while ((result = wire_open(wire)) == WIRE_AGAIN)
        if (await(dial, wire->fd, wire->wants_write ? POLLOUT : POLLIN, err) < 0)
            return -1;
    if (result != WIRE_OK)
        return set_refused(wire->ssl, err);
    return check_protocol(wire->ssl, err);
}
