/* The early firmware volume as it lies in memory, against what VMs measured. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/pei.h"
#include "lib/attest/reference/volume.h"

#define DEBIAN_OVMF "/usr/share/OVMF/OVMF_CODE.fd"

/* PEIFV events from the logs of VMs with Debian's OVMF 2022.11-6+deb12u2: QEMU 7.2, q35, qemu64. */
static const struct {
    uint32_t memory_mib, cpus;
    const char *digest;
} measured[] = {
    {256, 1, "f163cd8fcee98919f1aacec92a7b734a1fcac8d015b60a6ac8c6db4e9dd9b0ce"},
    {512, 1, "8bb8905a47c8e299015674aaad7c962bd93477eba2f85d30974e6b3dce64faac"},
    {512, 2, "b509c9e33e8cfae99b3396a99878a42163e842c530a4d9b4f3e4e83f520661d5"},
    {512, 3, "3f75917dc06962a00a9ce7df065a2672372c68feb95943a41c95d82f03deda70"},
    {1024, 1, "0a1d9b9b2dce86ed105c5c9337a787cd51190cdea246ff0b52da81822ad3026d"},
    {2560, 1, "1a9f768ad31496233fb96b504211d1372b9c0af1414d0d5b9430507f3a3f3f6d"},
    {4096, 2, "b0d991bd8dc7c6a6ab89018a573dc45e39ceee501038ed2a2f49ce31e7e6bcdf"},
    {8192, 1, "1f4a59fa6be049f3a7a72e04835bb7747a9958a1339e3acf5689552ac33a40a8"},
};

static void unknown_build_is_told_and_not_guessed(void **state)
{
    static const uint8_t volume[64 * KIB];
    const struct vm_shape shape = {512 * MIB, 1};
    uint8_t digest[SHA256_SIZE] = {0};
    size_t place;
    struct err err;

    (void)state;
    assert_fails(pei_predict(SPAN_OF_ARRAY(volume), &shape, digest, &err), ERR_NOT_FOUND);
    assert_fails(pei_predict(span_of(NULL, 0), &shape, digest, &err), ERR_NOT_FOUND);
    assert_fails(pei_find_place(span_of(volume, 512), &shape, digest, &place, &err), ERR_NOT_FOUND);
}

static bool read_volumes(struct buf *file, struct volumes *volumes)
{
    struct err err;
    uint8_t digest[SHA256_SIZE];
    const struct vm_shape shape = {512 * MIB, 1};

    if (file_read(DEBIAN_OVMF, file, &err) < 0) {
        printf("SKIP: no " DEBIAN_OVMF "\n");
        return false;
    }
    assert_ok(volumes_unpack(buf_span(file), volumes, &err));
    if (pei_predict(volumes->pei, &shape, digest, &err) == 0)
        return true;
    printf("SKIP: " DEBIAN_OVMF " is another build than 2022.11-6+deb12u2\n");
    return false;
}

static void digests_are_those_that_vms_measured(void **state)
{
    OWNED_BUF file = BUF_OF(64 * MIB);
    OWNED_VOLUMES volumes = {0};
    struct err err;

    (void)state;
    if (!read_volumes(&file, &volumes))
        skip();
    for (size_t i = 0; i < COUNT_OF(measured); i++) {
        const struct vm_shape shape = {measured[i].memory_mib * MIB, measured[i].cpus};
        uint8_t digest[SHA256_SIZE];
        char hex[2 * SHA256_SIZE + 1];

        assert_ok(pei_predict(volumes.pei, &shape, digest, &err));
        text_hex(digest, SHA256_SIZE, hex);
        assert_string_equal(hex, measured[i].digest);
    }
}

static void place_of_the_other_build_holds(void **state)
{
    OWNED_BUF file = BUF_OF(64 * MIB);
    OWNED_VOLUMES volumes = {0};
    const struct vm_shape shape = {512 * MIB, 2};
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    struct err err;

    (void)state;
    if (file_read("/usr/share/OVMF/OVMF_CODE_4M.fd", &file, &err) < 0 ||
        volumes_unpack(buf_span(&file), &volumes, &err) < 0 || !pei_is_known(volumes.pei)) {
        printf("SKIP: OVMF_CODE_4M.fd is another build than 2022.11-6+deb12u2\n");
        skip();
    }
    assert_ok(pei_predict(volumes.pei, &shape, digest, &err));
    text_hex(digest, SHA256_SIZE, hex);
    assert_string_equal(hex, "ac3c3bb98ae544cb99b0847315023372f2d059a02852fb7c39cc7bc6413ee279");
}

/* With system management mode nothing of it depends on the RAM, since nothing sleeps. */
static void digests_of_the_build_for_secure_boot_are_those_that_vms_measured(void **state)
{
    static const struct {
        struct vm_shape shape;
        const char *digest;
    } cases[] = {
        {{512 * MIB, 1}, "d44e765f7599ab8a6b666e5bbd412a057967352c9e0ae4af34fea3dbc2a290fc"},
        {{1024 * MIB, 1}, "d44e765f7599ab8a6b666e5bbd412a057967352c9e0ae4af34fea3dbc2a290fc"},
        {{512 * MIB, 2}, "66a94705c07eab6bea1e5f64e63107268c985579e0eb4db3262084757b94f579"},
        {{4096 * MIB, 4}, "4e4597af2e8529c0ddb687c9b6f2bfb5d73a8635baf0aae3724da82559bcf826"},
    };
    OWNED_BUF file = BUF_OF(64 * MIB);
    OWNED_VOLUMES volumes = {0};
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    struct err err;

    (void)state;
    if (file_read("/usr/share/OVMF/OVMF_CODE.secboot.fd", &file, &err) < 0 ||
        volumes_unpack(buf_span(&file), &volumes, &err) < 0 || !pei_is_known(volumes.pei)) {
        printf("SKIP: OVMF_CODE.secboot.fd is another build than 2022.11-6+deb12u2\n");
        skip();
    }
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_ok(pei_predict(volumes.pei, &cases[i].shape, digest, &err));
        text_hex(digest, SHA256_SIZE, hex);
        assert_string_equal(hex, cases[i].digest);
    }
}

static void shapes_that_nobody_checked_are_refused(void **state)
{
    static const struct vm_shape shapes[] = {{31 * GIB, 1}, {512 * MIB, 0}, {1 * MIB, 64}};
    OWNED_BUF file = BUF_OF(64 * MIB);
    OWNED_VOLUMES volumes = {0};
    uint8_t digest[SHA256_SIZE];
    struct err err;

    (void)state;
    if (!read_volumes(&file, &volumes))
        skip();
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        assert_fails(pei_predict(volumes.pei, &shapes[i], digest, &err), ERR_UNSUPPORTED);
}

static void place_is_found_from_one_digest(void **state)
{
    OWNED_BUF file = BUF_OF(64 * MIB);
    OWNED_VOLUMES volumes = {0};
    const struct vm_shape shape = {512 * MIB, 2};
    uint8_t digest[SHA256_SIZE];
    size_t place = 0;
    struct err err;

    (void)state;
    if (!read_volumes(&file, &volumes))
        skip();
    assert_ok(text_parse_hex(measured[2].digest, digest, SHA256_SIZE, &err));
    assert_ok(pei_find_place(volumes.pei, &shape, digest, &place, &err));
    assert_int_equal(place, 0xefd8);
}

/* An empty version is two bytes of zero: UTF-16 with its end. */
static void version_is_measured_as_utf_16(void **state)
{
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    (void)state;
    pei_version_digest("", digest);
    text_hex(digest, SHA256_SIZE, hex);
    assert_string_equal(hex, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
    pei_version_digest("a", digest);
    text_hex(digest, SHA256_SIZE, hex);
    assert_string_not_equal(hex,
                            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_build_is_told_and_not_guessed),
        cmocka_unit_test(digests_are_those_that_vms_measured),
        cmocka_unit_test(place_of_the_other_build_holds),
        cmocka_unit_test(digests_of_the_build_for_secure_boot_are_those_that_vms_measured),
        cmocka_unit_test(shapes_that_nobody_checked_are_refused),
        cmocka_unit_test(place_is_found_from_one_digest),
        cmocka_unit_test(version_is_measured_as_utf_16),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
