#include "services/grpc-gateway/door.h"

#include "services/grpc-gateway/attested/door.h"

#include "lib/base/file.h"
#include "lib/crypto/x509_make.h"

#define PEM_MAX  (256 * KIB)
#define DAY_S    (24LL * 3600)
#define LIFE_DAY 365LL

static int read_named(const char *path, struct buf *out, struct err *err)
{
    return path[0] == '\0' ? 0 : file_read(path, out, err);
}

int door_make_identity(int64_t now, struct buf *certificate, struct buf *key_pem, struct err *err)
{
    static const char *const names[] = {"cocos-gateway", "localhost", NULL};
    static const char *const addresses[] = {"127.0.0.1", "::1", NULL};
    const struct x509_subject subject = {
        .common_name = "cocos-gateway",
        .dns = names,
        .ip = addresses,
        .not_before = now > DAY_S ? now - DAY_S : 0,
        .not_after = now + LIFE_DAY * DAY_S,
        .server = true,
    };
    OWNED_KEY *key = NULL;

    if (key_generate(KEY_P256, 0, &key, err) < 0 ||
        x509_make(&subject, key, span_of(NULL, 0), key, certificate, err) < 0)
        return -1;
    return key_write_private_pem(key, key_pem, err);
}

int door_open(const struct config *config, int64_t now, SSL_CTX **ret, struct err *err)
{
    OWNED_BUF certificate = BUF_OF(PEM_MAX), client_ca = BUF_OF(PEM_MAX);
    OWNED_BUF key = {.max = PEM_MAX, .secret = true};
    struct h2_tls_config tls;

    *ret = NULL;
    if (config->plaintext)
        return 0;
    if (read_named(config->certificate, &certificate, err) < 0 ||
        read_named(config->key, &key, err) < 0 ||
        read_named(config->client_ca, &client_ca, err) < 0)
        return -1;
    if (certificate.len == 0 && door_make_identity(now, &certificate, &key, err) < 0)
        return -1;
    tls = (struct h2_tls_config){buf_span(&certificate), buf_span(&key), buf_span(&client_ca)};
    if (h2_tls_new(&tls, ret, err) == 0 &&
        (!config->attested_tls || attested_check_tls(*ret, err) == 0))
        return 0;
    SSL_CTX_free(*ret);
    *ret = NULL;
    err->kind = ERR_USAGE;
    return -1;
}
