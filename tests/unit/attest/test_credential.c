/* Against a real TPM; what the bytes are by themselves is in test_wrap.c. */
#include "tests/unit/unit.h"

#include "lib/attest/endorsement/credential.h"
#include "services/agent-api/attester/tpm_device.h"
#include "tests/fakes/fake_tpm.h"

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

static struct credential_random some_random(void)
{
    struct credential_random random;

    memset(random.secret, 0x11, sizeof(random.secret));
    memset(random.seed, 0x22, sizeof(random.seed));
    return random;
}

struct keys {
    struct tpm_device *tpm;
    struct tpm_public ek, ak;
    uint8_t name[TPM_NAME_SIZE_MAX];
    size_t name_len;
};

static void open_keys(struct keys *keys)
{
    struct err err;

    if (!have_tpm)
        skip();
    assert_ok(tpm_device_open(fake.tcti, &keys->tpm, &err));
    assert_ok(tpm_public_parse(tpm_device_ek(keys->tpm), &keys->ek, &err));
    assert_ok(tpm_public_parse(tpm_device_ak(keys->tpm), &keys->ak, &err));
    assert_ok(tpm_public_name(&keys->ak, keys->name, &keys->name_len, &err));
}

static void a_key_that_is_no_endorsement_key_is_refused(void **state)
{
    const struct credential_random random = some_random();
    struct credential_challenge challenge;
    struct keys keys = {NULL};
    struct tpm_public loose;
    struct err err;

    (void)state;
    open_keys(&keys);
    assert_fails(
        credential_make(&keys.ak, span_of(keys.name, keys.name_len), &random, &challenge, &err),
        ERR_UNTRUSTED);
    loose = keys.ek;
    loose.attributes &= ~(uint32_t)TPM_ATTRIBUTE_RESTRICTED;
    assert_fails(
        credential_make(&loose, span_of(keys.name, keys.name_len), &random, &challenge, &err),
        ERR_UNTRUSTED);
    loose = keys.ek;
    loose.type = TPM_ALG_ECC;
    assert_fails(
        credential_make(&loose, span_of(keys.name, keys.name_len), &random, &challenge, &err),
        ERR_UNTRUSTED);
    loose = keys.ek;
    loose.name_alg = TPM_ALG_SHA384;
    assert_fails(
        credential_make(&loose, span_of(keys.name, keys.name_len), &random, &challenge, &err),
        ERR_UNTRUSTED);
    tpm_device_free(keys.tpm);
}

static void the_tpm_reads_a_challenge_for_its_own_key(void **state)
{
    const struct credential_random random = some_random();
    OWNED_CREDENTIAL_CHALLENGE challenge = {BUF_OF(0), BUF_OF(0)};
    struct keys keys = {NULL};
    struct err err;

    (void)state;
    open_keys(&keys);
    assert_ok(
        credential_make(&keys.ek, span_of(keys.name, keys.name_len), &random, &challenge, &err));
    for (int i = 0; i < 10; i++) { /* more than it has room for sessions */
        OWNED_BUF secret = BUF_OF(TPM_CREDENTIAL_MAX);

        assert_ok(tpm_device_activate(keys.tpm, buf_span(&challenge.blob),
                                      buf_span(&challenge.encrypted), &secret, &err));
        assert_true(span_equal(buf_span(&secret), SPAN_OF_ARRAY(random.secret)));
    }
    tpm_device_free(keys.tpm);
}

static void the_tpm_reads_no_challenge_for_another_key(void **state)
{
    const struct credential_random random = some_random();
    OWNED_CREDENTIAL_CHALLENGE challenge = {BUF_OF(0), BUF_OF(0)};
    OWNED_BUF secret = BUF_OF(TPM_CREDENTIAL_MAX);
    struct keys keys = {NULL};
    struct err err;

    (void)state;
    open_keys(&keys);
    keys.name[keys.name_len - 1] ^= 1;
    assert_ok(
        credential_make(&keys.ek, span_of(keys.name, keys.name_len), &random, &challenge, &err));
    assert_fails(tpm_device_activate(keys.tpm, buf_span(&challenge.blob),
                                     buf_span(&challenge.encrypted), &secret, &err),
                 ERR_INPUT);
    assert_int_equal(secret.len, 0);
    tpm_device_free(keys.tpm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_is_no_endorsement_key_is_refused),
        cmocka_unit_test(the_tpm_reads_a_challenge_for_its_own_key),
        cmocka_unit_test(the_tpm_reads_no_challenge_for_another_key),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
