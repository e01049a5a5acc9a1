#include "services/grpc-gateway/h2/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void wire_init(struct wire *wire, int fd, SSL_CTX *ctx)
{
    *wire = (struct wire){.fd = fd, .is_open = ctx == NULL};
    if (ctx == NULL)
        return;
    wire->ssl = SSL_new(ctx);
    if (wire->ssl == NULL || SSL_set_fd(wire->ssl, fd) != 1)
        abort(); /* memory is gone */
    SSL_set_accept_state(wire->ssl);
}

void wire_done(struct wire *wire)
{
    if (wire->ssl != NULL && wire->is_open)
        SSL_shutdown(wire->ssl);
    SSL_free(wire->ssl);
    ERR_clear_error();
    close(wire->fd);
    *wire = (struct wire){.fd = -1};
}

static enum wire_result of_ssl(struct wire *wire, int result)
{
    int reason = SSL_get_error(wire->ssl, result);

    ERR_clear_error();
    wire->wants_write = reason == SSL_ERROR_WANT_WRITE;
    return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? WIRE_AGAIN
                                                                           : WIRE_CLOSED;
}

static enum wire_result of_errno(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? WIRE_AGAIN : WIRE_CLOSED;
}

enum wire_result wire_open(struct wire *wire)
{
    int result;

    if (wire->is_open)
        return WIRE_OK;
    result = SSL_do_handshake(wire->ssl);
    if (result != 1)
        return of_ssl(wire, result);
    wire->is_open = true;
    wire->wants_write = false;
    return WIRE_OK;
}

enum wire_result wire_read(struct wire *wire, uint8_t *to, size_t room, size_t *ret_len)
{
    ssize_t got;

    if (wire->ssl != NULL) {
        int result = SSL_read_ex(wire->ssl, to, room, ret_len);

        return result == 1 ? WIRE_OK : of_ssl(wire, result);
    }
    got = recv(wire->fd, to, room, 0);
    if (got < 0)
        return of_errno();
    *ret_len = (size_t)got;
    return got > 0 ? WIRE_OK : WIRE_CLOSED;
}

enum wire_result wire_write(struct wire *wire, struct span bytes, size_t *ret_len)
{
    ssize_t put;

    if (wire->ssl != NULL) {
        int result = SSL_write_ex(wire->ssl, bytes.data, bytes.len, ret_len);

        return result == 1 ? WIRE_OK : of_ssl(wire, result);
    }
    put = send(wire->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
    if (put < 0)
        return of_errno();
    *ret_len = (size_t)put;
    return WIRE_OK;
}
