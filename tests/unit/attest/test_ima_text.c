#include "tests/unit/attest/ima_make.h"
#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/ima_text.h"

static struct span pcr10_of(const struct ima_replay *replay)
{
    return pcr_bank_get(&replay->bank, IMA_PCR);
}

/* Three entries of PCR 10, a violation, and one of another register. */
static void make_list(struct buf *list)
{
    OWNED_BUF data = BUF_OF(4 * KIB);

    make_ng_entry(list, "boot_aggregate");
    make_ng_entry(list, "/bin/sh");
    make_ng_fields(&data, "/etc/changed");
    make_entry(list, DIGEST_SHA1, IMA_PCR, "ima-ng", buf_span(&data), true);
    make_entry(list, DIGEST_SHA1, 9, "ima-ng", buf_span(&data), false);
    make_ng_entry(list, "/bin/last");
}

static size_t lines_of(const struct buf *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->len; i++)
        count += text->data[i] == '\n';
    return count;
}

static void what_is_no_list_or_no_register_is_refused(void **state)
{
    OWNED_BUF list = BUF_OF(64 * KIB), text = BUF_OF(64 * KIB);
    const uint8_t zeros[32] = {0};
    struct err err;

    (void)state;
    make_list(&list);
    assert_fails(ima_text_write(buf_span(&list), span_of(zeros, 32), &text, &err), ERR_INPUT);
    assert_fails(ima_text_write(buf_span(&list), span_of(NULL, 0), &text, &err), ERR_INPUT);
    assert_fails(ima_text_write(span_part(buf_span(&list), 0, list.len - 1), span_of(zeros, 20),
                                &text, &err),
                 ERR_INPUT);
    assert_fails(ima_text_write(span_of("garbage", 7), span_of(zeros, 20), &text, &err), ERR_INPUT);
}

static void the_text_says_what_the_list_says(void **state)
{
    OWNED_BUF list = BUF_OF(64 * KIB), text = BUF_OF(64 * KIB);
    struct ima_replay before, after;
    struct err err;

    (void)state;
    make_list(&list);
    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA1, &before, &err));
    assert_ok(ima_text_write(buf_span(&list), pcr10_of(&before), &text, &err));
    assert_int_equal(lines_of(&text), 5);
    assert_memory_equal(text.data, "10 ", 3);
    assert_non_null(strstr(buf_str(&text), "\n 9 "));
    assert_non_null(strstr(buf_str(&text), "10 0000000000000000000000000000000000000000 ima-ng "));
    assert_ok(ima_log_replay(buf_span(&text), DIGEST_SHA1, &after, &err));
    assert_true(span_equal(pcr10_of(&before), pcr10_of(&after)));
    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &before, &err));
    assert_ok(ima_log_replay(buf_span(&text), DIGEST_SHA256, &after, &err));
    assert_true(span_equal(pcr10_of(&before), pcr10_of(&after)));
}

static void what_came_after_the_register_was_read_is_left_out(void **state)
{
    OWNED_BUF list = BUF_OF(64 * KIB), text = BUF_OF(64 * KIB);
    uint8_t other[20] = {1};
    struct ima_replay early;
    struct err err;

    (void)state;
    make_ng_entry(&list, "boot_aggregate");
    make_ng_entry(&list, "/bin/sh");
    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA1, &early, &err));
    make_ng_entry(&list, "/bin/later");
    assert_ok(ima_text_write(buf_span(&list), pcr10_of(&early), &text, &err));
    assert_int_equal(lines_of(&text), 2);
    buf_reset(&text);
    assert_ok(ima_text_write(buf_span(&list), SPAN_OF_ARRAY(other), &text, &err));
    assert_int_equal(lines_of(&text), 3); /* and what nothing leads to is for the client to see */
}

static void a_name_cannot_make_lines_of_its_own(void **state)
{
    OWNED_BUF list = BUF_OF(64 * KIB), text = BUF_OF(64 * KIB);
    const uint8_t other[20] = {2};
    struct err err;

    (void)state;
    make_ng_entry(&list, "/tmp/a\n10 aaaa ima-ng sha1:00 b");
    make_entry(&list, DIGEST_SHA1, IMA_PCR, "a template\nof ours", span_of_str("data"), false);
    make_ng_entry(&list, "/bin/sh");
    assert_ok(ima_text_write(buf_span(&list), SPAN_OF_ARRAY(other), &text, &err));
    assert_int_equal(lines_of(&text), 3);
    assert_non_null(strstr(buf_str(&text), "/tmp/a\\x0a10 aaaa"));
    assert_non_null(strstr(buf_str(&text), " 64617461\n")); /* the data of what we do not know */
}

static void a_list_of_our_kernel_becomes_its_text(void **state)
{
    static const char *const algs[] = {"sha1", "sha256", "sha384", "sha512"};

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        OWNED_BUF list = BUF_OF(1 * MIB), text = BUF_OF(1 * MIB);
        OWNED(free_str) char *name = mem_printf("ima/keylime/ima-log-%s", algs[i]);
        struct ima_replay before, after;
        struct err err;

        if (!vector_exists(name))
            continue;
        vector_read(name, &list);
        if (ima_log_replay(buf_span(&list), DIGEST_SHA1, &before, &err) < 0)
            continue;
        assert_ok(ima_text_write(buf_span(&list), pcr10_of(&before), &text, &err));
        assert_ok(ima_log_replay(buf_span(&text), DIGEST_SHA1, &after, &err));
        assert_true(span_equal(pcr10_of(&before), pcr10_of(&after)));
        assert_int_equal(before.entries, after.entries);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_list_or_no_register_is_refused),
        cmocka_unit_test(the_text_says_what_the_list_says),
        cmocka_unit_test(what_came_after_the_register_was_read_is_left_out),
        cmocka_unit_test(a_name_cannot_make_lines_of_its_own),
        cmocka_unit_test(a_list_of_our_kernel_becomes_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
