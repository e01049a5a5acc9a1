/* Pieces of evidence that are each genuine and acceptable, side by side: of one machine or not? And
 * wrappers that somebody took off their content. */
#include "tests/unit/attest/bundle_make.h"
#include "tests/unit/attest/pb_make.h"

#include "lib/attest/evidence/eat.h"
#include "lib/attest/evidence/jws.h"
#include "lib/attest/machine.h"
#include "tests/fakes/fake_tdx.h"

#define SNP_TYPE    "application/vnd.cocos.snp-report"
#define TDX_TYPE    "application/vnd.cocos.tdx-quote"
#define TPM_TYPE    "application/vnd.cocos.tpm-attestation"
#define BUNDLE_TYPE "application/vnd.cocos.bundle+json"
#define CWT_TYPE    "application/eat+cwt"
#define JWT_TYPE    "application/eat+jwt"

static struct key *server;

static int make_keys(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_P256, 0, &server, &err);
}

static int free_keys(void **state)
{
    key_free(server);
    fake_tdx_forget_keys();
    return agent_forget_keys(state);
}

/* --- the rule -------------------------------------------------------------------------------- */

static void only_what_is_tied_together_is_one_machine(void **state)
{
    static const struct {
        unsigned snp, tdx, vtpm, dice; /* items of each kind */
        unsigned snp_in_chain, vtpm_in_chain, untied_tpms;
        bool dice_tied, good;
    } rows[] = {
        {.good = true},
        {.snp = 1, .good = true},
        {.vtpm = 1, .untied_tpms = 1, .good = true},
        {.dice = 1, .good = true},
        {.snp = 1, .vtpm = 1, .good = true},
        {.snp = 1, .dice = 1, .dice_tied = true, .good = true},
        {.snp = 1, .dice = 1, .dice_tied = true, .snp_in_chain = 1, .good = true},
        {.snp = 2, .dice = 1, .dice_tied = true, .snp_in_chain = 1, .good = true},
        {.vtpm = 2, .dice = 1, .dice_tied = true, .vtpm_in_chain = 1, .good = true},
        {.snp = 1, .vtpm = 1, .dice = 1, .dice_tied = true, .good = true},
        {.snp = 2},
        {.snp = 1, .tdx = 1},
        {.vtpm = 2},
        {.dice = 2, .dice_tied = true},
        {.snp = 1, .vtpm = 1, .untied_tpms = 1},
        {.snp = 1, .dice = 1},
        {.vtpm = 1, .dice = 1},
        {.snp = 1, .tdx = 1, .dice = 1, .dice_tied = true, .snp_in_chain = 1},
        {.snp = 3, .dice = 1, .dice_tied = true, .snp_in_chain = 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_VERDICT verdict;
        struct attest_case c = {
            .verdict = &verdict,
            .seen = {[KIND_SNP] = rows[i].snp,
                     [KIND_TDX] = rows[i].tdx,
                     [KIND_VTPM] = rows[i].vtpm,
                     [KIND_DICE] = rows[i].dice},
            .seen_in_chain =
                {[KIND_SNP] = rows[i].snp_in_chain, [KIND_VTPM] = rows[i].vtpm_in_chain},
            .untied_tpms = rows[i].untied_tpms,
            .dice_tied = rows[i].dice_tied,
        };

        verdict_init(&verdict, NULL);
        machine_judge(&c);
        if (verdict_holds(&verdict, FINDING_MACHINE) != rows[i].good)
            fail_msg("row %zu", i);
        assert_int_equal(machine_has_platform(&c), rows[i].snp + rows[i].tdx > 0);
    }
}

static void the_finding_counts_what_is_there(void **state)
{
    OWNED_VERDICT verdict;
    struct attest_case c = {.verdict = &verdict, .seen = {[KIND_SNP] = 2, [KIND_VTPM] = 1}};

    (void)state;
    verdict_init(&verdict, NULL);
    machine_judge(&c);
    assert_int_equal(verdict.count, 1);
    assert_non_null(strstr(verdict.findings[0].got, "(snp, snp, vtpm)"));
    assert_non_null(verdict.findings[0].expected);
}

/* --- wrappers -------------------------------------------------------------------------------- */

static void add_record(struct buf *out, const char *type, struct span value)
{
    buf_printf(out, "[\"%s\",\"", type);
    text_encode_base64url(value, out);
    buf_add_str(out, "\"]");
}

struct piece {
    const char *type;
    struct span value;
};

static void wrap_pieces(struct buf *out, const struct piece *pieces, size_t count)
{
    buf_reset(out);
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s\"%zu\":", i > 0 ? "," : "{", i);
        add_record(out, pieces[i].type, pieces[i].value);
    }
    buf_add_str(out, "}");
}

/* A machine whose report, and whose TPM's quote, answer one challenge; each is accepted alone. */
struct pair {
    struct agent agent;
    struct buf report;
    uint8_t nonce[64];
};

static void pair_done(struct pair *p)
{
    buf_done(&p->report);
    agent_done(&p->agent);
}
#define OWNED_PAIR __attribute__((cleanup(pair_done))) struct pair

static void pair_make(struct pair *p)
{
    struct agent *a = &p->agent;
    char ak[65];

    agent_make(a);
    p->report = BUF_OF(64 * KIB);
    memset(p->nonce, 0x5c, sizeof(p->nonce));
    memcpy(a->world.report + 0x50, p->nonce, sizeof(p->nonce));
    fake_snp_make(&a->world);
    buf_add(&p->report, a->world.report, sizeof(a->world.report));
    fake_snp_table(&a->world, &p->report);
    buf_reset(&a->machine.extra);
    buf_add(&a->machine.extra, p->nonce, sizeof(p->nonce));
    machine_quote(&a->machine, NULL);
    a->in.nonce = SPAN_OF_ARRAY(p->nonce);
    buf_reset(&a->policy);
    buf_printf(
        &a->policy,
        "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\",\"measurement\",\"collateral\",\"pei\"],"
        "\"snp\":{\"vmpl\":0},\"tdx\":{},"
        "\"vtpm\":{\"pcrs\":{},\"emulated\":true,\"ak_sha256\":\"%s\"}}",
        hex_of_ak(&a->machine, ak));
}

static void two_reports_in_a_collection_are_two_machines(void **state)
{
    OWNED_PAIR p;
    struct agent *a = &p.agent;

    (void)state;
    pair_make(&p);
    const struct piece report = {SNP_TYPE, buf_span(&p.report)};
    const struct piece pieces[] = {report, report};

    wrap_pieces(&a->text, pieces, 1);
    agent_expect(a, FINDING_COUNT);
    wrap_pieces(&a->text, pieces, 2);
    agent_expect(a, FINDING_MACHINE);
    for (size_t i = 0; i < a->verdict.count; i++) /* nothing else is wrong with them */
        assert_true(a->verdict.findings[i].id == FINDING_MACHINE ||
                    a->verdict.findings[i].severity != SEVERITY_ERROR);
}

static void a_report_and_a_quote_in_a_collection_are_two_machines(void **state)
{
    OWNED_FAKE_TDX tdx;
    OWNED_PAIR p;
    struct agent *a = &p.agent;

    (void)state;
    pair_make(&p);
    fake_tdx_start(&tdx, FAKE_TD4);
    memcpy(tdx.body + 520, p.nonce, sizeof(p.nonce));
    fake_tdx_make(&tdx);
    const struct piece pieces[] = {{SNP_TYPE, buf_span(&p.report)},
                                   {TDX_TYPE, buf_span(&tdx.quote)}};

    wrap_pieces(&a->text, pieces, 2);
    agent_expect(a, FINDING_MACHINE);
    wrap_pieces(&a->text, pieces + 1, 1);
    agent_validate(a);
    assert_false(agent_found(a, FINDING_MACHINE));
}

/* The policy knows both keys, the TPM's and the platform's; but not that they are of one machine.
 */
static void a_tpm_that_the_report_does_not_name_is_another_machines(void **state)
{
    OWNED_PAIR p;
    struct agent *a = &p.agent;

    (void)state;
    pair_make(&p);
    const struct piece pieces[] = {{SNP_TYPE, buf_span(&p.report)},
                                   {TPM_TYPE, machine_message(&a->machine)},
                                   {SNP_TYPE, buf_span(&p.report)}};

    wrap_pieces(&a->text, pieces + 1, 1);
    agent_expect(a, FINDING_COUNT);
    wrap_pieces(&a->text, pieces, 2);
    agent_expect(a, FINDING_MACHINE);
    wrap_pieces(&a->text, pieces + 1, 2); /* the other way round */
    agent_expect(a, FINDING_MACHINE);
}

/* --- bundles and tokens ---------------------------------------------------------------------- */

/* A bundle of an SNP machine, to which a TD's quote over the same transcript was added. */
static void write_bundle_of_two(struct agent *a, struct fake_tdx *tdx)
{
    OWNED_BUNDLE bundle = {0};
    struct err err;

    agent_sign(a);
    agent_write(a);
    fake_tdx_start(tdx, FAKE_TD4);
    memcpy(tdx->body + 520, a->world.report + 0x50, 64);
    fake_tdx_make(tdx);
    assert_ok(bundle_parse(buf_span(&a->text), &bundle, &err));
    assert_ok(bundle_add(&bundle, BUNDLE_TDX, buf_span(&tdx->quote), &err));
    buf_reset(&a->text);
    assert_ok(bundle_write(&bundle, &a->text, &err));
}

static void write_token(struct agent *a, const struct key *signer)
{
    OWNED_BUNDLE bundle = {0};
    struct err err;

    assert_ok(bundle_parse(buf_span(&a->text), &bundle, &err));
    buf_reset(&a->text);
    assert_ok(eat_write(&bundle, signer, 0, &a->text, &err));
}

static void make_agent(struct agent *a)
{
    agent_make(a);
    agent_take_key(a, server);
    a->in.nonce = SPAN_OF_ARRAY(a->channel_bytes[0]);
}

static void a_bundle_of_two_platforms_is_refused(void **state)
{
    OWNED_FAKE_TDX tdx;
    OWNED_AGENT a;

    (void)state;
    make_agent(&a);
    write_bundle_of_two(&a, &tdx);
    agent_expect(&a, FINDING_MACHINE);
    write_token(&a, server);
    agent_expect(&a, FINDING_MACHINE);
}

static void a_report_beside_a_whole_bundle_is_refused(void **state)
{
    OWNED_BUF bundle = BUF_OF(256 * KIB);
    OWNED_PAIR p;
    struct agent *a = &p.agent;

    (void)state;
    pair_make(&p);
    agent_sign(a);
    agent_write(a);
    buf_add_span(&bundle, buf_span(&a->text));
    const struct piece pieces[] = {{SNP_TYPE, buf_span(&p.report)},
                                   {BUNDLE_TYPE, buf_span(&bundle)}};

    wrap_pieces(&a->text, pieces, 2);
    agent_expect(a, FINDING_MACHINE);
}

/* --- a key that was given -------------------------------------------------------------------- */

static void give_key(struct agent *a, const struct key *key, struct buf *pem)
{
    key_write_public_pem(key, pem);
    a->in.key = buf_span(pem);
}

static void a_token_of_ours_taken_off_its_bundle_is_refused_where_a_key_is_given(void **state)
{
    OWNED_BUF pem = BUF_OF(4 * KIB);
    OWNED_KEY *other = NULL;
    OWNED_AGENT a;
    struct err err;

    (void)state;
    make_agent(&a);
    agent_accepted(&a);
    give_key(&a, server, &pem);
    agent_expect(&a, FINDING_KEY_UNUSED);
    write_token(&a, server);
    agent_expect(&a, FINDING_COUNT);
    assert_ok(key_generate(KEY_P256, 0, &other, &err));
    buf_reset(&pem);
    give_key(&a, other, &pem);
    agent_expect(&a, FINDING_TOKEN_SIGNATURE);
}

/* Evidence in a token of the first agents, as CWT, as JWT, and bare. */
static void a_token_taken_off_its_report_is_refused_where_a_key_is_given(void **state)
{
    OWNED_BUF message = BUF_OF(64 * KIB), pem = BUF_OF(4 * KIB), payload = BUF_OF(128 * KIB);
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(64 * KIB);
    struct cose_content content = {0};
    OWNED_JSON *json = NULL;
    OWNED_PAIR p;
    struct agent *a = &p.agent;
    struct err err;

    (void)state;
    pair_make(&p);
    give_key(a, server, &pem);
    pb_snp(&message, SPAN_OF_ARRAY(a->world.report), buf_span(&a->world.vek_der));
    cbor_map_key_text(&claims, "platform_type");
    cbor_add_text(&claims.items, "SNP");
    cbor_map_key_text(&claims, "raw_report");
    cbor_add_bytes(&claims.items, buf_span(&message));
    cbor_map_key_int(&claims, EAT_NONCE);
    cbor_add_bytes(&claims.items, SPAN_OF_ARRAY(p.nonce));
    assert_ok(cbor_map_write(&claims, &payload, &err));
    content.payload = buf_span(&payload);
    buf_reset(&a->text);
    assert_ok(cose_sign1_sign(server, &content, &a->text, &err));
    agent_expect(a, FINDING_COUNT);
    buf_reset(&a->text);
    buf_add_span(&a->text, buf_span(&payload)); /* the claims without their signature */
    agent_expect(a, FINDING_FORMAT_UNKNOWN);
    assert_true(agent_found(a, FINDING_KEY_UNUSED));

    buf_reset(&a->text);
    buf_add_span(&a->text, buf_span(&p.report));
    agent_expect(a, FINDING_KEY_UNUSED);

    json = json_new_object();
    json_set_str(json, "platform_type", "SNP");
    json_set_base64(json, "raw_report", buf_span(&message));
    buf_reset(&payload);
    text_encode_base64url(SPAN_OF_ARRAY(p.nonce), &payload);
    json_set_str(json, "eat_nonce", buf_str(&payload));
    buf_reset(&a->text);
    json_write(json, &a->text);
    agent_expect(a, FINDING_FORMAT_UNKNOWN);
    assert_true(agent_found(a, FINDING_KEY_UNUSED));
    buf_reset(&a->text);
    assert_ok(jws_sign(json, "JWT", server, &a->text, &err));
    agent_validate(a);
    assert_false(agent_found(a, FINDING_KEY_UNUSED));
    a->text.len = (size_t)(strrchr(buf_str(&a->text), '.') + 1 - buf_str(&a->text));
    agent_expect(a, FINDING_TOKEN_SIGNATURE); /* cut before its signature */
}

static void sign_wrapper(struct agent *a, struct span wrapper)
{
    OWNED_CBOR_MAP headers = CBOR_MAP_OF(1 * KIB);
    struct cose_content content = {.protected_map = &headers, .payload = wrapper};
    struct err err;

    cbor_map_key_int(&headers, COSE_CONTENT_TYPE);
    cbor_add_text(&headers.items, "application/cmw+json");
    buf_reset(&a->text);
    assert_ok(cose_sign1_sign(server, &content, &a->text, &err));
}

static void a_collection_taken_out_of_its_signature_is_refused_where_a_key_is_given(void **state)
{
    OWNED_BUF wrapper = BUF_OF(64 * KIB), pem = BUF_OF(4 * KIB);
    OWNED_PAIR p;
    struct agent *a = &p.agent;

    (void)state;
    pair_make(&p);
    give_key(a, server, &pem);
    const struct piece pieces[] = {{SNP_TYPE, buf_span(&p.report)}};

    wrap_pieces(&wrapper, pieces, 1);
    sign_wrapper(a, buf_span(&wrapper));
    agent_expect(a, FINDING_COUNT);
    wrap_pieces(&a->text, pieces, 1);
    agent_expect(a, FINDING_KEY_UNUSED);
}

/* Something that the key signed does not vouch for what lies beside it. */
static void a_token_does_not_cover_what_lies_beside_it(void **state)
{
    OWNED_BUF claims = BUF_OF(4 * KIB), token = BUF_OF(4 * KIB), pem = BUF_OF(4 * KIB);
    struct cose_content content = {.payload = span_of("\xa0", 1)};
    OWNED_PAIR p;
    struct agent *a = &p.agent;
    struct err err;

    (void)state;
    pair_make(&p);
    give_key(a, server, &pem);
    assert_ok(cose_sign1_sign(server, &content, &token, &err));
    const struct piece pieces[] = {{CWT_TYPE, buf_span(&token)}, {SNP_TYPE, buf_span(&p.report)}};

    wrap_pieces(&a->text, pieces, 2);
    agent_expect(a, FINDING_KEY_UNUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_tied_together_is_one_machine),
        cmocka_unit_test(the_finding_counts_what_is_there),
        cmocka_unit_test(two_reports_in_a_collection_are_two_machines),
        cmocka_unit_test(a_report_and_a_quote_in_a_collection_are_two_machines),
        cmocka_unit_test(a_tpm_that_the_report_does_not_name_is_another_machines),
        cmocka_unit_test(a_bundle_of_two_platforms_is_refused),
        cmocka_unit_test(a_report_beside_a_whole_bundle_is_refused),
        cmocka_unit_test(a_token_of_ours_taken_off_its_bundle_is_refused_where_a_key_is_given),
        cmocka_unit_test(a_token_taken_off_its_report_is_refused_where_a_key_is_given),
        cmocka_unit_test(a_collection_taken_out_of_its_signature_is_refused_where_a_key_is_given),
        cmocka_unit_test(a_token_does_not_cover_what_lies_beside_it),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
