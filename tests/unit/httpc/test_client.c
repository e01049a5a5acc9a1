/* What a client is made from: whom it trusts, and as whom it speaks. */
#include "tests/unit/httpc/served.h"

static const struct api_op op_echo = {"get_echo",      API_GET,       "/v1/echo/{name}",
                                      API_AUTH_VIEWER, API_BODY_NONE, 0};
static const struct api_op op_who = {"get_who",     API_GET,       "/v1/who",
                                     API_AUTH_NONE, API_BODY_NONE, 0};
static const struct api_op op_none = {"none",        API_GET,       "/v1/nothing",
                                      API_AUTH_NONE, API_BODY_NONE, 0};

static void addresses_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "127.0.0.1:1",
                                      "http://127.0.0.1",
                                      "https://",
                                      "https://u@h",
                                      "https://h/path",
                                      "https://h?x=1",
                                      "ftp://h",
                                      "https://h:port",
                                      NULL};
    struct httpc_config config = config_of();
    struct httpc *client = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; bad[i] != NULL; i++) {
        config.url = bad[i];
        assert_fails(httpc_new(&config, &client, &err), ERR_USAGE);
    }
    config.url = NULL;
    assert_fails(httpc_new(&config, &client, &err), ERR_USAGE);
}

static void a_slash_at_the_end_is_dropped(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = NULL;

    (void)state;
    config.url = "https://h:1/";
    client = client_of(&config);
    assert_string_equal(httpc_url(client), "https://h:1");
}

static void pins_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "sha256//",
                                      "sha256//AAAA",
                                      "sha1//AAAA",
                                      "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                      NULL};
    struct httpc_config config = config_of();
    struct httpc *client = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; bad[i] != NULL; i++) {
        config.pin = bad[i];
        assert_fails(httpc_new(&config, &client, &err), ERR_USAGE);
    }
}

static void a_token_cannot_begin_another_header(void **state)
{
    static const char *const bad[] = {"a b", "a\r\nX: y", "a\xc3\xa9", NULL};
    struct httpc_config config = config_of();
    struct httpc *client = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; bad[i] != NULL; i++) {
        config.token = bad[i];
        assert_fails(httpc_new(&config, &client, &err), ERR_USAGE);
        assert_null(strstr(err.text, bad[i])); /* not even a bad one is told */
    }
}

static void a_ca_that_is_none_is_refused(void **state)
{
    struct httpc_config config = config_of();
    struct httpc *client = NULL;
    struct err err;

    (void)state;
    config.trust = HTTPC_TRUST_CA;
    config.ca_pem = span_of_str("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_fails(httpc_new(&config, &client, &err), ERR_INPUT);
}

static void the_token_says_who_asks(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_echo, .params = {"x"}};
    OWNED_HTTPC_REPLY reply = {0};
    struct httpc *client;
    struct err err;

    (void)state;
    config.token = "bad";
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_FORBIDDEN);
    httpc_free(client);
    config.token = NULL;
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNAUTHENTICATED);
    httpc_free(client);
}

static void calls_share_one_connection(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_call call = {.op = &op_who};
    struct httpc_call refused = {.op = &op_none};
    OWNED_HTTPC_REPLY first = {0};
    OWNED_HTTPC_REPLY second = {0};
    struct err err;

    (void)state;
    assert_ok(httpc_perform(client, &call, &first, &err));
    assert_fails(httpc_perform(client, &refused, &second, &err), ERR_NOT_FOUND);
    assert_ok(httpc_perform(client, &call, &second, &err));
    assert_string_equal(json_get_str(first.json, "exporter"),
                        json_get_str(second.json, "exporter"));
}

static void another_key_than_pinned_is_not_trusted(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_who};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = NULL;
    struct err err;

    (void)state;
    config.pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNTRUSTED);
    assert_false(reply.sent);
}

static void an_unknown_issuer_is_not_trusted(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_who};
    OWNED_HTTPC_REPLY reply = {0};
    struct https_identity other;
    struct httpc *client;
    struct err err;

    (void)state;
    config.pin = NULL;
    config.trust = HTTPC_TRUST_SYSTEM;
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNTRUSTED);
    httpc_free(client);

    https_identity_make(KEY_P256, 1, &other);
    config.trust = HTTPC_TRUST_CA;
    config.ca_pem = buf_span(&other.certificate);
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNTRUSTED);
    httpc_free(client);
    https_identity_done(&other);
}

static void a_key_is_shown_in_the_handshake(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_who};
    char identity[KEY_IDENTITY_TEXT_SIZE];
    struct err err;

    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = NULL;
        OWNED_HTTPC *client = NULL;
        OWNED_HTTPC_REPLY reply = {0};

        assert_ok(key_generate((enum key_type)type, type == KEY_RSA ? 2048 : 0, &key, &err));
        key_identity_text(key, identity);
        config.key = key;
        client = client_of(&config);
        assert_ok(httpc_perform(client, &call, &reply, &err));
        assert_string_equal(json_get_str(reply.json, "peer"), identity);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_that_are_none_are_refused),
        SERVED(a_slash_at_the_end_is_dropped),
        SERVED(pins_that_are_none_are_refused),
        SERVED(a_token_cannot_begin_another_header),
        SERVED(a_ca_that_is_none_is_refused),
        SERVED(the_token_says_who_asks),
        SERVED(calls_share_one_connection),
        SERVED(another_key_than_pinned_is_not_trusted),
        SERVED(an_unknown_issuer_is_not_trusted),
        SERVED(a_key_is_shown_in_the_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
