#include "tests/unit/attest/vtpm_make.h"

#include "lib/attest/evidence/vtpm.h"
#include "lib/crypto/x509_make.h"

/* --- keys ------------------------------------------------------------------------------------ */

static void a_key_is_read_in_each_of_its_forms(void **state)
{
    const struct x509_subject subject = {.common_name = "AK", .not_after = 1000};
    struct buf forms[5] = {BUF_OF(4 * KIB), BUF_OF(4 * KIB), BUF_OF(4 * KIB), BUF_OF(4 * KIB),
                           BUF_OF(4 * KIB)};
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P384, 0, &key, &err));
    make_public(&forms[0], key, TPM_AK_ATTRIBUTES);
    make_sized(&forms[1], buf_span(&forms[0]));
    key_write_public_pem(key, &forms[2]);
    key_write_spki(key, &forms[3]);
    assert_ok(x509_make(&subject, key, span_of(NULL, 0), key, &forms[4], &err));
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        OWNED_VTPM vtpm = {0};

        assert_ok(vtpm_read_key(buf_span(&forms[i]), &vtpm, &err));
        assert_true(key_equal(vtpm.ak, key));
        assert_int_equal(vtpm.has_public, i < 2);
    }
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        buf_done(&forms[i]);
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const bad[] = {"", "x", "-----BEGIN PUBLIC KEY-----\n", "\0\1\0\x0b"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        OWNED_VTPM vtpm = {0};

        assert_fails(vtpm_read_key(span_of(bad[i], i < 3 ? strlen(bad[i]) : 4), &vtpm, &err),
                     ERR_INPUT);
        assert_null(vtpm.ak);
    }
}

/* --- raw quotes ------------------------------------------------------------------------------ */

static struct vtpm_raw raw_of(struct machine *m)
{
    return (struct vtpm_raw){.quote = buf_span(&m->statement),
                             .signature = buf_span(&m->signature),
                             .key = buf_span(&m->public)};
}

static void a_signature_belongs_to_a_quote_once(void **state)
{
    OWNED_BUF both = BUF_OF(8 * KIB);
    OWNED_MACHINE m;
    struct vtpm_raw raw;
    struct err err;

    (void)state;
    machine_make(&m);
    machine_quote(&m, NULL);
    buf_add_span(&both, buf_span(&m.statement));
    buf_add_span(&both, buf_span(&m.signature));
    raw = raw_of(&m);
    for (int i = 0; i < 4; i++) {
        OWNED_VTPM vtpm = {0};

        raw.quote = (i & 1) != 0 ? buf_span(&both) : buf_span(&m.statement);
        raw.signature = (i & 2) != 0 ? buf_span(&m.signature) : span_of(NULL, 0);
        /* In the file or apart, not both, and not neither. */
        assert_int_equal(vtpm_read_raw(&raw, &vtpm, &err), i == 1 || i == 2 ? 0 : -1);
    }
}

static void a_bare_signature_is_one_of_rsa(void **state)
{
    OWNED_BUF bare = BUF_OF(1 * KIB), spki = BUF_OF(4 * KIB);
    OWNED_VTPM vtpm = {0}, none = {0};
    OWNED_KEY *rsa = NULL;
    OWNED_MACHINE m;
    struct vtpm_raw raw;
    struct err err;

    (void)state;
    machine_make(&m);
    machine_quote(&m, NULL);
    assert_ok(key_generate(KEY_RSA, 2048, &rsa, &err));
    key_write_spki(rsa, &spki);
    foreign_sign(rsa, DIGEST_SHA256, FOREIGN_PKCS1, buf_span(&m.statement), &bare);
    raw = raw_of(&m);
    raw.signature = buf_span(&bare);
    assert_int_equal(vtpm_read_raw(&raw, &none, &err), -1); /* the key is of another kind */
    raw.key = buf_span(&spki);
    assert_ok(vtpm_read_raw(&raw, &vtpm, &err));
    assert_ok(
        tpm_quote_check_signature(&vtpm.quotes[0].quote, &vtpm.quotes[0].signature, vtpm.ak, &err));
}

/* --- registers from logs --------------------------------------------------------------------- */

static void read_machine(struct machine *m, struct vtpm *vtpm)
{
    struct vtpm_raw raw;
    struct err err;

    machine_quote(m, NULL);
    raw = raw_of(m);
    assert_ok(vtpm_read_raw(&raw, vtpm, &err));
    vtpm->logs.tcg = buf_span(&m->tcg);
    vtpm->logs.cel = buf_span(&m->cel);
    vtpm->logs.ima = buf_span(&m->ima);
}

static void the_logs_lead_to_the_registers(void **state)
{
    OWNED_VTPM vtpm = {0};
    OWNED_MACHINE m;
    struct pcr_bank bank;
    struct err err;

    (void)state;
    machine_make(&m);
    read_machine(&m, &vtpm);
    assert_ok(vtpm_rebuild(&vtpm.quotes[0], &vtpm.logs, &bank, &err));
    for (unsigned i = 0; i < PCR_COUNT; i++)
        assert_true(span_equal(pcr_bank_get(&bank, i), pcr_bank_get(&m.bank, i)));
}

static void each_log_is_needed(void **state)
{
    OWNED_VTPM vtpm = {0};
    OWNED_MACHINE m;
    struct pcr_bank bank;
    struct err err;

    (void)state;
    machine_make(&m);
    read_machine(&m, &vtpm);
    for (int i = 0; i < 3; i++) {
        struct vtpm_logs logs = vtpm.logs;
        struct span *one = i == 0 ? &logs.tcg : i == 1 ? &logs.cel : &logs.ima;

        *one = span_of(NULL, 0);
        assert_fails(vtpm_rebuild(&vtpm.quotes[0], &logs, &bank, &err), ERR_UNTRUSTED);
        *one = span_of_str("nonsense, whatever the log");
        assert_int_equal(vtpm_rebuild(&vtpm.quotes[0], &logs, &bank, &err), -1);
    }
}

static void registers_of_two_banks_are_not_rebuilt(void **state)
{
    OWNED_VTPM vtpm = {0};
    OWNED_MACHINE m;
    struct pcr_bank bank;
    struct err err;

    (void)state;
    machine_make(&m);
    read_machine(&m, &vtpm);
    vtpm.quotes[0].quote.selection_count = 2;
    assert_fails(vtpm_rebuild(&vtpm.quotes[0], &vtpm.logs, &bank, &err), ERR_INPUT);
    vtpm.quotes[0].quote.selection_count = 1;
    vtpm.quotes[0].quote.selections[0].alg_id = TPM_ALG_SM3_256;
    assert_fails(vtpm_rebuild(&vtpm.quotes[0], &vtpm.logs, &bank, &err), ERR_INPUT);
}

static void software_tpms_are_known_by_their_firmware(void **state)
{
    OWNED_VTPM vtpm = {0};
    OWNED_MACHINE m;

    (void)state;
    machine_make(&m);
    read_machine(&m, &vtpm);
    assert_false(vtpm_is_emulated(&vtpm));
    vtpm.quotes[0].quote.firmware_version = 0x2019102300163636;
    assert_true(vtpm_is_emulated(&vtpm));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_read_in_each_of_its_forms),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_signature_belongs_to_a_quote_once),
        cmocka_unit_test(a_bare_signature_is_one_of_rsa),
        cmocka_unit_test(the_logs_lead_to_the_registers),
        cmocka_unit_test(each_log_is_needed),
        cmocka_unit_test(registers_of_two_banks_are_not_rebuilt),
        cmocka_unit_test(software_tpms_are_known_by_their_firmware),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
