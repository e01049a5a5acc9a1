/* The attested channel against a server that is genuine, or is not in one way at a time. */
#include "tests/unit/unit.h"

#include "lib/attest/evidence/bundle.h"
#include "lib/attest/evidence/run_log.h"
#include "lib/attest/evidence/sim.h"
#include "lib/base/clock.h"
#include "lib/httpc/channel.h"
#include "lib/httpc/internal.h"
#include "lib/httpd/httpd.h"
#include "tests/fakes/https_client.h"
#include "tests/unit/attest/computation_make.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* In what the server lies. */
enum lie {
    NO_LIE,
    LIE_EXPORTER, /* as a relay would: evidence of another connection */
    LIE_SERVER,   /* another server's key */
    LIE_CLIENT,   /* another client's key */
    LIE_NONCE,    /* an answer of before */
    LIE_LABEL,    /* evidence of the boot */
    LIE_MANIFEST, /* another computation */
    LIE_ROOT,     /* signed by somebody else */
    LIE_REPORT,   /* a report over another transcript */
    LIE_KEY,      /* the computation's machine, but a process of it that waits */
    LIE_CHAIN,    /* nobody says whose key it is */
    LIE_NOTHING,  /* no evidence at all */
    LIE_COUNT
};

static struct {
    struct httpd *httpd;
    struct httpd_service service;
    struct https_identity identity;
    struct computation computation; /* whose key the server's is */
    struct key *root, *other_root, *party;
    char url[64];
    enum lie lie;
    unsigned asked;   /* for evidence */
    uint64_t bytes;   /* of bodies that arrived */
    unsigned uploads; /* that began */
} served;

static const uint8_t manifest[SHA256_SIZE] = {4, 5, 6};

/* --- the server ------------------------------------------------------------------------------- */

static void set(struct transcript *transcript, enum transcript_field field, const uint8_t *value,
                bool lie)
{
    uint8_t bytes[TRANSCRIPT_VALUE_SIZE];

    memcpy(bytes, value, sizeof(bytes));
    bytes[31] ^= lie;
    transcript_set(transcript, field, bytes);
}

static void fill_transcript(struct httpd_request *rq, struct span nonce,
                            struct transcript *transcript, struct span cel)
{
    const struct transcript_logs logs = {.cel = cel};
    uint8_t value[TRANSCRIPT_VALUE_SIZE];
    struct err err;

    transcript->kind = served.lie == LIE_LABEL ? TRANSCRIPT_BOOT : TRANSCRIPT_CHANNEL;
    set(transcript, TRANSCRIPT_NONCE, nonce.data, served.lie == LIE_NONCE);
    assert_ok(httpd_export(rq, TRANSCRIPT_EXPORTER_LABEL, nonce, value, sizeof(value), &err));
    if (served.lie != LIE_LABEL)
        set(transcript, TRANSCRIPT_EXPORTER, value, served.lie == LIE_EXPORTER);
    assert_ok(httpd_own_identity(rq, value, &err));
    set(transcript, TRANSCRIPT_SERVER, value, served.lie == LIE_SERVER);
    if (httpd_peer_identity(rq, value) && served.lie != LIE_LABEL)
        set(transcript, TRANSCRIPT_CLIENT, value, served.lie == LIE_CLIENT);
    digest_of(DIGEST_SHA256, span_of_str("{}"), value);
    set(transcript, TRANSCRIPT_CONFIG, value, false);
    set(transcript, TRANSCRIPT_MANIFEST, manifest, served.lie == LIE_MANIFEST);
    transcript_hash_logs(&logs, value);
    transcript_set(transcript, TRANSCRIPT_LOGS, value);
}

static void fill_log(struct buf *log)
{
    uint8_t digest[SHA256_SIZE];

    digest_of(DIGEST_SHA256, span_of_str("{}"), digest);
    run_log_add(log, 0, RUN_CONFIG, digest);
    memcpy(digest, manifest, sizeof(digest));
    digest[31] ^= served.lie == LIE_MANIFEST;
    run_log_add(log, 1, RUN_MANIFEST, digest);
}

/* What leads from the platform to the server's key. */
static int add_chain(struct bundle *bundle, struct err *err)
{
    struct computation *computation = &served.computation;
    struct sim_machine machine = {.measurement = "test"};
    OWNED_BUF chain = BUF_OF(64 * KIB);

    if (served.lie == LIE_CHAIN)
        return 0;
    memcpy(computation->of, manifest, SHA256_SIZE);
    computation->of[31] ^= served.lie == LIE_MANIFEST;
    computation->what = served.lie == LIE_KEY ? "waiting" : DICE_LAYER_COMPUTATION;
    computation->type = BUNDLE_SIM;
    dice_root_report_data(computation->root, machine.report_data);
    buf_reset(&computation->evidence);
    if (sim_report_make(&machine, served.root, &computation->evidence, err) < 0)
        return -1;
    computation_server_chain(computation, &chain);
    return bundle_add(bundle, BUNDLE_DICE, buf_span(&chain), err);
}

static int attest(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    OWNED_BUF nonce = BUF_OF(64), report = BUF_OF(4096), text = BUF_OF(BUNDLE_TEXT_MAX);
    OWNED_BUF log = BUF_OF(4096);
    struct sim_machine machine = {.measurement = "test"};
    struct transcript transcript = {.kind = TRANSCRIPT_CHANNEL};
    OWNED_BUNDLE bundle = {0};
    struct transcript_logs logs;

    (void)app;
    served.asked++;
    if (served.lie == LIE_NOTHING)
        return err_set(err, ERR_UNSUPPORTED, "nothing here can say what this machine is");
    assert_int_equal(
        text_decode_base64(span_of_str(json_get_str(httpd_json(rq), "nonce")), &nonce, err), 0);
    fill_log(&log);
    fill_transcript(rq, buf_span(&nonce), &transcript, buf_span(&log));
    logs = (struct transcript_logs){.cel = buf_span(&log)};
    bundle_init(&bundle);
    if (bundle_set_transcript(&bundle, &transcript, err) < 0 ||
        bundle_set_logs(&bundle, &logs, err) < 0)
        return -1;
    transcript_report_data(bundle_span(&bundle.transcript), machine.report_data);
    machine.report_data[0] ^= served.lie == LIE_REPORT;
    if (sim_report_make(&machine, served.lie == LIE_ROOT ? served.other_root : served.root, &report,
                        err) < 0 ||
        bundle_add(&bundle, BUNDLE_SIM, buf_span(&report), err) < 0 ||
        add_chain(&bundle, err) < 0 || bundle_write(&bundle, &text, err) < 0)
        return -1;
    httpd_reply_bytes(reply, 200, "application/json", &text);
    return 0;
}

static int sink_write(void *to, struct span block, struct err *err)
{
    (void)to, (void)err;
    served.bytes += block.len;
    return 0;
}

static int sink_finish(void *to, struct httpd_reply *reply, struct err *err)
{
    (void)to, (void)err;
    httpd_reply_empty(reply, 201);
    return 0;
}

static void sink_abort(void *to)
{
    (void)to;
}

static int open_sink(void *app, struct httpd_request *rq, uint64_t announced,
                     struct httpd_sink *ret, struct err *err)
{
    (void)app, (void)rq, (void)announced, (void)err;
    served.uploads++;
    *ret = (struct httpd_sink){NULL, sink_write, sink_finish, sink_abort};
    return 0;
}

static int state(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    (void)app, (void)rq, (void)err;
    httpd_reply_json(reply, 200, json_new_object());
    return 0;
}

static int admit(void *app, struct httpd_request *rq, struct err *err)
{
    (void)app, (void)rq, (void)err;
    return 0;
}

static const struct httpd_route routes[] = {
    {&agent_ops[AGENT_OP_post_attestation], attest, NULL},
    {&agent_ops[AGENT_OP_get_state], state, NULL},
    {&agent_ops[AGENT_OP_put_algorithm], NULL, open_sink},
};

static int set_up(void **ptr)
{
    struct httpd_config config = {.listen = "127.0.0.1:0"};
    struct err err;

    (void)ptr;
    memset(&served, 0, sizeof(served));
    https_identity_make(KEY_P256, 1, &served.identity);
    computation_make(&served.computation, SPAN_OF_ARRAY(manifest));
    key_free(served.computation.server);
    assert_ok(
        key_load_private_pem(buf_span(&served.identity.key), &served.computation.server, &err));
    assert_ok(key_generate(KEY_P384, 0, &served.root, &err));
    assert_ok(key_generate(KEY_P384, 0, &served.other_root, &err));
    assert_ok(key_generate(KEY_P256, 0, &served.party, &err));
    config.certificate = buf_span(&served.identity.certificate);
    config.key = buf_span(&served.identity.key);
    served.service = (struct httpd_service){
        .routes = routes, .route_count = COUNT_OF(routes), .admit = admit, .cors_origins = ""};
    assert_ok(httpd_start(&config, &served.service, &served.httpd, &err));
    snprintf(served.url, sizeof(served.url), "https://127.0.0.1:%u", httpd_port(served.httpd));
    return 0;
}

static int tear_down(void **ptr)
{
    (void)ptr;
    httpd_stop(served.httpd, 0);
    https_identity_done(&served.identity);
    computation_done(&served.computation);
    key_free(served.root);
    key_free(served.other_root);
    key_free(served.party);
    return 0;
}

/* --- the client ------------------------------------------------------------------------------- */

static struct httpc *client_of(const struct key *key, enum httpc_auth auth)
{
    const struct httpc_config config = {
        .url = served.url,
        .trust = HTTPC_TRUST_ANY,
        .key = key,
        .auth = auth,
        .opener = &agent_ops[AGENT_OP_get_state],
        .clock = clock_now,
        .ticks_ms = clock_monotonic_ms,
    };
    struct httpc *client = NULL;
    struct err err;

    assert_ok(httpc_new(&config, &client, &err));
    return client;
}

static struct policy *policy_of(const char *more)
{
    OWNED_BUF pem = BUF_OF(4096), text = BUF_OF(8192);
    struct policy *policy = NULL;
    char hex[2 * SHA256_SIZE + 1];
    struct err err;

    key_write_public_pem(served.root, &pem);
    text_hex(manifest, SHA256_SIZE, hex);
    buf_add_str(&text, "{\"version\":1,\"sim\":{\"root\":");
    json_write_str(buf_str(&pem), &text);
    buf_printf(&text, "},\"manifest_sha256\":\"%s\"%s}", hex, more);
    assert_ok(policy_load(buf_span(&text), &policy, &err));
    return policy;
}

static int upload(struct httpc *client, struct httpc_reply *reply, struct err *err)
{
    struct httpc_upload body = {.fd = memfd_create("upload", MFD_CLOEXEC), .size = 100000};
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_put_algorithm], .upload = &body};
    int result;

    assert_int_equal(ftruncate(body.fd, (off_t)body.size), 0);
    result = httpc_perform(client, &call, reply, err);
    close(body.fd);
    return result;
}

static bool accepts(struct httpc *client, const struct httpc_terms *terms)
{
    OWNED_HTTPC_ATTESTED attested = {.has_transcript = false};
    struct err err;

    assert_ok(httpc_attest(client, terms, &attested, &err));
    return verdict_accepted(&attested.verdict);
}

/* The connection is cut under the client, as a network or a relay may do. */
static void cut(struct httpc *client)
{
    curl_socket_t fd = -1;

    curl_easy_getinfo(client->curl, CURLINFO_ACTIVESOCKET, &fd);
    assert_true(fd >= 0);
    shutdown(fd, SHUT_RDWR);
}

/* --- the tests -------------------------------------------------------------------------------- */

static void every_lie_is_refused_and_nothing_goes_out_after_it(void **ptr)
{
    OWNED_POLICY *policy = policy_of("");
    const struct httpc_terms terms = {.given.policy = policy};

    (void)ptr;
    for (served.lie = LIE_EXPORTER; served.lie < LIE_NOTHING; served.lie++) {
        OWNED_HTTPC *client = client_of(served.party, HTTPC_AUTH_CERTIFICATE);
        OWNED_HTTPC_REPLY reply = {0};
        struct err err;

        if (accepts(client, &terms))
            fail_msg("lie %d is believed", served.lie);
        assert_fails(upload(client, &reply, &err), ERR_UNTRUSTED);
        assert_false(reply.sent);
        assert_int_equal(served.uploads, 0);
    }
}

static void without_evidence_there_is_no_verdict_and_nothing_goes_out(void **ptr)
{
    OWNED_POLICY *policy = policy_of("");
    const struct httpc_terms terms = {.given.policy = policy};
    OWNED_HTTPC *client = client_of(NULL, HTTPC_AUTH_CERTIFICATE);
    struct httpc_attested attested;
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    (void)ptr;
    served.lie = LIE_NOTHING;
    assert_fails(httpc_attest(client, &terms, &attested, &err), ERR_UNSUPPORTED);
    assert_int_equal(upload(client, &reply, &err), -1);
    assert_int_equal(served.uploads, 0);
}

static void without_a_policy_nothing_is_accepted(void **ptr)
{
    const struct httpc_terms terms = {.types = NULL};
    OWNED_HTTPC *client = client_of(NULL, HTTPC_AUTH_CERTIFICATE);

    (void)ptr;
    assert_false(accepts(client, &terms));
}

static void what_is_accepted_is_used(void **ptr)
{
    static const enum httpc_auth auths[] = {HTTPC_AUTH_CERTIFICATE, HTTPC_AUTH_SIGNATURE};
    OWNED_POLICY *policy = policy_of("");
    const struct httpc_terms terms = {.given.policy = policy};
    struct err err;

    (void)ptr;
    for (size_t i = 0; i < COUNT_OF(auths); i++) {
        OWNED_HTTPC *client = client_of(served.party, auths[i]);
        OWNED_HTTPC_REPLY reply = {0};

        served.asked = 0;
        assert_true(accepts(client, &terms));
        assert_ok(upload(client, &reply, &err));
        assert_ok(upload(client, &reply, &err));
        assert_int_equal(served.asked, 1);
    }
    assert_int_equal(served.bytes, 400000);
}

static void the_evidence_says_what_it_is_about(void **ptr)
{
    OWNED_POLICY *policy = policy_of("");
    const struct httpc_terms terms = {.given.policy = policy};
    OWNED_HTTPC *client = client_of(NULL, HTTPC_AUTH_CERTIFICATE);
    OWNED_HTTPC_ATTESTED attested = {.has_transcript = false};
    struct err err;

    (void)ptr;
    assert_ok(httpc_attest(client, &terms, &attested, &err));
    assert_true(attested.has_transcript);
    assert_false(attested.transcript.has[TRANSCRIPT_CLIENT]);
    assert_memory_equal(attested.transcript.value[TRANSCRIPT_MANIFEST], manifest, SHA256_SIZE);
    assert_true(bundle_detect(buf_span(&attested.bundle)));
}

static void a_connection_that_was_cut_is_attested_again_before_it_is_used(void **ptr)
{
    static const enum httpc_auth auths[] = {HTTPC_AUTH_CERTIFICATE, HTTPC_AUTH_SIGNATURE};
    OWNED_POLICY *policy = policy_of("");
    const struct httpc_terms terms = {.given.policy = policy};
    struct err err;

    (void)ptr;
    for (size_t i = 0; i < COUNT_OF(auths); i++) {
        OWNED_HTTPC *client = client_of(served.party, auths[i]);
        OWNED_HTTPC_REPLY reply = {0};

        served.asked = 0;
        assert_true(accepts(client, &terms));
        cut(client);
        assert_ok(upload(client, &reply, &err));
        assert_int_equal(served.asked, 2);
    }
    assert_int_equal(served.bytes, 200000);
}

static void a_new_connection_to_a_liar_gets_nothing(void **ptr)
{
    static const enum httpc_auth auths[] = {HTTPC_AUTH_CERTIFICATE, HTTPC_AUTH_SIGNATURE};
    OWNED_POLICY *policy = policy_of("");
    const struct httpc_terms terms = {.given.policy = policy};
    struct err err;

    (void)ptr;
    for (size_t i = 0; i < COUNT_OF(auths); i++) {
        OWNED_HTTPC *client = client_of(served.party, auths[i]);
        OWNED_HTTPC_REPLY reply = {0};

        served.lie = NO_LIE;
        assert_true(accepts(client, &terms));
        served.lie = LIE_ROOT;
        cut(client);
        assert_fails(upload(client, &reply, &err), ERR_UNTRUSTED);
        assert_non_null(strstr(err.text, "nothing was sent"));
        assert_fails(upload(client, &reply, &err), ERR_UNTRUSTED);
        assert_int_equal(served.uploads, 0);
        assert_int_equal(served.bytes, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_lie_is_refused_and_nothing_goes_out_after_it),
        TEST(without_evidence_there_is_no_verdict_and_nothing_goes_out),
        TEST(without_a_policy_nothing_is_accepted),
        TEST(what_is_accepted_is_used),
        TEST(the_evidence_says_what_it_is_about),
        TEST(a_connection_that_was_cut_is_attested_again_before_it_is_used),
        TEST(a_new_connection_to_a_liar_gets_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
