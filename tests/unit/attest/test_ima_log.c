#include "tests/unit/attest/vectors.h"

#include "tests/unit/attest/ima_make.h"

static size_t count_entries(struct span list, struct err *err)
{
    OWNED_IMA_LOG log = {0};
    struct ima_entry entry;

    if (ima_log_open(list, &log, err) < 0)
        return SIZE_MAX;
    while (ima_log_next(&log, &entry))
        ;
    return ima_log_check(&log, err) < 0 ? SIZE_MAX : log.count;
}

static void assert_refused(struct span list, const char *why)
{
    struct err err = {0};

    assert_int_equal(count_entries(list, &err), SIZE_MAX);
    assert_int_equal(err.kind, ERR_INPUT);
    if (strstr(err.text, why) == NULL)
        fail_msg("%s (expected: %s)", err.text, why);
}

static void assert_text_refused(const char *list, const char *why)
{
    assert_refused(span_of_str(list), why);
}

/* --- wrong input ----------------------------------------------------------------------------- */

static void a_binary_list_cut_anywhere_is_refused_or_shorter(void **state)
{
    OWNED_BUF list = BUF_OF(4096);
    size_t whole = 0;
    struct err err;

    (void)state;
    make_ng_entry(&list, "boot_aggregate");
    make_ng_entry(&list, "/bin/sh");
    make_ng_entry(&list, "/bin/true");
    for (size_t len = 1; len < list.len; len++) {
        uint8_t *cut = (uint8_t *)mem_copy(list.data, len);

        if (count_entries(span_of(cut, len), &err) != SIZE_MAX)
            whole++;
        free(cut);
    }
    assert_int_equal(whole, 2);
    assert_int_equal(count_entries(buf_span(&list), &err), 3);
}

static void a_text_cut_anywhere_never_has_more_entries(void **state)
{
    static const char list[] =
        "10 80255d9c7dad91ef5f21b18560a47642d6f4d653 ima-ng "
        "sha256:96d7fae8adb7286a419a88f78c13d35fb782d63df654b7db56f154765698b754 /data\n";
    struct err err;

    (void)state;
    for (size_t len = 1; len + 2 < sizeof(list); len++)
        assert_int_equal(count_entries(span_of(list, len), &err), SIZE_MAX);
    assert_int_equal(count_entries(span_of(list, sizeof(list) - 2), &err), 1);
    assert_int_equal(count_entries(span_of(list, sizeof(list) - 1), &err), 1);
}

/* Each bit of an entry is either covered by the template digest, or is the digest, the register or
 * the name of the template. */
static void a_flipped_bit_is_seen(void **state)
{
    OWNED_BUF list = BUF_OF(4096);
    size_t register_bits = 4 * 8;
    struct err err;

    (void)state;
    make_ng_entry(&list, "/bin/sh");
    for (size_t bit = register_bits; bit < 8 * list.len; bit++) {
        list.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (count_entries(buf_span(&list), &err) != SIZE_MAX)
            fail_msg("bit %zu", bit);
        list.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void lengths_near_the_end_of_their_type_are_refused(void **state)
{
    static const uint32_t lengths[] = {0x7fffffff, 0x80000000, 0xffffffff};
    OWNED_BUF list = BUF_OF(4096);
    size_t name_at, data_at, field_at;

    (void)state;
    make_ng_entry(&list, "/bin/sh");
    name_at = 4 + 20;
    data_at = name_at + 4 + 6;
    field_at = data_at + 4;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        size_t at[] = {name_at, data_at, field_at};

        for (size_t n = 0; n < COUNT_OF(at); n++) {
            OWNED_BUF copy = BUF_OF(4096);

            buf_add_span(&copy, buf_span(&list));
            for (int b = 0; b < 4; b++)
                copy.data[at[n] + (size_t)b] = (uint8_t)(lengths[i] >> (8 * b));
            assert_refused(buf_span(&copy), "ima log:");
        }
    }
}

static void data_after_the_last_field_is_refused(void **state)
{
    OWNED_BUF list = BUF_OF(4096), data = BUF_OF(4096);

    (void)state;
    make_ng_fields(&data, "/bin/sh");
    buf_add_u8(&data, 0);
    make_entry(&list, DIGEST_SHA1, IMA_PCR, "ima-ng", buf_span(&data), false);
    assert_refused(buf_span(&list), "after the last field");
}

/* A replay is of the whole list or of none. */
static void a_list_that_breaks_off_has_no_register(void **state)
{
    OWNED_BUF list = BUF_OF(4096);
    struct ima_replay replay;
    struct err err;

    (void)state;
    make_ng_entry(&list, "/bin/a");
    make_ng_entry(&list, "/bin/b");
    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &replay, &err));
    assert_int_equal(replay.entries, 2);
    assert_fails(ima_log_replay(span_of(list.data, list.len - 1), DIGEST_SHA256, &replay, &err),
                 ERR_INPUT);
}

/* Only a signature's digest may be missing; a file's is what the entry is about. */
static void a_file_without_a_digest_is_refused(void **state)
{
    OWNED_BUF list = BUF_OF(4096), data = BUF_OF(4096);
    struct ima_replay replay;
    struct err err;

    (void)state;
    make_field(&data, "", 0);
    make_field(&data, "/bin/a", 7);
    make_entry(&list, DIGEST_SHA1, IMA_PCR, "ima-ng", buf_span(&data), false);
    assert_fails(ima_log_replay(buf_span(&list), DIGEST_SHA256, &replay, &err), ERR_INPUT);
}

static void names_end_exactly_once(void **state)
{
    static const char *const names[] = {"a\0b", "ab"};
    static const size_t lens[] = {4, 2};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWNED_BUF list = BUF_OF(4096), data = BUF_OF(4096);

        make_ng_fields(&data, "x");
        data.len = 4 + 8 + SHA256_SIZE;
        make_field(&data, names[i], lens[i]);
        make_entry(&list, DIGEST_SHA1, IMA_PCR, "ima-ng", buf_span(&data), false);
        assert_refused(buf_span(&list), "without its end");
    }
}

static void odd_lines_are_refused(void **state)
{
    (void)state;
    assert_text_refused("10\n", "template");
    assert_text_refused("0010 80 ima-ng sha1:00 x\n", "register number");
    assert_text_refused("1x 80 ima-ng sha1:00 x\n", "register number");
    assert_text_refused("24 0000000000000000000000000000000000000000 ima-ng "
                        "sha1:0000000000000000000000000000000000000000 x\n",
                        "register 24");
    assert_text_refused("10 zz ima-ng sha1:00 x\n", "template digest");
    assert_text_refused("10 00000000000000000000000000000000000000 ima-ng "
                        "sha1:0000000000000000000000000000000000000000 x\n",
                        "19 bytes");
    assert_text_refused("10 0000000000000000000000000000000000000000 ima-xx x y\n",
                        "template is not known");
    assert_text_refused("10 0000000000000000000000000000000000000000 ima-ng sha1:00 x\n",
                        "no sha1 digest");
    assert_text_refused("10 0000000000000000000000000000000000000000 ima-ng foo:00 x\n",
                        "'foo' is not known");
    assert_text_refused("10 0000000000000000000000000000000000000000 ima-ng 00 x\n",
                        "without its algorithm");
    assert_text_refused("10 0000000000000000000000000000000000000000 ima 00 x\n", "not 20 bytes");
    assert_text_refused("\n", "neither");
    assert_text_refused("10 0000000000000000000000000000000000000000 ima-sig "
                        "sha1:0000000000000000000000000000000000000000 x 00 11\n",
                        "after the last field");
    assert_text_refused("10 0000000000000000000000000000000000000000 d-ng|iuid "
                        "sha1:0000000000000000000000000000000000000000 4294967296\n",
                        "iuid");
}

static void a_list_of_nothing_known_is_refused(void **state)
{
    uint8_t noise[200];

    (void)state;
    memset(noise, 0xa5, sizeof(noise));
    assert_refused(SPAN_OF_ARRAY(noise), "neither");
}

static void an_unknown_template_is_opaque_in_the_binary_form(void **state)
{
    OWNED_BUF list = BUF_OF(4096);
    struct ima_replay replay;
    struct err err;

    (void)state;
    make_ng_entry(&list, "boot_aggregate");
    make_entry(&list, DIGEST_SHA1, IMA_PCR, "ima-next", span_of_str("whatever it is"), false);
    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &replay, &err));
    assert_int_equal(replay.entries, 2);
}

/* --- right input ----------------------------------------------------------------------------- */

static void make_d_ng(struct buf *data)
{
    uint8_t digest[8 + 20] = "sha1:\0";

    memset(digest + 6, 0x5a, 20);
    make_field(data, digest, 26);
}

#define D_NG "sha1:5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

static void assert_same_forms(const char *template_name, struct span data, const char *fields)
{
    OWNED_BUF list = BUF_OF(4096), text = BUF_OF(4096);
    struct ima_replay from_binary, from_text;
    char digest[41];
    struct err err;

    make_entry(&list, DIGEST_SHA1, IMA_PCR, template_name, data, false);
    text_hex(list.data + 4, 20, digest);
    buf_printf(&text, "10 %s %s %s\n", digest, template_name, fields);
    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &from_binary, &err));
    assert_ok(ima_log_replay(buf_span(&text), DIGEST_SHA256, &from_text, &err));
    assert_memory_equal(&from_binary.bank, &from_text.bank, sizeof(from_text.bank));
    assert_int_equal(from_text.entries, 1);
}

static void every_template_reads_the_same_in_both_forms(void **state)
{
    OWNED_BUF data = BUF_OF(4096);
    size_t two;

    (void)state;
    make_d_ng(&data);
    make_field(&data, "/bin/a_b", 9);
    two = data.len;
    assert_same_forms("ima-ng", buf_span(&data), D_NG " /bin/a_b");
    assert_same_forms("d-ng|n-ng", buf_span(&data), D_NG " /bin/a_b");

    make_field(&data, "\3\2\4", 3);
    assert_same_forms("ima-sig", buf_span(&data), D_NG " /bin/a_b 030204");
    assert_same_forms("ima-buf", buf_span(&data), D_NG " /bin/a_b 030204");
    make_field(&data, NULL, 0);
    make_field(&data, "\7", 1);
    assert_same_forms("ima-modsig", buf_span(&data), D_NG " /bin/a_b 030204  07");

    data.len = two;
    make_field(&data, NULL, 0);
    assert_same_forms("ima-sig", buf_span(&data), D_NG " /bin/a_b ");

    data.len = two;
    make_field(&data, "\1", 1);
    make_field(&data, "security.a", 11);
    make_field(&data, "\2\0\0\0", 4);
    make_field(&data, "\xca\xfe", 2);
    make_field(&data, "\xe8\3\0\0", 4);
    make_field(&data, "\1\0\0\0", 4);
    make_field(&data, "\xed\x81", 2);
    assert_same_forms("evm-sig", buf_span(&data),
                      D_NG " /bin/a_b 01 security.a 02000000 cafe 1000 1 33261");
}

static void digests_with_a_type_are_read(void **state)
{
    uint8_t digest[4 + 7 + 1 + SHA256_SIZE] = "ima:sha256:";
    char text[4096], hex[2 * SHA256_SIZE + 1];
    OWNED_BUF data = BUF_OF(4096);

    (void)state;
    memset(digest + 12, 0x31, SHA256_SIZE);
    make_field(&data, digest, sizeof(digest));
    make_field(&data, "/x", 3);
    text_hex(digest + 12, SHA256_SIZE, hex);
    snprintf(text, sizeof(text), "ima:sha256:%s /x", hex);
    assert_same_forms("ima-ngv2", buf_span(&data), text);
}

/* The template "ima": no lengths, and the name filled up to 256 bytes when hashed. */
static void the_oldest_template_is_hashed_its_own_way(void **state)
{
    uint8_t hashed[20 + 256] = {0}, digest[20];
    OWNED_BUF list = BUF_OF(4096), text = BUF_OF(4096);
    struct ima_replay from_binary, from_text;
    struct pcr_bank expected;
    char template_hex[41], file_hex[41];
    struct err err;

    (void)state;
    memset(hashed, 0x77, 20);
    memcpy(hashed + 20, "/sbin/init", 10);
    digest_of(DIGEST_SHA1, SPAN_OF_ARRAY(hashed), digest);
    buf_add_le32(&list, IMA_PCR);
    buf_add(&list, digest, 20);
    make_field(&list, "ima", 3);
    buf_add(&list, hashed, 20);
    make_field(&list, "/sbin/init", 10);
    text_hex(digest, 20, template_hex);
    text_hex(hashed, 20, file_hex);
    buf_printf(&text, "10 %s ima %s /sbin/init\n", template_hex, file_hex);

    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA1, &from_binary, &err));
    assert_ok(ima_log_replay(buf_span(&text), DIGEST_SHA1, &from_text, &err));
    pcr_bank_init(&expected, DIGEST_SHA1);
    assert_ok(pcr_bank_extend(&expected, IMA_PCR, SPAN_OF_ARRAY(digest), &err));
    assert_memory_equal(&from_binary.bank, &expected, sizeof(expected));
    assert_memory_equal(&from_text.bank, &expected, sizeof(expected));
}

static void longer_template_digests_are_recognised(void **state)
{
    static const enum digest_alg algs[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
    OWNED_BUF data = BUF_OF(4096);
    struct err err;

    (void)state;
    make_ng_fields(&data, "/bin/sh");
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        OWNED_BUF list = BUF_OF(4096);

        make_entry(&list, algs[i], IMA_PCR, "ima-ng", buf_span(&data), false);
        make_entry(&list, algs[i], IMA_PCR, "ima-ng", buf_span(&data), true);
        assert_int_equal(count_entries(buf_span(&list), &err), 2);
    }
}

static void a_violation_is_extended_as_ones(void **state)
{
    OWNED_BUF list = BUF_OF(4096), data = BUF_OF(4096);
    uint8_t ones[SHA256_SIZE];
    struct ima_replay replay;
    struct pcr_bank expected;
    struct err err;

    (void)state;
    memset(ones, 0xff, sizeof(ones));
    make_ng_fields(&data, "/var/log/x");
    make_entry(&list, DIGEST_SHA1, IMA_PCR, "ima-ng", buf_span(&data), true);
    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &replay, &err));
    assert_int_equal(replay.violations, 1);
    pcr_bank_init(&expected, DIGEST_SHA256);
    assert_ok(pcr_bank_extend(&expected, IMA_PCR, SPAN_OF_ARRAY(ones), &err));
    assert_memory_equal(&replay.bank, &expected, sizeof(expected));
}

static void match_finds_every_prefix_and_nothing_else(void **state)
{
    static const char *const names[] = {"boot_aggregate", "/a", "/b", "/c"};
    OWNED_BUF list = BUF_OF(4096);
    struct ima_replay replay, found;
    uint8_t quoted[5][SHA256_SIZE] = {{0}};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        make_ng_entry(&list, names[i]);
        assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &replay, &err));
        memcpy(quoted[i + 1], replay.bank.value[IMA_PCR], SHA256_SIZE);
    }
    for (size_t i = 0; i <= COUNT_OF(names); i++) {
        assert_ok(
            ima_log_match(buf_span(&list), DIGEST_SHA256, SPAN_OF_ARRAY(quoted[i]), &found, &err));
        assert_int_equal(found.entries, i);
    }
    quoted[2][0] ^= 1;
    assert_fails(
        ima_log_match(buf_span(&list), DIGEST_SHA256, SPAN_OF_ARRAY(quoted[2]), &found, &err),
        ERR_UNTRUSTED);
    buf_add_u8(&list, 0);
    assert_fails(
        ima_log_match(buf_span(&list), DIGEST_SHA256, SPAN_OF_ARRAY(quoted[1]), &found, &err),
        ERR_INPUT);
}

static void make_aggregate(struct buf *list, const struct pcr_bank *bank, uint32_t mask)
{
    const struct pcr_selection all = {TPM_ALG_SHA256, mask};
    uint8_t digest[8 + SHA256_SIZE] = "sha256:";
    OWNED_BUF data = BUF_OF(4096);
    struct err err;

    assert_ok(pcr_selection_digest(&all, 1, bank, 1, DIGEST_SHA256, digest + 8, &err));
    make_field(&data, digest, sizeof(digest));
    make_field(&data, "boot_aggregate", 15);
    make_entry(list, DIGEST_SHA1, IMA_PCR, "ima-ng", buf_span(&data), false);
}

static void boot_aggregate_is_over_ten_registers_or_eight(void **state)
{
    static const uint32_t masks[] = {0x3ff, 0x0ff, 0x07f};
    static const int outcomes[] = {0, 0, -1};
    struct pcr_bank bank;
    struct err err;

    (void)state;
    pcr_bank_init(&bank, DIGEST_SHA256);
    for (unsigned i = 0; i < 10; i++) {
        uint8_t value[SHA256_SIZE] = {(uint8_t)(i + 1)};

        assert_ok(pcr_bank_give(&bank, i, SPAN_OF_ARRAY(value), &err));
    }
    for (size_t i = 0; i < COUNT_OF(masks); i++) {
        OWNED_BUF list = BUF_OF(4096);
        struct ima_replay replay;

        make_aggregate(&list, &bank, masks[i]);
        assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &replay, &err));
        assert_int_equal(ima_check_aggregate(&replay, &bank, 1, &err), outcomes[i]);
        assert_fails(ima_check_aggregate(&replay, NULL, 0, &err), ERR_NOT_FOUND);
    }
}

static void only_the_first_entry_is_the_boot_aggregate(void **state)
{
    OWNED_BUF list = BUF_OF(4096);
    struct ima_replay replay;
    struct err err;

    (void)state;
    make_ng_entry(&list, "/bin/sh");
    make_ng_entry(&list, "boot_aggregate");
    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &replay, &err));
    assert_false(replay.has_aggregate);
}

static void an_empty_list_is_a_list(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(count_entries(span_of(NULL, 0), &err), 0);
}

/* --- genuine lists --------------------------------------------------------------------------- */

static void the_lists_of_keylime_are_read(void **state)
{
    static const char *const files[] = {"sha1", "sha256", "sha512", "sm3_256"};
    static const size_t violations[] = {1, 0, 1, 1};

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED_BUF list = BUF_OF(1 * MIB);
        struct ima_replay replay;
        char path[256];
        struct err err;

        snprintf(path, sizeof(path), "ima/keylime/ima-log-%s", files[i]);
        vector_read(path, &list);
        assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &replay, &err));
        assert_int_equal(replay.entries, 2);
        assert_int_equal(replay.violations, violations[i]);
        assert_true(replay.has_aggregate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binary_list_cut_anywhere_is_refused_or_shorter),
        cmocka_unit_test(a_text_cut_anywhere_never_has_more_entries),
        cmocka_unit_test(a_flipped_bit_is_seen),
        cmocka_unit_test(lengths_near_the_end_of_their_type_are_refused),
        cmocka_unit_test(data_after_the_last_field_is_refused),
        cmocka_unit_test(a_list_that_breaks_off_has_no_register),
        cmocka_unit_test(a_file_without_a_digest_is_refused),
        cmocka_unit_test(names_end_exactly_once),
        cmocka_unit_test(odd_lines_are_refused),
        cmocka_unit_test(a_list_of_nothing_known_is_refused),
        cmocka_unit_test(an_unknown_template_is_opaque_in_the_binary_form),
        cmocka_unit_test(every_template_reads_the_same_in_both_forms),
        cmocka_unit_test(digests_with_a_type_are_read),
        cmocka_unit_test(the_oldest_template_is_hashed_its_own_way),
        cmocka_unit_test(longer_template_digests_are_recognised),
        cmocka_unit_test(a_violation_is_extended_as_ones),
        cmocka_unit_test(match_finds_every_prefix_and_nothing_else),
        cmocka_unit_test(boot_aggregate_is_over_ten_registers_or_eight),
        cmocka_unit_test(only_the_first_entry_is_the_boot_aggregate),
        cmocka_unit_test(an_empty_list_is_a_list),
        cmocka_unit_test(the_lists_of_keylime_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
