/* The volumes inside a firmware file. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/volume.h"
#include "lib/crypto/digest.h"
#include "tests/unit/attest/reference/firmware_make.h"

#define DEBIAN_OVMF "/usr/share/OVMF/OVMF_CODE.fd"

static void bytes_without_volumes_are_refused(void **state)
{
    static const uint8_t blank[8192];
    OWNED_VOLUMES volumes = {0};
    struct err err;

    (void)state;
    assert_fails(volumes_unpack(SPAN_OF_ARRAY(blank), &volumes, &err), ERR_INPUT);
    assert_fails(volumes_unpack(span_of(NULL, 0), &volumes, &err), ERR_INPUT);
    assert_fails(volumes_unpack(span_of_str("_FVH"), &volumes, &err), ERR_INPUT);
}

static void firmware_cut_anywhere_is_refused(void **state)
{
    OWNED_BUF file = BUF_OF(MADE_MAX);
    struct err err;

    (void)state;
    make_firmware(&file, 4096);
    for (size_t len = 0; len < file.len; len += 13) {
        OWNED_VOLUMES volumes = {0};

        assert_int_equal(volumes_unpack(span_of(file.data, len), &volumes, &err), -1);
    }
}

static void bent_headers_are_refused_or_read_never_followed_outside(void **state)
{
    OWNED_BUF file = BUF_OF(MADE_MAX);
    struct err err;

    (void)state;
    make_firmware(&file, 4096);
    for (size_t at = 0; at < 400 && at < file.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            OWNED_VOLUMES volumes = {0};

            file.data[at] ^= (uint8_t)(1 << bit);
            if (volumes_unpack(buf_span(&file), &volumes, &err) == 0)
                assert_int_equal(volumes.dxe.len, 4096);
            file.data[at] ^= (uint8_t)(1 << bit);
        }
}

static void both_volumes_are_found_behind_other_things(void **state)
{
    OWNED_BUF file = BUF_OF(MADE_MAX);
    OWNED_VOLUMES volumes = {0};
    struct err err;

    (void)state;
    memset(buf_grow(&file, 8192), 0xff, 8192); /* a variable store, say */
    make_firmware(&file, 8192);
    assert_ok(volumes_unpack(buf_span(&file), &volumes, &err));
    assert_int_equal(volumes.pei.len, 8192);
    assert_int_equal(volumes.dxe.len, 4096);
    assert_memory_equal(volumes.dxe.data + 0x60, made_dxe, 16);
}

/* Nothing but a main volume that holds these bytes. */
static void unpack_main(struct span bytes, struct volumes *ret)
{
    OWNED_BUF dxe = BUF_OF(MADE_MAX), inner = BUF_OF(MADE_MAX), file = BUF_OF(MADE_MAX);
    struct err err;

    make_volume(&dxe, made_dxe, bytes, 4096, 0xff);
    make_section(&inner, 0x17, buf_span(&dxe));
    make_packed(&file, buf_span(&inner));
    assert_fails(volumes_unpack(buf_span(&file), ret, &err), ERR_INPUT);
    assert_ok(volumes_unpack_main(buf_span(&file), ret, &err));
    assert_int_equal(ret->pei.len, 0);
    assert_int_equal(ret->dxe.len, 4096);
}

static void main_volume_says_what_the_firmware_does_with_a_kernel(void **state)
{
    static const uint8_t driver[] = {'T', 0, 'd', 0, 'T', 0, 'c', 0, 'g', 0,
                                     '2', 0, 'D', 0, 'x', 0, 'e', 0, 0,   0};
    OWNED_VOLUMES none = {0}, measures = {0}, whole = {0};

    (void)state;
    unpack_main(span_of_str("etc/boo"), &none);
    unpack_main(SPAN_OF_ARRAY(driver), &measures);
    unpack_main(span_of_str("etc/boot/%s"), &whole);
    assert_false(volumes_measure_td(&none) || volumes_take_whole_kernel(&none));
    assert_true(volumes_measure_td(&measures) && !volumes_take_whole_kernel(&measures));
    assert_true(!volumes_measure_td(&whole) && volumes_take_whole_kernel(&whole));
}

static void firmware_without_a_main_volume_is_refused(void **state)
{
    OWNED_BUF pei = BUF_OF(MADE_MAX), inner = BUF_OF(MADE_MAX), file = BUF_OF(MADE_MAX);
    OWNED_VOLUMES volumes = {0};
    struct err err;

    (void)state;
    make_volume(&pei, made_pei, span_of(NULL, 0), 4096, 0);
    make_section(&inner, 0x17, buf_span(&pei));
    make_packed(&file, buf_span(&inner));
    assert_fails(volumes_unpack_main(buf_span(&file), &volumes, &err), ERR_INPUT);
}

/* Read from the event log of a VM with this firmware. */
static void debians_firmware_holds_the_volume_that_it_measures(void **state)
{
    OWNED_BUF file = BUF_OF(MADE_MAX);
    OWNED_VOLUMES volumes = {0};
    char hex[2 * SHA256_SIZE + 1];
    uint8_t digest[SHA256_SIZE];
    struct err err;

    (void)state;
    if (file_read(DEBIAN_OVMF, &file, &err) < 0) {
        printf("SKIP: no " DEBIAN_OVMF "\n");
        skip();
    }
    assert_ok(volumes_unpack(buf_span(&file), &volumes, &err));
    digest_of(DIGEST_SHA256, buf_span(&file), digest);
    text_hex(digest, SHA256_SIZE, hex);
    if (!text_starts_with(hex, "d9b568def24088c9")) {
        printf("SKIP: " DEBIAN_OVMF " is another build than 2022.11-6+deb12u2\n");
        skip();
    }
    digest_of(DIGEST_SHA256, volumes.dxe, digest);
    text_hex(digest, SHA256_SIZE, hex);
    assert_string_equal(hex, "614b0bfb88626b36415706a5143619938a38542e732587e2fa05c481f2843d4d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_without_volumes_are_refused),
        cmocka_unit_test(firmware_cut_anywhere_is_refused),
        cmocka_unit_test(bent_headers_are_refused_or_read_never_followed_outside),
        cmocka_unit_test(both_volumes_are_found_behind_other_things),
        cmocka_unit_test(main_volume_says_what_the_firmware_does_with_a_kernel),
        cmocka_unit_test(firmware_without_a_main_volume_is_refused),
        cmocka_unit_test(debians_firmware_holds_the_volume_that_it_measures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
