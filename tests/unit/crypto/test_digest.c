#include "tests/unit/unit.h"

#include "lib/crypto/digest.h"

static void assert_hex(const uint8_t *bytes, size_t len, const char *wanted)
{
    char text[2 * DIGEST_SIZE_MAX + 1];

    text_hex(bytes, len, text);
    assert_string_equal(text, wanted);
}

/* FIPS 180-4 and FIPS 202, the examples of NIST. */
static void digests_match_the_known_answers(void **state)
{
    static const struct {
        enum digest_alg alg;
        const char *text, *hex;
    } cases[] = {
        {DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {DIGEST_SHA384, "",
         "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
         "274edebfe76f65fbd51ad2f14898b95b"},
        {DIGEST_SHA384, "abc",
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
         "8086072ba1e7cc2358baeca134c825a7"},
        {DIGEST_SHA512, "",
         "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
         "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
        {DIGEST_SHA512, "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
        {DIGEST_SHA3_256, "", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"},
        {DIGEST_SHA3_256, "abc",
         "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
        {DIGEST_SHA3_384, "",
         "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2a"
         "c3713831264adb47fb6bd1e058d5f004"},
        {DIGEST_SHA3_384, "abc",
         "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
         "98d88cea927ac7f539f1edf228376d25"},
        {DIGEST_SHA3_512, "",
         "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
         "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26"},
        {DIGEST_SHA3_512, "abc",
         "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
         "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t out[DIGEST_SIZE_MAX];

        digest_of(cases[i].alg, span_of_str(cases[i].text), out);
        assert_int_equal(strlen(cases[i].hex), 2 * digest_size(cases[i].alg));
        assert_hex(out, digest_size(cases[i].alg), cases[i].hex);
    }
}

static void pieces_give_the_digest_of_the_whole(void **state)
{
    (void)state;
    for (int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        OWNED_DIGEST *digest = digest_new((enum digest_alg)alg);
        uint8_t whole[DIGEST_SIZE_MAX], pieces[DIGEST_SIZE_MAX];

        digest_of((enum digest_alg)alg, span_of_str("hello world"), whole);
        for (int again = 0; again < 2; again++) {
            digest_add(digest, span_of_str("hello"));
            digest_add(digest, span_of(NULL, 0));
            digest_add(digest, span_of_str(" world"));
            digest_finish(digest, pieces);
            assert_memory_equal(whole, pieces, digest_size((enum digest_alg)alg));
        }
    }
    digest_free(NULL);
}

static void algorithms_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(digest_name(DIGEST_SHA1), "sha1");
    assert_string_equal(digest_name(DIGEST_SHA512), "sha512");
    assert_string_equal(digest_name(DIGEST_SHA3_256), "sha3-256");
}

/* RFC 4231, cases 2 and 6, and an empty key. */
static void hmacs_match_the_known_answers(void **state)
{
    uint8_t long_key[131], out[DIGEST_SIZE_MAX];

    (void)state;
    memset(long_key, 0xaa, sizeof(long_key));
    hmac_of(DIGEST_SHA256, span_of_str("Jefe"), span_of_str("what do ya want for nothing?"), out);
    assert_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hmac_of(DIGEST_SHA384, span_of_str("Jefe"), span_of_str("what do ya want for nothing?"), out);
    assert_hex(out, 48,
               "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
               "8e2240ca5e69e2c78b3239ecfab21649");
    hmac_of(DIGEST_SHA512, SPAN_OF_ARRAY(long_key),
            span_of_str("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    assert_hex(out, 64,
               "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
               "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
    hmac_of(DIGEST_SHA256, span_of(NULL, 0), span_of(NULL, 0), out);
    assert_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_match_the_known_answers),
        cmocka_unit_test(pieces_give_the_digest_of_the_whole),
        cmocka_unit_test(algorithms_have_their_names),
        cmocka_unit_test(hmacs_match_the_known_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
