#include "tests/unit/attest/vectors.h"

#include "lib/attest/endorsement/snp_roots.h"
#include "tests/fakes/fake_pki.h"

static void only_amds_keys_are_pinned(void **state)
{
    struct fake_cert cert = {.subject = "ARK-Milan", .issuer = "ARK-Milan", .not_after = 1};
    OWNED_BUF der = BUF_OF(8192);
    OWNED_X509 *root = NULL;
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &key, &err));
    fake_cert_make(&cert, key, key, &der);
    assert_ok(x509_parse(buf_span(&der), &root, &err));
    for (int product = 0; product < SNP_PRODUCT_COUNT; product++)
        assert_false(snp_root_is_pinned(root, (enum snp_product)product));
}

/* Both collections of AMD's certificates that we have agree with the pins, each for its product. */
static void the_genuine_roots_are_pinned_for_their_product(void **state)
{
    static const struct {
        const char *file;
        enum snp_product product;
    } files[] = {
        {"snp/amd-roots-trustee/milan_ask_ark_asvk.pem", SNP_MILAN},
        {"snp/amd-roots-trustee/genoa_ask_ark_asvk.pem", SNP_GENOA},
        {"snp/amd-roots-trustee/turin_ask_ark_asvk.pem", SNP_TURIN},
        {"snp/amd-roots-go-sev-guest/ask_ark_milan.pem", SNP_MILAN},
        {"snp/amd-roots-go-sev-guest/ask_ark_milan_vlek.pem", SNP_MILAN},
        {"snp/amd-roots-go-sev-guest/ask_ark_genoa.pem", SNP_GENOA},
        {"snp/amd-roots-go-sev-guest/ask_ark_genoa_vlek.pem", SNP_GENOA},
        {"snp/amd-roots-go-sev-guest/ask_ark_turin_vcek.pem", SNP_TURIN},
        {"snp/amd-roots-go-sev-guest/ask_ark_turin_vlek.pem", SNP_TURIN},
    };

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED_X509_LIST list = {0};
        size_t pinned = 0;
        struct err err;

        assert_ok(x509_list_parse(vectors_read(files[i].file), 8, &list, &err));
        for (size_t j = 0; j < list.count; j++)
            for (int product = 0; product < SNP_PRODUCT_COUNT; product++)
                if (snp_root_is_pinned(list.items[j], (enum snp_product)product)) {
                    assert_int_equal(product, files[i].product);
                    assert_true(text_starts_with(x509_common_name(list.items[j]), SNP_ROOT_PREFIX));
                    pinned++;
                }
        assert_int_equal(pinned, 1);
        vectors_done();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_amds_keys_are_pinned),
        cmocka_unit_test(the_genuine_roots_are_pinned_for_their_product),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
