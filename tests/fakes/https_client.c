#include "tests/fakes/https_client.h"

#include "lib/base/clock.h"
#include "lib/crypto/tls_peer.h"
#include "lib/crypto/x509_make.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
/* OpenSSL has a type of the name of one of our error kinds. */
#define ERR_STATE ERR_STATE_OF_OPENSSL
#include <openssl/pem.h>
#include <openssl/ssl.h>
#undef ERR_STATE
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#define DAY         86400

struct https_client {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
    struct buf unread;
};

void https_identity_make(enum key_type type, int days, struct https_identity *ret)
{
    struct x509_subject subject = {.common_name = "client", .client = true};
    OWNED_KEY *key = NULL;
    struct err err;

    *ret = (struct https_identity){BUF_OF(64 * KIB), BUF_OF(64 * KIB), {0}};
    subject.not_before = clock_now() - DAY + (days < 0 ? (int64_t)days * 2 * DAY : 0);
    subject.not_after = clock_now() + (int64_t)days * DAY;
    if (key_generate(type, type == KEY_RSA ? 2048 : 0, &key, &err) < 0 ||
        key_write_private_pem(key, &ret->key, &err) < 0 ||
        x509_make(&subject, key, span_of(NULL, 0), key, &ret->certificate, &err) < 0) {
        fprintf(stderr, "identity: %s\n", err.text);
        abort();
    }
    key_identity(key, ret->id);
}

void https_identity_done(struct https_identity *identity)
{
    buf_done(&identity->certificate);
    buf_done(&identity->key);
}

static bool show(SSL_CTX *context, const struct https_identity *who)
{
    BIO *cert_bio = BIO_new_mem_buf(who->certificate.data, (int)who->certificate.len);
    BIO *key_bio = BIO_new_mem_buf(who->key.data, (int)who->key.len);
    X509 *cert = PEM_read_bio_X509(cert_bio, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
    bool shown =
        SSL_CTX_use_certificate(context, cert) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;

    X509_free(cert);
    EVP_PKEY_free(key);
    BIO_free(cert_bio);
    BIO_free(key_bio);
    return shown;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static struct https_client *open_with(uint16_t port, const struct https_identity *who, int version)
{
    struct https_client *client = mem_new(struct https_client);

    signal(SIGPIPE, SIG_IGN);
    client->unread = BUF_OF(256 * MIB);
    client->fd = connect_to(port);
    client->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(client->context, version);
    SSL_CTX_set_max_proto_version(client->context, version);
    client->ssl = NULL;
    if (client->fd >= 0 && (who == NULL || show(client->context, who))) {
        client->ssl = SSL_new(client->context);
        SSL_set_fd(client->ssl, client->fd);
        if (SSL_connect(client->ssl) == 1)
            return client;
    }
    https_cut(client);
    return NULL;
}

struct https_client *https_open(uint16_t port, const struct https_identity *who)
{
    return open_with(port, who, TLS1_3_VERSION);
}

struct https_client *https_open_tls12(uint16_t port)
{
    return open_with(port, NULL, TLS1_2_VERSION);
}

void https_cut(struct https_client *client)
{
    if (client == NULL)
        return;
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    close_fd(&client->fd);
    buf_done(&client->unread);
    free(client);
}

void https_close(struct https_client *client)
{
    if (client != NULL)
        SSL_shutdown(client->ssl);
    https_cut(client);
}

bool https_send(struct https_client *client, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        int part = len > 16384 ? 16384 : (int)len;
        int sent = SSL_write(client->ssl, at, part);

        if (sent <= 0)
            return false;
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

bool https_say(struct https_client *client, const char *format, ...)
{
    char text[16384];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(text))
        abort();
    return https_send(client, text, (size_t)length);
}

/* One more piece into unread; false when the connection ended or wait_ms passed. */
static bool more(struct https_client *client, int wait_ms, bool *ended)
{
    struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};
    char block[16384];
    int got;

    *ended = false;
    if (SSL_pending(client->ssl) == 0 && poll(&poll_fd, 1, wait_ms) <= 0)
        return false;
    got = SSL_read(client->ssl, block, sizeof(block));
    if (got <= 0) {
        *ended = true;
        return false;
    }
    buf_add(&client->unread, block, (size_t)got);
    return true;
}

static bool await_bytes(struct https_client *client, size_t wanted)
{
    bool ended;

    while (client->unread.len < wanted)
        if (!more(client, PATIENCE_MS, &ended))
            return false;
    return true;
}

/* Bytes up to and with the mark; 0 when it never comes. */
static size_t await_mark(struct https_client *client, const char *mark)
{
    bool ended;

    for (;;) {
        const uint8_t *at =
            client->unread.len == 0
                ? NULL
                : memmem(client->unread.data, client->unread.len, mark, strlen(mark));

        if (at != NULL)
            return (size_t)(at - client->unread.data) + strlen(mark);
        if (!more(client, PATIENCE_MS, &ended))
            return 0;
    }
}

static void take(struct https_client *client, size_t len, struct buf *to)
{
    if (to != NULL)
        buf_add(to, client->unread.data, len);
    buf_drop_front(&client->unread, len);
}

static void read_chunked(struct https_client *client, struct https_reply *ret)
{
    for (;;) {
        size_t line = await_mark(client, "\r\n");
        size_t size = line > 0 ? strtoul(buf_str(&client->unread), NULL, 16) : 0;

        if (line == 0 || (take(client, line, NULL), !await_bytes(client, size + 2))) {
            ret->cut = true;
            return;
        }
        take(client, size, &ret->body);
        take(client, 2, NULL);
        if (size == 0)
            return;
    }
}

void https_read(struct https_client *client, bool head_only, struct https_reply *ret)
{
    const char *length, *coding;
    size_t head;

    *ret = (struct https_reply){.head = BUF_OF(64 * KIB), .body = BUF_OF(256 * MIB)};
    head = await_mark(client, "\r\n\r\n");
    if (head == 0)
        return;
    take(client, head, &ret->head);
    if (sscanf(buf_str(&ret->head), "HTTP/1.1 %d", &ret->status) != 1)
        return;
    if (head_only || ret->status < 200 || ret->status == 204 || ret->status == 304)
        return;

    coding = https_header(ret, "Transfer-Encoding");
    if (coding != NULL && strcasecmp(coding, "chunked") == 0) {
        read_chunked(client, ret);
        return;
    }
    length = https_header(ret, "Content-Length");
    if (length != NULL) {
        size_t wanted = strtoul(length, NULL, 10);

        ret->cut = !await_bytes(client, wanted);
        take(client, ret->cut ? client->unread.len : wanted, &ret->body);
    }
}

void https_reply_done(struct https_reply *reply)
{
    buf_done(&reply->head);
    buf_done(&reply->body);
}

const char *https_header(const struct https_reply *reply, const char *name)
{
    static _Thread_local char value[4096];
    const char *line = buf_str(&reply->head);
    size_t length = strlen(name);

    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            line += length + 1;
            line += strspn(line, " ");
            snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
            return value;
        }
    }
    return NULL;
}

bool https_read_some(struct https_client *client, int wait_ms, struct buf *out)
{
    bool ended = false;

    if (client->unread.len == 0)
        more(client, wait_ms, &ended);
    take(client, client->unread.len, out);
    return !ended;
}

bool https_is_closed_within(struct https_client *client, int wait_ms)
{
    int64_t until = clock_monotonic_ms() + wait_ms;
    bool ended = false;

    while (!ended && clock_monotonic_ms() < until) {
        more(client, (int)(until - clock_monotonic_ms()), &ended);
        take(client, client->unread.len, NULL);
    }
    return ended;
}

void https_server_identity(struct https_client *client, uint8_t out[static SHA256_SIZE])
{
    struct err err;

    if (tls_peer_identity(client->ssl, out, &err) < 0)
        abort();
}

void https_export(struct https_client *client, const char *label, struct span context, uint8_t *out,
                  size_t len)
{
    struct err err;

    if (tls_peer_export(client->ssl, label, context, out, len, &err) < 0)
        abort();
}
