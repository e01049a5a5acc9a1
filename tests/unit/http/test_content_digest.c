#include "tests/unit/unit.h"

#include "lib/http/signature.h"

static void content_digest_is_strict(void **state)
{
#define GOOD "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    static const char *const bad[] = {
        "",
        "sha-512=:AAAA:",
        "sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU:",
        "sha-256=:AAAA:",
        "sha-256=::",
        "SHA-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
        GOOD ", " GOOD,
        GOOD ",",
        GOOD ";a=1",
        GOOD " x",
        "," GOOD,
    };
    uint8_t digest[SHA256_SIZE], wanted[SHA256_SIZE];
    OWNED_BUF text = BUF_OF(100);
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (content_digest_read(bad[i], digest, &err) == 0)
            fail_msg("accepted: '%s'", bad[i]);
    assert_fails(content_digest_read("sha-256=:!:", digest, &err), ERR_MALFORMED);

    digest_of(DIGEST_SHA256, span_of(NULL, 0), wanted);
    assert_ok(content_digest_read(GOOD, digest, &err));
    assert_memory_equal(digest, wanted, SHA256_SIZE);
    assert_ok(content_digest_read(" sha-512=:AAAA: ,\t" GOOD " ", digest, &err));
    content_digest_write(wanted, &text);
    assert_string_equal(buf_str(&text), GOOD);
#undef GOOD
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_digest_is_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
