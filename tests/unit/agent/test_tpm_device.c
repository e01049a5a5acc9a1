#include "tests/unit/unit.h"

#include "lib/attest/endorsement/ek_chain.h"
#include "lib/attest/evidence/tpm_quote.h"
#include "services/agent-api/attester/tpm_device.h"
#include "tests/fakes/fake_tpm.h"

#include <time.h>

static struct fake_tpm fake;
static bool have_tpm;

static int start(void **state)
{
    (void)state;
    have_tpm = fake_tpm_start(&fake);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (have_tpm)
        fake_tpm_stop(&fake);
    return 0;
}

static struct tpm_device *open_tpm(void)
{
    struct tpm_device *tpm = NULL;
    struct err err;

    if (!have_tpm)
        skip();
    assert_ok(tpm_device_open(fake.tcti, &tpm, &err));
    return tpm;
}

static void where_no_tpm_answers_there_is_none(void **state)
{
    struct tpm_device *tpm = NULL;
    struct err err;

    (void)state;
    assert_fails(tpm_device_open("device:/dev/no-such-tpm", &tpm, &err), ERR_NOT_FOUND);
    assert_fails(tpm_device_open("no-such-way", &tpm, &err), ERR_NOT_FOUND);
    assert_null(tpm);
}

static void the_attestation_key_is_restricted_and_the_same_each_time(void **state)
{
    struct tpm_device *tpm = open_tpm();
    OWNED_BUF first = BUF_OF(4096);
    struct tpm_public ak;
    struct err err;

    (void)state;
    buf_add_span(&first, tpm_device_ak(tpm));
    tpm_device_free(tpm);
    assert_ok(tpm_public_parse(buf_span(&first), &ak, &err));
    assert_ok(tpm_public_check_attester(&ak, &err));

    fake_tpm_reset(&fake);
    tpm = open_tpm();
    assert_true(span_equal(buf_span(&first), tpm_device_ak(tpm)));
    tpm_device_free(tpm);
}

static void the_endorsement_key_has_its_makers_certificate(void **state)
{
    OWNED_TPM_DEVICE *tpm = open_tpm();
    OWNED(free_str) char *path = mem_printf("%s/issuercert.pem", fake.dir);
    OWNED(free_str) char *root_path = mem_printf("%s/swtpm-localca-rootca-cert.pem", fake.dir);
    OWNED_BUF issuer = BUF_OF(64 * KIB), root = BUF_OF(64 * KIB);
    struct span chain[1];
    char *roots[1];
    struct json_strings named = {.items = roots, .count = 1};
    struct ek_sources from = {.chain = {chain, 1}, .roots = &named, .now = time(NULL)};
    struct tpm_public public;
    OWNED_KEY *ek = NULL;
    struct err err;

    (void)state;
    assert_ok(file_read(path, &issuer, &err));
    assert_ok(file_read(root_path, &root, &err));
    chain[0] = buf_span(&issuer);
    roots[0] = (char *)buf_str(&root);
    from.certificate = tpm_device_ek_certificate(tpm);
    assert_true(from.certificate.len > 500);
    assert_ok(tpm_public_parse(tpm_device_ek(tpm), &public, &err));
    assert_ok(tpm_public_key(&public, &ek, &err));
    assert_ok(ek_chain_check(&from, ek, &err));
}

static void extending_goes_into_the_register_that_was_meant(void **state)
{
    OWNED_TPM_DEVICE *tpm = open_tpm();
    struct pcr_bank before, after;
    uint8_t digest[SHA256_SIZE];
    struct err err;

    (void)state;
    memset(digest, 0x5a, sizeof(digest));
    assert_ok(tpm_device_read(tpm, 1 << 15 | 1 << 14, &before, &err));
    assert_ok(tpm_device_extend(tpm, 15, digest, &err));
    assert_ok(tpm_device_read(tpm, 1 << 15 | 1 << 14, &after, &err));

    assert_true(span_equal(pcr_bank_get(&before, 14), pcr_bank_get(&after, 14)));
    assert_false(span_equal(pcr_bank_get(&before, 15), pcr_bank_get(&after, 15)));
    assert_ok(pcr_bank_extend(&before, 15, SPAN_OF_ARRAY(digest), &err));
    assert_true(span_equal(pcr_bank_get(&before, 15), pcr_bank_get(&after, 15)));
    assert_false(pcr_bank_has(&after, 0));
}

static void a_bank_of_sha1_is_read_where_there_is_one(void **state)
{
    static const char *const banks[] = {"sha256", "sha1,sha256"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(banks); i++) {
        struct fake_tpm other;
        struct tpm_device *tpm = NULL;
        struct pcr_bank sha1;
        struct err err;

        if (!fake_tpm_start_with(&other, banks[i]))
            skip();
        assert_ok(tpm_device_open(other.tcti, &tpm, &err));
        assert_ok(tpm_device_read_sha1(tpm, 10, &sha1, &err));
        assert_int_equal(pcr_bank_has(&sha1, 10), i == 1);
        assert_int_equal(pcr_bank_get(&sha1, 10).len, 20);
        tpm_device_free(tpm);
        fake_tpm_stop(&other);
    }
}

static void a_quote_covers_its_registers_and_answers_the_challenge(void **state)
{
    OWNED_TPM_DEVICE *tpm = open_tpm();
    OWNED_BUF quote_bytes = BUF_OF(4096), signature_bytes = BUF_OF(4096);
    uint8_t extra[SHA256_SIZE];
    struct tpm_signature signature;
    struct tpm_quote quote;
    struct pcr_bank bank;
    struct tpm_public ak;
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    memset(extra, 7, sizeof(extra));
    assert_ok(tpm_device_quote(tpm, TPM_QUOTED_PCRS, extra, &quote_bytes, &signature_bytes, &err));
    assert_ok(tpm_device_read(tpm, TPM_QUOTED_PCRS, &bank, &err));
    assert_ok(tpm_quote_parse(buf_span(&quote_bytes), &quote, &err));
    assert_ok(tpm_signature_parse(buf_span(&signature_bytes), &signature, &err));
    assert_ok(tpm_public_parse(tpm_device_ak(tpm), &ak, &err));
    assert_ok(tpm_public_key(&ak, &key, &err));

    assert_ok(tpm_quote_check_signature(&quote, &signature, key, &err));
    assert_ok(tpm_quote_check_registers(&quote, &signature, &bank, 1, &err));
    assert_true(span_equal(quote.extra_data, SPAN_OF_ARRAY(extra)));
    assert_int_equal(tpm_quote_covers(&quote, DIGEST_SHA256), TPM_QUOTED_PCRS);
}

static void a_challenge_that_is_none_is_refused(void **state)
{
    OWNED_TPM_DEVICE *tpm = open_tpm();
    OWNED_BUF secret = BUF_OF(TPM_CREDENTIAL_MAX);
    uint8_t bytes[2048] = {0};
    struct pcr_bank bank;
    struct err err;

    (void)state;
    assert_fails(tpm_device_activate(tpm, span_of(bytes, 2048), span_of(bytes, 256), &secret, &err),
                 ERR_INPUT);
    assert_fails(tpm_device_activate(tpm, span_of(bytes, 70), span_of(bytes, 2048), &secret, &err),
                 ERR_INPUT);
    for (unsigned fill = 0; fill < 256; fill += 51) {
        memset(bytes, (int)fill, sizeof(bytes));
        assert_fails(
            tpm_device_activate(tpm, span_of(bytes, 70), span_of(bytes, 256), &secret, &err),
            ERR_INPUT);
        assert_ok(tpm_device_read(tpm, 1, &bank, &err));
    }
    assert_int_equal(secret.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_no_tpm_answers_there_is_none),
        cmocka_unit_test(the_attestation_key_is_restricted_and_the_same_each_time),
        cmocka_unit_test(the_endorsement_key_has_its_makers_certificate),
        cmocka_unit_test(extending_goes_into_the_register_that_was_meant),
        cmocka_unit_test(a_bank_of_sha1_is_read_where_there_is_one),
        cmocka_unit_test(a_quote_covers_its_registers_and_answers_the_challenge),
        cmocka_unit_test(a_challenge_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
