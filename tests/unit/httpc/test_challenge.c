/* The second round of an attestation: a real endorsement key with its maker's certificate, beside
 * an attestation key that lives in no TPM, and a server that would like to have it believed. */
#include "tests/unit/attest/vtpm_make.h"

#include "lib/attest/evidence/bundle.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/httpc/channel.h"
#include "lib/httpd/httpd.h"
#include "services/agent-api/attester/tpm_device.h"
#include "tests/fakes/fake_tpm.h"
#include "tests/fakes/https_client.h"

#define ASKINGS_MAX 4

static struct {
    struct fake_tpm fake;
    struct tpm_device *tpm;
    struct httpd *httpd;
    struct httpd_service service;
    struct https_identity identity;
    char url[64];
    bool closes; /* the connection, after the evidence */
    unsigned asked, activated;
    uint8_t nonces[ASKINGS_MAX][SHA256_SIZE];
} served;

/* --- the server ------------------------------------------------------------------------------ */

static void fill_transcript(struct httpd_request *rq, struct span nonce, struct machine *m,
                            struct transcript *transcript)
{
    const struct transcript_logs logs = {buf_span(&m->tcg), buf_span(&m->ima), buf_span(&m->cel)};
    uint8_t value[TRANSCRIPT_VALUE_SIZE];
    struct err err;

    transcript_set(transcript, TRANSCRIPT_NONCE, nonce.data);
    assert_ok(httpd_export(rq, TRANSCRIPT_EXPORTER_LABEL, nonce, value, sizeof(value), &err));
    transcript_set(transcript, TRANSCRIPT_EXPORTER, value);
    assert_ok(httpd_own_identity(rq, value, &err));
    transcript_set(transcript, TRANSCRIPT_SERVER, value);
    digest_of(DIGEST_SHA256, span_of_str("{}"), value);
    transcript_set(transcript, TRANSCRIPT_CONFIG, value);
    digest_of(DIGEST_SHA256, span_of_str("manifest"), value);
    transcript_set(transcript, TRANSCRIPT_MANIFEST, value);
    digest_of(DIGEST_SHA256, buf_span(&m->public), value);
    transcript_set(transcript, TRANSCRIPT_AK, value);
    transcript_hash_logs(&logs, value);
    transcript_set(transcript, TRANSCRIPT_LOGS, value);
}

/* A quote that holds in everything but that no TPM made it. */
static void fill_bundle(struct httpd_request *rq, struct span nonce, struct bundle *bundle)
{
    struct transcript transcript = {.kind = TRANSCRIPT_CHANNEL};
    uint8_t report_data[SHA512_SIZE], extra[SHA256_SIZE];
    OWNED_MACHINE m;
    struct err err;

    machine_make(&m);
    make_public(&m.public, m.ak, m.attributes);
    fill_transcript(rq, nonce, &m, &transcript);
    const struct transcript_logs logs = {buf_span(&m.tcg), buf_span(&m.ima), buf_span(&m.cel)};

    bundle_init(bundle);
    assert_ok(bundle_set_transcript(bundle, &transcript, &err));
    assert_ok(bundle_set_logs(bundle, &logs, &err));
    transcript_report_data(bundle_span(&bundle->transcript), report_data);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(report_data), extra);
    buf_reset(&m.extra);
    buf_add(&m.extra, extra, sizeof(extra));
    machine_quote(&m, NULL);
    assert_ok(bundle_add(bundle, BUNDLE_VTPM, machine_message(&m), &err));
    assert_ok(bundle_set_endorsement(bundle, tpm_device_ek(served.tpm),
                                     tpm_device_ek_certificate(served.tpm), &err));
}

static int attest(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    OWNED_BUF nonce = BUF_OF(64), text = BUF_OF(BUNDLE_TEXT_MAX);
    OWNED_BUNDLE bundle = {0};

    (void)app;
    assert_int_equal(
        text_decode_base64(span_of_str(json_get_str(httpd_json(rq), "nonce")), &nonce, err), 0);
    memcpy(served.nonces[served.asked++ % ASKINGS_MAX], nonce.data, SHA256_SIZE);
    fill_bundle(rq, buf_span(&nonce), &bundle);
    if (bundle_write(&bundle, &text, err) < 0)
        return -1;
    if (served.closes)
        httpd_reply_header(reply, "Connection", "close");
    httpd_reply_bytes(reply, 200, "application/json", &text);
    return 0;
}

/* The TPM would not open a challenge for a key that is not its own, so this is a guess. */
static int activate(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    const uint8_t guess[SHA256_SIZE] = {0};
    struct json *json = json_new_object();

    (void)app, (void)rq, (void)err;
    served.activated++;
    json_set_base64(json, "credential", SPAN_OF_ARRAY(guess));
    httpd_reply_json(reply, 200, json);
    return 0;
}

static int admit(void *app, struct httpd_request *rq, struct err *err)
{
    (void)app, (void)rq, (void)err;
    return 0;
}

static const struct httpd_route routes[] = {
    {&agent_ops[AGENT_OP_post_attestation], attest, NULL},
    {&agent_ops[AGENT_OP_post_activation], activate, NULL},
};

static int set_up(void **state)
{
    struct httpd_config config = {.listen = "127.0.0.1:0"};
    struct err err;

    (void)state;
    memset(&served, 0, sizeof(served));
    if (!fake_tpm_start(&served.fake))
        return 0;
    assert_ok(tpm_device_open(served.fake.tcti, &served.tpm, &err));
    https_identity_make(KEY_P256, 1, &served.identity);
    config.certificate = buf_span(&served.identity.certificate);
    config.key = buf_span(&served.identity.key);
    served.service = (struct httpd_service){
        .routes = routes, .route_count = COUNT_OF(routes), .admit = admit, .cors_origins = ""};
    assert_ok(httpd_start(&config, &served.service, &served.httpd, &err));
    snprintf(served.url, sizeof(served.url), "https://127.0.0.1:%u", httpd_port(served.httpd));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (served.tpm == NULL)
        return 0;
    httpd_stop(served.httpd, 0);
    https_identity_done(&served.identity);
    tpm_device_free(served.tpm);
    fake_tpm_stop(&served.fake);
    return 0;
}

/* --- the client ------------------------------------------------------------------------------ */

static struct httpc *client_new(void)
{
    const struct httpc_config config = {.url = served.url,
                                        .trust = HTTPC_TRUST_ANY,
                                        .opener = &agent_ops[AGENT_OP_get_state],
                                        .clock = clock_now,
                                        .ticks_ms = clock_monotonic_ms};
    struct httpc *client = NULL;
    struct err err;

    if (served.tpm == NULL)
        skip();
    assert_ok(httpc_new(&config, &client, &err));
    return client;
}

/* The maker of the TPM is trusted, so that the second round is all that stands in the way. */
static struct policy *policy_new(void)
{
    OWNED(free_str)
    char *path = mem_printf("%s/swtpm-localca-rootca-cert.pem", served.fake.dir);
    OWNED_BUF pem = BUF_OF(16 * KIB), text = BUF_OF(32 * KIB);
    struct policy *policy = NULL;
    struct err err;

    assert_ok(file_read(path, &pem, &err));
    buf_add_str(&text,
                "{\"version\":1,\"waive\":[\"measurement\",\"pei\"],\"vtpm\":{\"ek_roots\":[");
    json_write_str(buf_str(&pem), &text);
    buf_add_str(&text, "]}}");
    assert_ok(policy_load(buf_span(&text), &policy, &err));
    return policy;
}

/* What a verdict says is wrong, of whatever kind. */
static void list_errors(const struct verdict *verdict, struct buf *out)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (verdict->findings[i].severity == SEVERITY_ERROR)
            buf_printf(out, "%s ", finding_row(verdict->findings[i].id)->id);
}

/* --- the tests ------------------------------------------------------------------------------- */

static void a_wrong_answer_to_the_challenge_proves_nothing(void **state)
{
    OWNED_HTTPC *client = client_new();
    OWNED_POLICY *policy = policy_new();
    OWNED_BUF issuer = BUF_OF(16 * KIB), errors = BUF_OF(4 * KIB);
    OWNED(free_str) char *path = mem_printf("%s/issuercert.pem", served.fake.dir);
    struct span chain[1];
    struct httpc_terms terms = {.given.policy = policy};
    OWNED_HTTPC_ATTESTED attested = {.has_transcript = false};
    struct err err;

    (void)state;
    assert_ok(file_read(path, &issuer, &err));
    chain[0] = buf_span(&issuer);
    terms.given.chain = (struct attest_spans){chain, 1};
    assert_ok(httpc_attest(client, &terms, &attested, &err));
    assert_int_equal(served.activated, 1);
    assert_false(verdict_accepted(&attested.verdict));
    list_errors(&attested.verdict, &errors);
    assert_string_equal(buf_str(&errors), "tpm.ak.unbound "); /* and everything else holds */
}

static void the_challenge_goes_out_on_the_connection_of_the_evidence_only(void **state)
{
    OWNED_HTTPC *client = client_new();
    OWNED_POLICY *policy = policy_new();
    const struct httpc_terms terms = {.given.policy = policy};
    struct httpc_attested attested;
    struct err err;

    (void)state;
    served.closes = true;
    assert_fails(httpc_attest(client, &terms, &attested, &err), ERR_UNREACHABLE);
    assert_int_equal(served.activated, 0);
}

static void every_asking_has_a_challenge_of_its_own(void **state)
{
    static const uint8_t zeros[SHA256_SIZE];
    OWNED_HTTPC *client = client_new();
    OWNED_POLICY *policy = policy_new();
    const struct httpc_terms terms = {.given.policy = policy};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ASKINGS_MAX; i++) {
        OWNED_HTTPC_ATTESTED attested = {.has_transcript = false};

        assert_ok(httpc_attest(client, &terms, &attested, &err));
        assert_memory_not_equal(served.nonces[i], zeros, SHA256_SIZE);
        for (size_t before = 0; before < i; before++)
            assert_memory_not_equal(served.nonces[i], served.nonces[before], SHA256_SIZE);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_wrong_answer_to_the_challenge_proves_nothing),
        TEST(the_challenge_goes_out_on_the_connection_of_the_evidence_only),
        TEST(every_asking_has_a_challenge_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
