/* The variables of Secure Boot as firmware measures them: empty ones as in the log of a genuine TD
 * (SHA-384) and of our VMs (SHA-256). */
#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/tcg_log.h"
#include "lib/attest/reference/secure_boot.h"

static const struct {
    const char *sha384, *sha256; /* how they begin */
} empty[SECURE_BOOT_VARIABLES] = {
    {"cfa4e2c606f57262", "115aa827dbccfb44"}, {"6f2e3cbc14f9def8", "dea7b80ab53a3daa"},
    {"d607c0efb41c0d75", "e670e121fcebd473"}, {"08a74f8963b337ac", "baf89a3ccace5275"},
    {"18cc6e01f0c6ea99", "9f75b6823bff6af1"},
};

static void begins(const struct secure_boot_vars *vars, size_t index, enum digest_alg alg,
                   const char *prefix)
{
    uint8_t digest[DIGEST_SIZE_MAX];
    char hex[2 * DIGEST_SIZE_MAX + 1];

    secure_boot_digest(vars, index, alg, digest);
    text_hex(digest, digest_size(alg), hex);
    if (!text_starts_with(hex, prefix))
        fail_msg("variable %zu is %s, expected %s...", index, hex, prefix);
}

static void variables_without_content_are_measured_as_empty(void **state)
{
    const struct secure_boot_vars vars = {.enabled = false};

    (void)state;
    for (size_t i = 0; i < SECURE_BOOT_VARIABLES; i++) {
        begins(&vars, i, DIGEST_SHA384, empty[i].sha384);
        begins(&vars, i, DIGEST_SHA256, empty[i].sha256);
    }
}

/* From the log of a TD whose firmware has no variable store. */
static void variable_that_is_not_there_is_not_the_same_as_off(void **state)
{
    const struct secure_boot_vars vars = {.absent = true};

    (void)state;
    begins(&vars, 0, DIGEST_SHA384, "9dc3a1f80bcec915");
}

static void on_is_not_off(void **state)
{
    const struct secure_boot_vars on = {.enabled = true}, off = {.enabled = false};
    uint8_t a[SHA256_SIZE], b[SHA256_SIZE];

    (void)state;
    secure_boot_digest(&on, 0, DIGEST_SHA256, a);
    secure_boot_digest(&off, 0, DIGEST_SHA256, b);
    assert_memory_not_equal(a, b, SHA256_SIZE);
}

static void content_and_name_count(void **state)
{
    const struct secure_boot_vars vars = {.db = span_of_str("x"), .dbx = span_of_str("x")};
    uint8_t db[SHA256_SIZE], dbx[SHA256_SIZE], authority[SHA256_SIZE];

    (void)state;
    secure_boot_digest(&vars, 3, DIGEST_SHA256, db);
    secure_boot_digest(&vars, 4, DIGEST_SHA256, dbx);
    secure_boot_authority_digest(span_of_str("x"), DIGEST_SHA256, authority);
    assert_memory_not_equal(db, dbx, SHA256_SIZE);
    assert_memory_equal(db, authority, SHA256_SIZE);
}

static void list_that_is_cut_has_no_entry(void **state)
{
    OWNED_BUF list = BUF_OF(1 * KIB);
    struct span entry;
    struct err err;

    (void)state;
    memset(buf_grow(&list, 16), 0xa5, 16);
    buf_add_le32(&list, 28 + 20);
    buf_add_le32(&list, 0);
    buf_add_le32(&list, 20);
    buf_add_str(&list, "whose it is.....cert");
    assert_ok(secure_boot_first_entry(buf_span(&list), &entry, &err));
    assert_true(span_equal(entry, span_of_str("whose it is.....cert")));
    for (size_t len = 0; len < list.len; len++)
        assert_fails(secure_boot_first_entry(span_of(list.data, len), &entry, &err), ERR_INPUT);
    list.data[24] = 16; /* an owner, and no certificate */
    assert_fails(secure_boot_first_entry(buf_span(&list), &entry, &err), ERR_INPUT);
}

/* The content that an event of a genuine machine carries: GUID, lengths, name, content. */
static struct span content_of(const struct tcg_event *event)
{
    struct reader r = reader_of(event->data);
    uint64_t name, content;

    read_skip(&r, 16);
    name = read_le64(&r);
    content = read_le64(&r);
    read_skip(&r, 2 * name);
    return read_span(&r, content);
}

/* Machines with Microsoft's, Google's and their owners' keys enrolled. From the contents that their
 * logs carry we compute what they measured. */
static void variables_of_genuine_machines_are_computed(void **state)
{
    static const char *const logs[] = {
        "tcglog/go-tpm-tools/rhel8-uefi.bin", "tcglog/go-tpm-tools/ubuntu-1804-amd-sev.bin",
        "tcglog/go-tpm-tools/arch-linux-workstation.bin", "tcglog/go-tpm-tools/glinux-alex.bin"};
    size_t checked = 0;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(logs); i++) {
        OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
        struct secure_boot_vars vars = {.enabled = false};
        struct span *const contents[] = {NULL, &vars.pk, &vars.kek, &vars.db, &vars.dbx};
        struct tcg_cursor cursor;
        struct tcg_event event;
        struct tcg_log log;
        size_t at = 0;

        need_vectors();
        vector_read(logs[i], &bytes);
        assert_ok(tcg_log_parse(buf_span(&bytes), &log, &err));
        for (cursor = tcg_log_begin(&log); tcg_log_next(&cursor, &event);) {
            uint8_t digest[SHA256_SIZE];
            struct span measured;

            if (event.index != 7 || event.type != EV_EFI_VARIABLE_DRIVER_CONFIG ||
                at == SECURE_BOOT_VARIABLES)
                continue;
            assert_true(tcg_event_find_digest(&event, DIGEST_SHA256, &measured));
            if (at == 0) {
                vars.absent = content_of(&event).len == 0;
                vars.enabled = !span_is_zero(content_of(&event));
            } else {
                *contents[at] = content_of(&event);
            }
            secure_boot_digest(&vars, at++, DIGEST_SHA256, digest);
            assert_memory_equal(digest, measured.data, SHA256_SIZE);
            checked += content_of(&event).len > 1;
        }
        assert_int_equal(at, SECURE_BOOT_VARIABLES);
    }
    assert_true(checked >= 12); /* with keys in them */
}

/* The first image that a machine with Secure Boot started, and the key that vouched for it. */
static void authority_of_a_genuine_machine_is_computed(void **state)
{
    OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
    uint8_t digest[SHA256_SIZE];
    struct tcg_cursor cursor;
    struct tcg_event event;
    struct tcg_log log;
    struct span measured;
    struct err err;

    (void)state;
    need_vectors();
    vector_read("tcglog/go-tpm-tools/rhel8-uefi.bin", &bytes);
    assert_ok(tcg_log_parse(buf_span(&bytes), &log, &err));
    cursor = tcg_log_begin(&log);
    do
        assert_true(tcg_log_next(&cursor, &event));
    while (event.index != 7 || event.type != EV_EFI_VARIABLE_AUTHORITY);
    assert_true(tcg_event_find_digest(&event, DIGEST_SHA256, &measured));
    secure_boot_authority_digest(content_of(&event), DIGEST_SHA256, digest);
    assert_memory_equal(digest, measured.data, SHA256_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_without_content_are_measured_as_empty),
        cmocka_unit_test(variable_that_is_not_there_is_not_the_same_as_off),
        cmocka_unit_test(on_is_not_off),
        cmocka_unit_test(content_and_name_count),
        cmocka_unit_test(list_that_is_cut_has_no_entry),
        cmocka_unit_test(variables_of_genuine_machines_are_computed),
        cmocka_unit_test(authority_of_a_genuine_machine_is_computed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
