/* Collateral in all its forms, who signed it, and which piece of several is used. */
#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/endorsement/dcap_collateral.h"
#include "lib/attest/endorsement/dcap_signer.h"
#include "lib/crypto/sign.h"

/* Checks the world with these pieces as its collateral. */
static void check_pieces(struct fake_tdx *world, const struct span *pieces, size_t count,
                         const char *refusal, const char *words)
{
    struct attest_input in;

    fake_tdx_input(world, &in);
    in.collateral = (struct attest_spans){pieces, count};
    check(&in, refusal, words);
}

static void check_piece(struct fake_tdx *world, const char *text, const char *refusal,
                        const char *words)
{
    struct span piece = span_of_str(text);

    check_pieces(world, &piece, 1, refusal, words);
}

/* {"tcbInfo": ..., "signature": ...}, as Intel's service gives it. */
static void write_body(const char *key, const struct buf *document, struct buf *out)
{
    OWNED_BUF signature = BUF_OF(128);
    char hex[2 * 64 + 1];
    struct err err;

    assert_ok(sign_message(fake_tdx_key(FAKE_TDX_SIGNER), buf_span(document), &signature, &err));
    text_hex(signature.data, 64, hex);
    buf_printf(out, "{\"%s\":%s,\"signature\":\"%s\"}", key, buf_str(document), hex);
}

static void what_is_no_collateral_is_said_so(void **state)
{
    static const char *const texts[] = {
        "",
        " \n",
        "x",
        "{}",
        "{\"tcb\":1}",
        "[]",
        "{\"tcb_info\":1}",
        "{\"tcb_info\":{}}",
        "{\"tcb_info\":\"\"}",
        "{\"tcb_info\":\"{}\",\"tcb_info_signature\":\"00\"}",
        "{\"tcbInfo\":{}}",
        "{\"tcbInfo\":1,\"signature\":\"00\"}",
        "{\"enclaveIdentity\":{}}",
        "{\"root_ca_crl\":\"00\"}",
        "{\"root_ca_crl\":\"zz\"}",
        "{\"tcb_info_issuer_chain\":\"no certificate\"}",
        "{\"pck_crl\":null,\"pck_crl\":null}",
        "{\"pck_crl\":\"\"",
        "-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "3082",
        "0\x82",
    };
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD4);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        check_piece(&world, texts[i], "dcap.collateral.form", NULL);
    check_piece(&world, "{\"tcb_info\":null}", NULL, NULL);
}

/* Of an empty file nothing may follow, least of all that a built-in root is meant. */
static void what_is_given_and_empty_is_not_absent(void **state)
{
    const struct span empty = span_of(NULL, 0);
    const struct attest_spans one = {&empty, 1};
    OWNED_FAKE_TDX world;
    struct attest_input in;

    (void)state;
    make_world(&world, FAKE_TD4);
    fake_tdx_input(&world, &in);
    in.trust_roots = one;
    check(&in, "dcap.collateral.form", "trust root 1");
    fake_tdx_input(&world, &in);
    in.crls = one;
    check(&in, "dcap.collateral.form", "crl 1");
    fake_tdx_input(&world, &in);
    in.chain = one;
    check(&in, "dcap.collateral.form", "chain 1");
}

static void a_bundle_cut_anywhere_is_refused(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD4);
    for (size_t len = 1; len < world.collateral.len; len += 37) {
        struct span piece = span_of(world.collateral.data, len);

        check_pieces(&world, &piece, 1, "dcap.collateral.form", NULL);
    }
}

static void a_member_that_is_there_twice_is_refused(void **state)
{
    static const char *const members[] = {"tcb_info", "tcb_info_signature", "qe_identity",
                                          "root_ca_crl", "pck_crl"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        OWNED_FAKE_TDX world;
        OWNED(free_str) char *twice = mem_printf("{\"%s\":null,", members[i]);

        make_world(&world, FAKE_TD4);
        fake_tdx_edit(&world.collateral, "{", twice);
        check_piece(&world, buf_str(&world.collateral), "dcap.collateral.form", "twice");
    }
}

static void pieces_come_in_any_form_and_order(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_BUF tcb_info = BUF_OF(64 * KIB), identity = BUF_OF(64 * KIB), hex = BUF_OF(64 * KIB);
    OWNED_BUF signer = BUF_OF(64 * KIB), crl = BUF_OF(64 * KIB);

    (void)state;
    make_world(&world, FAKE_TD4);
    write_body("tcbInfo", &world.tcb_info, &tcb_info);
    write_body("enclaveIdentity", &world.qe_identity, &identity);
    fake_pem("CERTIFICATE", buf_span(&world.signer_der), &signer);
    fake_pem("X509 CRL", buf_span(&world.pck_crl_der), &crl);
    for (size_t i = 0; i < world.root_crl_der.len; i++)
        buf_printf(&hex, "%02x", world.root_crl_der.data[i]);
    buf_add_str(&hex, "\n");

    for (size_t turn = 0; turn < 5; turn++) {
        const struct buf *const bufs[] = {&tcb_info, &identity, &signer, &crl, &hex};
        struct span pieces[5];

        for (size_t i = 0; i < 5; i++)
            pieces[i] = buf_span(bufs[(i + turn) % 5]);
        check_pieces(&world, pieces, 5, NULL, NULL);
        /* Without any one of them something is missing, and each says what. */
        check_pieces(&world, pieces, 4, turn == 3 ? "dcap.collateral.signer" : NULL, NULL);
    }
    {
        const struct span der[] = {buf_span(&world.root_crl_der), buf_span(&world.pck_crl_der),
                                   buf_span(&world.signer_der), buf_span(&tcb_info),
                                   buf_span(&identity)};

        check_pieces(&world, der, 5, NULL, NULL);
    }
}

/* A blank more is another text. */
static void the_exact_bytes_are_what_was_signed(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"\"version\":3", "\"version\": 3"},
        {"\"tcbType\":0,", ""},
        {"\"pceId\":\"0000\",\"tcbType\":0", "\"tcbType\":0,\"pceId\":\"0000\""},
        {"UpToDate", "UpToDat\\u0065"},
        {"\"OutOfDate\"", "\"UpToDate\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_FAKE_TDX world;
        OWNED_BUF body = BUF_OF(64 * KIB);
        struct span pieces[2];

        make_world(&world, FAKE_TD4);
        write_body("tcbInfo", &world.tcb_info, &body);
        fake_tdx_edit(&body, cases[i].from, cases[i].to);
        fake_tdx_edit(&world.collateral, "\"tcb_info\":", "\"x\":");
        pieces[0] = buf_span(&world.collateral);
        pieces[1] = buf_span(&body);
        check_pieces(&world, pieces, 2, "dcap.collateral.signature", "TCB info");
    }
}

static void a_name_written_with_escapes_is_refused(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_BUF body = BUF_OF(64 * KIB);

    (void)state;
    make_world(&world, FAKE_TD4);
    write_body("tcbInfo", &world.tcb_info, &body);
    fake_tdx_edit(&body, "\"tcbInfo\"", "\"tcb\\u0049nfo\"");
    check_piece(&world, buf_str(&body), "dcap.collateral.form", "escapes");
}

static void a_signature_out_of_range_is_refused(void **state)
{
    static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    static const char one[] = "0000000000000000000000000000000000000000000000000000000000000001";
    const char *const pairs[][2] = {
        {zero, one}, {one, zero}, {zero, zero}, {order, one}, {one, order}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        OWNED_FAKE_TDX world;
        OWNED(free_str)
        char *to = mem_printf("\"tcb_info_signature\":\"%s%s\",\"x\":\"", pairs[i][0], pairs[i][1]);

        make_world(&world, FAKE_TD4);
        fake_tdx_edit(&world.collateral, "\"tcb_info_signature\":\"", to);
        check_piece(&world, buf_str(&world.collateral), "dcap.collateral.signature",
                    "of the signature is");
    }
}

static void the_signer_must_be_intels(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        static const char *const refusals[] = {"dcap.collateral.signer", "dcap.chain.issuer",
                                               "dcap.chain.time",        "dcap.chain.time",
                                               "dcap.crl.revoked",       "dcap.chain.issuer"};
        static const uint64_t serials[] = {4};
        const struct fake_extension critical = {"1.2.3.4", true, span_of("\5\0", 2)};
        OWNED_FAKE_TDX world;

        fake_tdx_start(&world, FAKE_TD4);
        if (i == 0)
            world.signer.subject = "Somebody";
        if (i == 1)
            world.signer.issuer = "Intel SGX PCK Platform CA";
        if (i == 2)
            world.signer.not_after = FAKE_TDX_NOW - 1;
        if (i == 3)
            world.signer.not_before = FAKE_TDX_NOW + 1;
        if (i == 4) {
            world.root_crl.serials = serials;
            world.root_crl.serial_count = 1;
        }
        if (i == 5) {
            world.signer.extensions = &critical;
            world.signer.extension_count = 1;
        }
        check_world(&world, refusals[i], NULL);
    }
}

/* Anybody can make a certificate of that name. */
static void a_signer_that_the_root_did_not_sign_is_refused(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_BUF other = BUF_OF(8 * KIB), pem = BUF_OF(8 * KIB);
    struct span pieces[2];

    (void)state;
    make_world(&world, FAKE_TD4);
    fake_cert_make(&world.signer, fake_tdx_key(FAKE_TDX_SIGNER), fake_tdx_key(FAKE_TDX_OTHER),
                   &other);
    buf_reset(&world.signer_der);
    buf_add_span(&world.signer_der, buf_span(&other));
    fake_tdx_make_collateral(&world);
    check_piece(&world, buf_str(&world.collateral), "dcap.chain.signature", NULL);

    /* Beside the true one it does no harm, wherever it stands. */
    fake_tdx_make(&world);
    fake_cert_make(&world.signer, fake_tdx_key(FAKE_TDX_OTHER), fake_tdx_key(FAKE_TDX_OTHER),
                   &other);
    fake_pem("CERTIFICATE", buf_span(&other), &pem);
    pieces[0] = buf_span(&pem);
    pieces[1] = buf_span(&world.collateral);
    check_pieces(&world, pieces, 2, NULL, NULL);
    pieces[1] = buf_span(&pem);
    pieces[0] = buf_span(&world.collateral);
    check_pieces(&world, pieces, 2, NULL, NULL);
}

/* A cache holds documents of several times and platforms. */
static void of_several_documents_the_right_one_is_used(void **state)
{
    OWNED_FAKE_TDX world, old, other;
    struct span pieces[3];

    (void)state;
    make_world(&world, FAKE_TD4);
    fake_tdx_start(&old, FAKE_TD4);
    fake_tdx_edit(&old.tcb_info, "\"nextUpdate\":\"2027-01-31", "\"nextUpdate\":\"2027-01-02");
    fake_tdx_edit(&old.tcb_info, "\"pcesvn\":11", "\"pcesvn\":99");
    fake_tdx_make(&old);
    fake_tdx_start(&other, FAKE_TD4);
    fake_tdx_edit(&other.tcb_info, "50806F000000", "50806F000001");
    fake_tdx_edit(&other.tcb_info, "UpToDate", "Revoked");
    fake_tdx_make(&other);

    pieces[0] = buf_span(&old.collateral);
    check_pieces(&world, pieces, 1, "dcap.collateral.time", NULL);
    pieces[0] = buf_span(&other.collateral);
    check_pieces(&world, pieces, 1, "dcap.tcb_info.other", "50806f000000");
    pieces[1] = buf_span(&old.collateral);
    pieces[2] = buf_span(&world.collateral);
    check_pieces(&world, pieces, 3, NULL, NULL);
}

static void no_more_pieces_are_taken_than_fit(void **state)
{
    static struct span pieces[DCAP_ITEMS_MAX + 1];
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD4);
    for (size_t i = 0; i <= DCAP_CRLS_MAX; i++)
        pieces[i] = buf_span(&world.root_crl_der);
    check_pieces(&world, pieces, DCAP_CRLS_MAX, NULL, NULL);
    check_pieces(&world, pieces, DCAP_CRLS_MAX + 1, "dcap.collateral.form", NULL);
    for (size_t i = 0; i <= DCAP_ITEMS_MAX; i++)
        pieces[i] = span_of_str("{\"pck_crl\":null}");
    check_pieces(&world, pieces, DCAP_ITEMS_MAX, NULL, NULL);
    check_pieces(&world, pieces, DCAP_ITEMS_MAX + 1, "dcap.collateral.form", "more than");
}

static void a_piece_that_is_too_large_is_not_read(void **state)
{
    OWNED_FAKE_TDX world;
    char *text = mem_zeroed(DCAP_ITEM_MAX + 1, 1);
    struct span piece = span_of(text, DCAP_ITEM_MAX + 1);

    (void)state;
    memset(text, ' ', DCAP_ITEM_MAX + 1);
    memcpy(text, "{\"pck_crl\":null}", 16);
    make_world(&world, FAKE_TD4);
    check_pieces(&world, &piece, 1, "dcap.collateral.form", "more than 8388608 bytes");
    piece.len--;
    check_pieces(&world, &piece, 1, NULL, NULL);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_collateral_is_said_so),
        cmocka_unit_test(what_is_given_and_empty_is_not_absent),
        cmocka_unit_test(a_bundle_cut_anywhere_is_refused),
        cmocka_unit_test(a_member_that_is_there_twice_is_refused),
        cmocka_unit_test(pieces_come_in_any_form_and_order),
        cmocka_unit_test(the_exact_bytes_are_what_was_signed),
        cmocka_unit_test(a_name_written_with_escapes_is_refused),
        cmocka_unit_test(a_signature_out_of_range_is_refused),
        cmocka_unit_test(the_signer_must_be_intels),
        cmocka_unit_test(a_signer_that_the_root_did_not_sign_is_refused),
        cmocka_unit_test(of_several_documents_the_right_one_is_used),
        cmocka_unit_test(no_more_pieces_are_taken_than_fit),
        cmocka_unit_test(a_piece_that_is_too_large_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
