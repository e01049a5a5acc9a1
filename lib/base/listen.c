#include "lib/base/listen.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_PREFIX "unix:"

struct address {
    struct sockaddr_storage storage;
    socklen_t size;
};

static int parse_path(const char *path, struct address *ret, struct err *err)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&ret->storage;
    size_t length = strlen(path);

    if (path[0] != '/' || length >= sizeof(un->sun_path))
        return err_set(err, ERR_INPUT, "'%s' is no absolute path of at most %zu bytes for a socket",
                       path, sizeof(un->sun_path) - 1);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, length);
    ret->size = sizeof(*un);
    return 0;
}

static int parse_address(const char *text, struct address *ret, struct err *err)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->storage;
    const char *colon = strrchr(text, ':');
    OWNED(free_str) char *host = NULL;
    uint64_t port;
    size_t length;

    *ret = (struct address){0};
    if (text_starts_with(text, UNIX_PREFIX))
        return parse_path(text + strlen(UNIX_PREFIX), ret, err);
    if (colon == NULL || text_parse_u64(colon + 1, 65535, &port, err) < 0)
        return err_set(err, ERR_INPUT, "'%s' is no address with a port", text);
    length = (size_t)(colon - text);
    if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
        host = mem_copy(text + 1, length - 2);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        ret->size = sizeof(*v6);
        if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1)
            return 0;
    } else {
        host = mem_copy(text, length);
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        ret->size = sizeof(*v4);
        if (inet_pton(AF_INET, host, &v4->sin_addr) == 1)
            return 0;
    }
    return err_set(err, ERR_INPUT, "'%s' is no IP address (IPv6 goes in brackets)", host);
}

/* A socket whose program died stays as a file: whoever can be connected to is alive, and keeps it.
 */
static void remove_dead_path(const struct address *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->storage;
    OWNED(close_fd) int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat status;

    if (probe < 0 || lstat(un->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return;
    if (connect(probe, (const struct sockaddr *)un, address->size) < 0 && errno == ECONNREFUSED)
        unlink(un->sun_path);
}

int listen_port(int fd, uint16_t *ret, struct err *err)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);

    if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0)
        return err_set_errno(err, ERR_SYSTEM, "listen");
    *ret = 0;
    if (bound.ss_family == AF_INET6)
        *ret = ntohs(((struct sockaddr_in6 *)&bound)->sin6_port);
    else if (bound.ss_family == AF_INET)
        *ret = ntohs(((struct sockaddr_in *)&bound)->sin_port);
    return 0;
}

static int bind_to(int fd, const struct address *address, uint16_t *ret_port, struct err *err)
{
    int yes = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, (const struct sockaddr *)&address->storage, address->size) < 0 ||
        listen(fd, SOMAXCONN) < 0)
        return err_set_errno(err, ERR_SYSTEM, "listen");
    return listen_port(fd, ret_port, err);
}

int listen_at(const char *text, int *ret_fd, uint16_t *ret_port, struct err *err)
{
    OWNED(close_fd) int fd = -1;
    struct address address;

    if (parse_address(text, &address, err) < 0)
        return -1;
    fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "socket");
    if (address.storage.ss_family == AF_UNIX) {
        remove_dead_path(&address);
        fchmod(fd, 0600); /* before bind(): the file is born with it */
    }
    if (bind_to(fd, &address, ret_port, err) < 0)
        return err_wrap(err, "'%s'", text);
    *ret_fd = fd;
    fd = -1;
    return 0;
}
