#include "tests/unit/httpd/httpd_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* What the server says about the connection. */
static struct json *who(struct https_client *client)
{
    OWNED_REPLY reply = {0};
    struct json *json = NULL;
    struct err err;

    https_say(client, "GET /v1/who HTTP/1.1\r\nHost: t\r\n\r\n");
    https_read(client, false, &reply);
    assert_int_equal(reply.status, 200);
    assert_ok(json_parse(buf_span(&reply.body), &json, &err));
    return json;
}

static void assert_hex(const char *text, const uint8_t *bytes, size_t len)
{
    char hex[2 * 64 + 1];

    text_hex(bytes, len, hex);
    assert_non_null(text);
    assert_string_equal(text, hex);
}

static void tls_1_2_is_refused(void **state)
{
    (void)state;
    assert_null(https_open_tls12(toy.port));
}

static void plain_http_is_refused(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(toy.port)};
    OWNED(close_fd) int fd = socket(AF_INET, SOCK_STREAM, 0);
    static const char text[] = "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n";
    char answer[16];

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_true(read(fd, answer, sizeof(answer)) <= 0 || memcmp(answer, "HTTP", 4) != 0);
}

static void a_key_that_is_not_the_certificates_is_refused(void **state)
{
    struct https_identity other;
    struct httpd_config config = {.listen = "127.0.0.1:0"};
    struct httpd *httpd;
    struct err err;

    (void)state;
    https_identity_make(KEY_P256, 10, &other);
    config.certificate = buf_span(&toy.server.certificate);
    config.key = buf_span(&other.key);
    assert_fails(httpd_start(&config, &toy.service, &httpd, &err), ERR_INPUT);
    config.key = span_of_str("no key");
    assert_fails(httpd_start(&config, &toy.service, &httpd, &err), ERR_INPUT);
    config.key = buf_span(&toy.server.key);
    config.certificate = span_of_str("no certificate");
    assert_fails(httpd_start(&config, &toy.service, &httpd, &err), ERR_INPUT);
    assert_fails(httpd_set_certificate(toy.httpd, buf_span(&other.certificate),
                                       buf_span(&toy.server.key), &err),
                 ERR_INPUT);
    https_identity_done(&other);
}

/* Issuer and validity mean nothing: the key is what counts. */
static void client_keys_of_every_type_are_known(void **state)
{
    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        for (int days = -1; days <= 1; days += 2) {
            struct https_identity identity;
            struct https_client *client;

            https_identity_make((enum key_type)type, days, &identity);
            client = https_open(toy.port, &identity);
            assert_non_null(client);
            OWNED_JSON *said = who(client);
            assert_hex(json_get_str(said, "peer"), identity.id, SHA256_SIZE);
            https_close(client);
            https_identity_done(&identity);
        }
    }
}

static void a_client_without_a_certificate_is_nobody(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_JSON *said = who(client);

    (void)state;
    assert_null(json_get(said, "peer"));
    assert_hex(json_get_str(said, "own"), toy.server.id, SHA256_SIZE);
    https_close(client);
}

static void both_ends_export_the_same(void **state)
{
    struct https_client *client = toy_connect(), *other = toy_connect();
    uint8_t mine[32], others[32];

    (void)state;
    https_export(client, "EXPORTER-toy", span_of_str("context"), mine, sizeof(mine));
    https_export(other, "EXPORTER-toy", span_of_str("context"), others, sizeof(others));
    for (int i = 0; i < 2; i++) {
        OWNED_JSON *said = who(client);

        assert_hex(json_get_str(said, "exporter"), mine, sizeof(mine));
    }
    assert_memory_not_equal(mine, others, sizeof(mine));
    https_close(client);
    https_close(other);
}

struct asker {
    pthread_t thread;
    atomic_bool *stop;
    int asked, failed;
};

static void *keep_asking(void *arg)
{
    struct asker *asker = arg;

    while (!atomic_load(asker->stop)) {
        struct https_client *client = https_open(toy.port, NULL);
        OWNED_REPLY reply = {0};

        asker->asked++;
        if (client == NULL) {
            asker->failed++;
            continue;
        }
        https_say(client, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
        https_read(client, false, &reply);
        asker->failed += reply.status != 200;
        https_close(client);
    }
    return NULL;
}

static void certificates_change_under_load(void **state)
{
    struct httpd_config config = {.header_timeout_ms = 300000}; /* the old one waits meanwhile */
    struct https_client *old;
    struct https_identity identities[2];
    struct asker askers[3] = {0};
    atomic_bool stop = false;
    uint8_t seen[SHA256_SIZE];
    struct err err;

    toy_teardown(state);
    toy_start(&config);
    old = toy_connect();
    https_identity_make(KEY_P384, 10, &identities[0]);
    https_identity_make(KEY_RSA, 10, &identities[1]);
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        askers[i].stop = &stop;
        pthread_create(&askers[i].thread, NULL, keep_asking, &askers[i]);
    }
    for (int i = 0; i < 40; i++) {
        struct https_identity *next = &identities[i % 2];
        struct https_client *fresh;

        assert_ok(httpd_set_certificate(toy.httpd, buf_span(&next->certificate),
                                        buf_span(&next->key), &err));
        fresh = toy_connect();
        https_server_identity(fresh, seen);
        assert_memory_equal(seen, next->id, SHA256_SIZE);
        OWNED_JSON *said = who(fresh);
        assert_hex(json_get_str(said, "own"), next->id, SHA256_SIZE);
        https_close(fresh);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        pthread_join(askers[i].thread, NULL);
        assert_true(askers[i].asked > 0);
        assert_int_equal(askers[i].failed, 0);
    }

    /* An old connection keeps what it was greeted with. */
    OWNED_JSON *said = who(old);
    assert_hex(json_get_str(said, "own"), toy.server.id, SHA256_SIZE);
    https_close(old);
    https_identity_done(&identities[0]);
    https_identity_done(&identities[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(tls_1_2_is_refused),
        TOY_TEST(plain_http_is_refused),
        TOY_TEST(a_key_that_is_not_the_certificates_is_refused),
        TOY_TEST(client_keys_of_every_type_are_known),
        TOY_TEST(a_client_without_a_certificate_is_nobody),
        TOY_TEST(both_ends_export_the_same),
        TOY_TEST(certificates_change_under_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
