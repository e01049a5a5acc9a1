/* What libcurl's failures are called here. */
#include "tests/unit/httpc/served.h"

#include "lib/httpc/internal.h"

static const struct api_op op_who = {"get_who",     API_GET,       "/v1/who",
                                     API_AUTH_NONE, API_BODY_NONE, 0};
static const struct api_op op_slow = {"get_slow",    API_GET,       "/v1/slow",
                                      API_AUTH_NONE, API_BODY_NONE, 0};

static void nobody_there_is_unreachable(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_who};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = NULL;
    struct err err;

    (void)state;
    config.url = "https://127.0.0.1:1";
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_UNREACHABLE);
    assert_int_equal(reply.status, 0);
    assert_non_null(strstr(err.text, "https://127.0.0.1:1"));
}

static void silence_is_a_timeout(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_slow};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = NULL;
    struct err err;

    (void)state;
    config.stall_timeout_ms = 1000;
    client = client_of(&config);
    assert_fails(httpc_perform(client, &call, &reply, &err), ERR_TIMEOUT);
}

/* The kind and the words for a code, as of a transfer to https://h. */
static struct err fault_of(CURLcode code, const char *curl_text)
{
    struct httpc client = {.url = mem_strdup("https://h")};
    struct transfer x = {.client = &client};
    struct err err;

    snprintf(x.curl_text, sizeof(x.curl_text), "%s", curl_text);
    assert_int_equal(curl_to_err(code, &x, &err), -1);
    free(client.url);
    return err;
}

static void each_code_has_its_kind_and_names_the_server(void **state)
{
    static const struct {
        CURLcode code;
        enum err_kind kind;
        const char *says;
    } rows[] = {
        {CURLE_COULDNT_RESOLVE_HOST, ERR_UNREACHABLE, "name of the host"},
        {CURLE_COULDNT_CONNECT, ERR_UNREACHABLE, "curl's words"},
        {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT, "curl's words"},
        {CURLE_SSL_CONNECT_ERROR, ERR_UNREACHABLE, "curl's words"},
        {CURLE_GOT_NOTHING, ERR_UNREACHABLE, "without an answer"},
        {CURLE_RECV_ERROR, ERR_UNREACHABLE, "broke while receiving"},
        {CURLE_PEER_FAILED_VERIFICATION, ERR_UNTRUSTED, "not trusted (curl's words)"},
        {CURLE_SSL_PINNEDPUBKEYNOTMATCH, ERR_UNTRUSTED, "not the pinned one"},
        {CURLE_BAD_FUNCTION_ARGUMENT, ERR_INTERNAL, "curl's words"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct err err = fault_of(rows[i].code, "curl's words");

        assert_int_equal(err.kind, rows[i].kind);
        assert_true(text_starts_with(err.text, "https://h: "));
        assert_non_null(strstr(err.text, rows[i].says));
    }
}

static void without_words_of_its_own_the_code_speaks(void **state)
{
    struct err err = fault_of(CURLE_COULDNT_CONNECT, "");

    (void)state;
    assert_true(strlen(err.text) > strlen("https://h: "));
}

static void what_a_callback_said_comes_first(void **state)
{
    struct transfer x = {.failed = true};
    struct err err;

    (void)state;
    err_set(&x.err, ERR_NO_SPACE, "the disk is full");
    assert_int_equal(curl_to_err(CURLE_WRITE_ERROR, &x, &err), -1);
    assert_int_equal(err.kind, ERR_NO_SPACE);
    assert_string_equal(err.text, "the disk is full");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_its_kind_and_names_the_server),
        cmocka_unit_test(without_words_of_its_own_the_code_speaks),
        cmocka_unit_test(what_a_callback_said_comes_first),
        SERVED(nobody_there_is_unreachable),
        SERVED(silence_is_a_timeout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
