#include "tests/unit/attest/bundle_make.h"
#include "tests/unit/attest/legacy_make.h"
#include "tests/unit/attest/pb_make.h"
#include "tests/unit/attest/token_make.h"
#include "tests/unit/attest/vectors.h"

#include "lib/attest/eat_case.h"
#include "lib/attest/evidence/eat.h"
#include "lib/crypto/key_parts.h"

/* --- our own --------------------------------------------------------------------------------- */

/* An agent whose server's key is this one, and what it sends as a token. */
static void make_agent(struct agent *a, const struct key *server)
{
    agent_make(a);
    agent_take_key(a, server);
    a->in.nonce = SPAN_OF_ARRAY(a->channel_bytes[0]);
}

static void write_token_of(struct agent *a, const struct key *signer, int64_t issued)
{
    OWNED_BUNDLE bundle = {0};
    struct err err;

    agent_sign(a);
    agent_write(a);
    assert_ok(bundle_parse(buf_span(&a->text), &bundle, &err));
    buf_reset(&a->text);
    assert_ok(eat_write(&bundle, signer, issued, &a->text, &err));
}

static void write_token(struct agent *a, const struct key *signer)
{
    write_token_of(a, signer, 0);
}

static struct key *server, *other;

static int make_keys(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_P256, 0, &server, &err) | key_generate(KEY_P256, 0, &other, &err);
}

static int free_keys(void **state)
{
    key_free(server);
    key_free(other);
    return agent_forget_keys(state);
}

static void a_bundle_signed_by_the_servers_key_is_accepted(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, server);
    write_token(&a, server);
    agent_expect(&a, FINDING_COUNT);
    assert_int_equal(a.verdict.opened, 6);
    assert_string_equal(json_get_str(json_get(a.verdict.claims, "token"), "form"), "cwt");
}

static void a_bundle_signed_by_another_key_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, server);
    write_token(&a, other);
    agent_expect(&a, FINDING_TOKEN_BINDING);
    assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_FAIL);
}

static void no_byte_of_it_can_be_changed(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, server);
    write_token(&a, server);
    for (size_t at = 0; at < a.text.len; at += 101) {
        a.text.data[at] ^= 0x20;
        agent_validate(&a);
        assert_false(verdict_accepted(&a.verdict));
        a.text.data[at] ^= 0x20;
    }
    agent_expect(&a, FINDING_COUNT);
}

static void the_transcript_of_a_token_is_the_callers_connection(void **state)
{
    uint8_t identity[SHA256_SIZE];
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, server);
    write_token(&a, server);
    key_identity(server, identity);
    a.channel.server = SPAN_OF_ARRAY(identity);
    a.in.channel = &a.channel;
    agent_expect(&a, FINDING_COUNT);
    a.channel.exporter = SPAN_OF_ARRAY(identity);
    agent_expect(&a, FINDING_TRANSCRIPT_CHANNEL);
}

static void what_a_token_says_of_itself_is_judged_in_ours_too(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, server);
    write_token_of(&a, server, FAKE_SNP_NOW);
    agent_expect(&a, FINDING_COUNT);
    write_token_of(&a, server, FAKE_SNP_NOW + 3600);
    agent_expect(&a, FINDING_TOKEN_TIME);
}

static void an_svsms_manifest_comes_in_a_token_too(void **state)
{
    OWNED_BUNDLE bundle = {0};
    OWNED_AGENT a;
    OWNED_SVSM s;
    struct err err;

    (void)state;
    make_agent(&a, server);
    make_svsm(&a, &s);
    write_token(&a, server);
    agent_expect(&a, FINDING_COUNT);
    assert_string_equal(
        json_get_str(json_get(json_get(a.verdict.claims, "vtpm"), "ak"), "bound_by"), "report");

    agent_write(&a); /* another key in the manifest, in a token that is signed all the same */
    assert_ok(bundle_parse(buf_span(&a.text), &bundle, &err));
    bundle.endorsement.svsm_manifest.data[bundle.endorsement.svsm_manifest.len - 1] ^= 1;
    buf_reset(&a.text);
    assert_ok(eat_write(&bundle, server, 0, &a.text, &err));
    agent_expect(&a, FINDING_SNP_REPORT_DATA);
    assert_true(agent_found(&a, FINDING_TPM_AK_UNBOUND));

    bundle.endorsement.svsm_manifest.len = 0; /* and none: what the report is over is unknown */
    buf_reset(&a.text);
    assert_ok(eat_write(&bundle, server, 0, &a.text, &err));
    agent_expect(&a, FINDING_SNP_REPORT_DATA);
}

/* --- what a caller of the first agents' protocol gets ---------------------------------------- */

/* The nonce as the token has it: with zeros after it. */
static void ask_legacy_whole(struct agent *a, struct legacy_demand *demand)
{
    *demand = legacy_question();
    a->in.report_data = SPAN_OF_ARRAY(demand->report_data);
    a->in.nonce = SPAN_OF_ARRAY(demand->nonce);
}

static void what_a_caller_chose_is_answered_and_accepted(void **state)
{
    static const struct {
        bool snp, vtpm;
    } rows[] = {{true, true}, {true, false}};
    struct legacy_demand demand;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_AGENT a;

        legacy_agent_make(&a, server);
        a.snp = rows[i].snp;
        a.vtpm = rows[i].vtpm;
        agent_policy(&a, "");
        legacy_agent_answer(&a, server);
        ask_legacy_whole(&a, &demand);
        agent_expect(&a, FINDING_COUNT);
        assert_string_equal(json_get_str(json_get(a.verdict.claims, "transcript"), "kind"),
                            "legacy");

        a.in.report_data = span_of_str("other data");
        agent_expect(&a, FINDING_TRANSCRIPT_CHALLENGE);
        ask_legacy_whole(&a, &demand);
        demand.nonce[0] ^= 1;
        agent_expect(&a, FINDING_TRANSCRIPT_CHALLENGE);
    }
}

static void no_byte_of_it_can_be_changed_either(void **state)
{
    struct legacy_demand demand;
    OWNED_AGENT a;

    (void)state;
    legacy_agent_make(&a, server);
    legacy_agent_answer(&a, server);
    ask_legacy_whole(&a, &demand);
    for (size_t at = 0; at < a.text.len; at += 101) {
        a.text.data[at] ^= 0x20;
        agent_validate(&a);
        assert_false(verdict_accepted(&a.verdict));
        a.text.data[at] ^= 0x20;
    }
    agent_expect(&a, FINDING_COUNT);
}

static void it_is_signed_by_the_servers_key(void **state)
{
    struct legacy_demand demand;
    OWNED_AGENT a;

    (void)state;
    legacy_agent_make(&a, server);
    legacy_agent_answer(&a, other);
    ask_legacy_whole(&a, &demand);
    agent_expect(&a, FINDING_TOKEN_BINDING);
}

/* Whoever asks for such evidence gets the platform to sign a hash over what he chose, and not what
 * he chose: the digest of a transcript that names his own connection is of no use to him. */
static void the_digest_of_a_channel_as_report_data_makes_no_evidence_of_it(void **state)
{
    OWNED_BUF wanted = BUF_OF(TRANSCRIPT_SIZE_MAX);
    struct transcript forged;
    struct legacy_demand demand;
    uint8_t digest[SHA512_SIZE];
    OWNED_BUNDLE bundle = {0};
    OWNED_AGENT a;
    struct err err;

    (void)state;
    legacy_agent_make(&a, server);
    forged = a.transcript; /* of the victim's connection with the relay */
    forged.kind = TRANSCRIPT_CHANNEL;
    transcript_set(&forged, TRANSCRIPT_NONCE, a.channel_bytes[0]);
    transcript_set(&forged, TRANSCRIPT_EXPORTER, a.channel_bytes[1]);
    transcript_set(&forged, TRANSCRIPT_SERVER, a.channel_bytes[2]);
    assert_ok(transcript_encode(&forged, &wanted, &err));
    transcript_report_data(buf_span(&wanted), digest);
    assert_ok(legacy_demand_set(SPAN_OF_ARRAY(digest), span_of(NULL, 0), &demand, &err));
    legacy_nonce(&demand, digest);
    transcript_set(&a.transcript, TRANSCRIPT_NONCE, digest);
    agent_sign(&a);
    agent_write(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    a.in.channel = &a.channel;

    agent_expect(&a, FINDING_TRANSCRIPT_FORM); /* as it is, in a bundle */
    assert_ok(bundle_parse(buf_span(&a.text), &bundle, &err));
    assert_ok(bundle_set_transcript(&bundle, &forged, &err));
    buf_reset(&a.text);
    assert_ok(bundle_write(&bundle, &a.text, &err));
    agent_expect(&a, FINDING_SNP_REPORT_DATA); /* under the transcript that he wants */
    buf_reset(&a.text);
    assert_ok(eat_write(&bundle, server, 0, &a.text, &err));
    agent_expect(&a, FINDING_SNP_REPORT_DATA); /* and in a token of ours */
    agent_policy(&a, "");
}

static void it_is_no_evidence_for_a_connection(void **state)
{
    struct legacy_demand demand;
    OWNED_AGENT a;

    (void)state;
    legacy_agent_make(&a, server);
    legacy_agent_answer(&a, server);
    ask_legacy_whole(&a, &demand);
    a.in.channel = &a.channel;
    agent_expect(&a, FINDING_TRANSCRIPT_CHANNEL);
}

static void no_other_kind_of_transcript_belongs_into_it(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, server); /* a transcript of our channel */
    legacy_agent_answer(&a, server);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    agent_expect(&a, FINDING_TRANSCRIPT_FORM);
}

/* --- others' --------------------------------------------------------------------------------- */

struct claim {
    int64_t number;
    const char *name; /* instead of the number */
    const char *text;
    struct span bytes;
    int64_t value;
};

static void sign(struct buf *out, const struct claim *claims, size_t count, const struct key *key)
{
    OWNED_CBOR_MAP map = CBOR_MAP_OF(64 * KIB);
    OWNED_BUF payload = BUF_OF(64 * KIB);
    struct cose_content content = {0};
    struct err err;

    for (size_t i = 0; i < count; i++) {
        if (claims[i].name != NULL)
            cbor_map_key_text(&map, claims[i].name);
        else
            cbor_map_key_int(&map, claims[i].number);
        if (claims[i].text != NULL)
            cbor_add_text(&map.items, claims[i].text);
        else if (claims[i].bytes.data != NULL)
            cbor_add_bytes(&map.items, claims[i].bytes);
        else
            cbor_add_int(&map.items, claims[i].value);
    }
    assert_ok(cbor_map_write(&map, &payload, &err));
    content.payload = buf_span(&payload);
    buf_reset(out);
    assert_ok(cose_sign1_sign(key, &content, out, &err));
}

static void claims_alone_are_somebodys_word(void **state)
{
    const struct claim good[] = {{.number = EAT_NONCE, .bytes = span_of_str("our challenge")},
                                 {.number = EAT_EXP, .value = TOKEN_NOW + 1}};
    const struct claim late[] = {{.number = EAT_EXP, .value = TOKEN_NOW}};
    const struct claim odd[] = {{.number = EAT_EXP, .text = "tomorrow"}};
    OWNED_TOKEN_SCENE s;

    (void)state;
    token_scene_make(&s, KEY_P384);
    sign(&s.text, good, COUNT_OF(good), s.key);
    token_scene_expect(&s, FINDING_TOKEN_EMPTY);
    assert_int_equal(verdict_crypto(&s.verdict), OUTCOME_PASS);
    assert_false(token_scene_found(&s, FINDING_TOKEN_CHALLENGE));
    sign(&s.text, late, COUNT_OF(late), s.key);
    token_scene_expect(&s, FINDING_TOKEN_TIME);
    assert_true(token_scene_found(&s, FINDING_TOKEN_CHALLENGE));
    sign(&s.text, odd, COUNT_OF(odd), s.key);
    token_scene_expect(&s, FINDING_TOKEN_FORM);
    sign(&s.text, good, COUNT_OF(good), other);
    token_scene_expect(&s, FINDING_TOKEN_SIGNATURE);
    s.in.key = span_of(NULL, 0);
    token_scene_expect(&s, FINDING_TOKEN_KEY);
}

/* What CocosAI's first agents send: a message of go-sev-guest under a key of nobody's. */
static void evidence_of_the_first_agents_is_judged_by_itself(void **state)
{
    OWNED_BUF message = BUF_OF(64 * KIB);
    struct claim claims[2];
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.machine.cel.len = a.machine.tcg.len = 0;
    memset(a.world.report + 0x50, 0x5c, 64);
    fake_snp_make(&a.world);
    pb_snp(&message, SPAN_OF_ARRAY(a.world.report), buf_span(&a.world.vek_der));
    claims[0] = (struct claim){.name = "platform_type", .text = "SNP"};
    claims[1] = (struct claim){.name = "raw_report", .bytes = buf_span(&message)};
    sign(&a.text, claims, 2, other);
    a.in.report_data = span_of(a.world.report + 0x50, 64);
    buf_reset(&a.policy);
    buf_add_str(&a.policy, "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\",\"measurement\"],"
                           "\"snp\":{\"vmpl\":0}}");
    agent_expect(&a, FINDING_COUNT);
    a.in.report_data = span_of(a.world.report + 0x51, 64);
    agent_expect(&a, FINDING_SNP_REPORT_DATA);
    claims[0].text = "TDX";
    sign(&a.text, claims, 2, other);
    agent_validate(&a);
    assert_false(verdict_accepted(&a.verdict));
}

/* The platform within is in order; what the signer says of the device refuses all the same. */
static void a_device_that_can_be_looked_into_is_refused(void **state)
{
    OWNED_BUF message = BUF_OF(64 * KIB), pem = BUF_OF(4 * KIB);
    struct claim claims[3];
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.machine.cel.len = a.machine.tcg.len = 0;
    memset(a.world.report + 0x50, 0x5c, 64);
    fake_snp_make(&a.world);
    pb_snp(&message, SPAN_OF_ARRAY(a.world.report), buf_span(&a.world.vek_der));
    key_write_public_pem(other, &pem);
    a.in.key = buf_span(&pem);
    a.in.report_data = span_of(a.world.report + 0x50, 64);
    buf_reset(&a.policy);
    buf_add_str(&a.policy, "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\",\"measurement\"],"
                           "\"snp\":{\"vmpl\":0}}");
    claims[0] = (struct claim){.name = "platform_type", .text = "SNP"};
    claims[1] = (struct claim){.name = "raw_report", .bytes = buf_span(&message)};
    for (int64_t debug = -1; debug <= 6; debug++) {
        claims[2] = (struct claim){.number = EAT_DBGSTAT, .value = debug};
        if (debug == 6)
            claims[2].text = "disabled-since-boot"; /* a name is JSON's */
        sign(&a.text, claims, 3, other);
        agent_expect(&a, debug >= 2 && debug <= 4 ? FINDING_COUNT : FINDING_TOKEN_DEBUG);
    }
}

/* --- vectors --------------------------------------------------------------------------------- */

/* RFC 8392, appendix A.3 and A.2.3. */
static void a_published_web_token_verifies_under_its_key(void **state)
{
    OWNED_BUF x = BUF_OF(64), y = BUF_OF(64), pem = BUF_OF(4 * KIB);
    OWNED_JSON *example = NULL;
    const struct json *numbers;
    OWNED_KEY *key = NULL;
    OWNED_TOKEN_SCENE s;
    struct err err;

    (void)state;
    (void)need_vectors();
    token_scene_make(&s, KEY_P256);
    example = vector_read_json("cose/CWT/A_3.json");
    numbers = json_get(json_get(json_get(example, "input"), "sign0"), "key");
    vector_hex(json_get_str(json_get(example, "output"), "cbor"), &s.text);
    vector_hex(json_get_str(numbers, "x_hex"), &x);
    vector_hex(json_get_str(numbers, "y_hex"), &y);
    assert_ok(key_from_point(KEY_P256, buf_span(&x), buf_span(&y), &key, &err));
    key_write_public_pem(key, &pem);
    s.in.key = buf_span(&pem);
    s.in.nonce = span_of(NULL, 0);
    s.in.now = 1443944945;
    s.in.audience = span_of_str("coap://light.example.com");
    token_scene_expect(&s, FINDING_TOKEN_EMPTY);
    assert_int_equal(verdict_crypto(&s.verdict), OUTCOME_PASS);
    s.in.now = 1444064944;
    token_scene_expect(&s, FINDING_TOKEN_TIME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_signed_by_the_servers_key_is_accepted),
        cmocka_unit_test(a_bundle_signed_by_another_key_is_refused),
        cmocka_unit_test(what_a_token_says_of_itself_is_judged_in_ours_too),
        cmocka_unit_test(an_svsms_manifest_comes_in_a_token_too),
        cmocka_unit_test(what_a_caller_chose_is_answered_and_accepted),
        cmocka_unit_test(no_byte_of_it_can_be_changed_either),
        cmocka_unit_test(it_is_signed_by_the_servers_key),
        cmocka_unit_test(the_digest_of_a_channel_as_report_data_makes_no_evidence_of_it),
        cmocka_unit_test(it_is_no_evidence_for_a_connection),
        cmocka_unit_test(no_other_kind_of_transcript_belongs_into_it),
        cmocka_unit_test(no_byte_of_it_can_be_changed),
        cmocka_unit_test(the_transcript_of_a_token_is_the_callers_connection),
        cmocka_unit_test(claims_alone_are_somebodys_word),
        cmocka_unit_test(evidence_of_the_first_agents_is_judged_by_itself),
        cmocka_unit_test(a_device_that_can_be_looked_into_is_refused),
        cmocka_unit_test(a_published_web_token_verifies_under_its_key),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
