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
        cmocka_unit_test(debians_firmware_holds_the_volume_that_it_measures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
