/* The attestation of a Google machine, from bytes to a verdict. */
#include "tests/unit/attest/vectors.h"

#include "lib/attest/attest.h"
#include "lib/attest/evidence/tpm_pb.h"

struct google {
    struct buf evidence, text;
    struct attest_input in;
    struct verdict verdict;
};

static void google_done(struct google *g)
{
    buf_done(&g->evidence);
    buf_done(&g->text);
    verdict_done(&g->verdict);
}
#define OWNED_GOOGLE __attribute__((cleanup(google_done))) struct google

static void open_google(struct google *g)
{
    *g = (struct google){.evidence = BUF_OF(1 * MIB), .text = BUF_OF(64 * KIB)};
    vector_read("vtpm/go-tpm-tools-attestations/gce-cos-85-no-nonce.pb", &g->evidence);
    g->in.evidence = buf_span(&g->evidence);
}

/* The policy is made of what the evidence says: its key, and PCR 4 and 0. */
static void write_policy(struct google *g, const char *more)
{
    char ak[65], pcr[2][65];
    uint8_t digest[SHA256_SIZE];
    struct tpm_pb pb;
    struct err err;

    assert_ok(tpm_pb_parse(buf_span(&g->evidence), &pb, &err));
    digest_of(DIGEST_SHA256, pb.ak_public, digest);
    text_hex(digest, sizeof(digest), ak);
    assert_int_equal(pb.quotes[1].bank.alg, DIGEST_SHA256);
    text_hex(pb.quotes[1].bank.value[0], SHA256_SIZE, pcr[0]);
    text_hex(pb.quotes[1].bank.value[4], SHA256_SIZE, pcr[1]);
    buf_reset(&g->text);
    buf_printf(&g->text,
               "{\"version\":1%s,\"vtpm\":{\"ak_sha256\":\"%s\",\"pcrs\":{\"sha256\":{\"0\":\"%s\","
               "\"4\":\"%s\"}}}}",
               more, ak, pcr[0], pcr[1]);
}

static bool accepts(struct google *g)
{
    OWNED_POLICY *policy = NULL;
    struct err err;

    assert_ok(policy_load(buf_span(&g->text), &policy, &err));
    g->in.policy = policy;
    verdict_done(&g->verdict);
    assert_ok(attest_validate(&g->in, &g->verdict, &err));
    g->in.policy = NULL;
    return verdict_accepted(&g->verdict);
}

static void it_is_accepted_as_kept_evidence(void **state)
{
    OWNED_BUF why = BUF_OF(256 * KIB);
    const struct json *boot;
    OWNED_GOOGLE g;

    (void)state;
    need_vectors();
    open_google(&g);
    write_policy(&g, ",\"waive\":[\"freshness\"]");
    if (!accepts(&g)) {
        attest_explain(&g.verdict, &why);
        fail_msg("%s", buf_str(&why));
    }
    boot = json_get(json_get(g.verdict.claims, "vtpm"), "boot");
    assert_string_equal(json_get_str(boot, "secure_boot"), "on");
    assert_true(text_starts_with(json_get_str(boot, "command_line"), "/syslinux/vmlinuz.A init="));
    assert_true(json_count(json_get(boot, "applications")) >= 1);
}

static void it_answers_no_nonce(void **state)
{
    OWNED_GOOGLE g;

    (void)state;
    need_vectors();
    open_google(&g);
    write_policy(&g, ",\"waive\":[\"freshness\"]");
    g.in.nonce = span_of("\x90\x09", 2);
    assert_false(accepts(&g));
    g.in.nonce = span_of(NULL, 0);
    write_policy(&g, "");
    assert_false(accepts(&g));
}

static void its_key_counts_only_when_it_is_pinned(void **state)
{
    OWNED_GOOGLE g;

    (void)state;
    need_vectors();
    open_google(&g);
    buf_add_str(&g.text, "{\"version\":1,\"waive\":[\"freshness\",\"measurement\",\"pei\"],"
                         "\"vtpm\":{}}");
    assert_false(accepts(&g));
    assert_int_equal(verdict_crypto(&g.verdict), OUTCOME_FAIL);
    assert_int_equal(verdict_policy(&g.verdict), OUTCOME_PASS);
}

/* One changed byte in each 61 of the whole message: never a crash; and accepted only where the byte
 * is no part of what is proven (texts of events, the certificate, which nobody asked about). */
static void changed_bytes_never_change_what_is_proven(void **state)
{
    OWNED_BUF first = BUF_OF(256 * KIB);
    OWNED_GOOGLE g;

    (void)state;
    need_vectors();
    open_google(&g);
    write_policy(&g, ",\"waive\":[\"freshness\"]");
    assert_true(accepts(&g));
    json_write(json_get(json_get(g.verdict.claims, "vtpm"), "pcrs"), &first);
    for (size_t at = 0; at < g.evidence.len; at += 61) {
        OWNED_BUF again = BUF_OF(256 * KIB);

        g.evidence.data[at] ^= 0x04;
        if (accepts(&g)) {
            json_write(json_get(json_get(g.verdict.claims, "vtpm"), "pcrs"), &again);
            assert_string_equal(buf_str(&again), buf_str(&first));
        }
        g.evidence.data[at] ^= 0x04;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_accepted_as_kept_evidence),
        cmocka_unit_test(it_answers_no_nonce),
        cmocka_unit_test(its_key_counts_only_when_it_is_pinned),
        cmocka_unit_test(changed_bytes_never_change_what_is_proven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
