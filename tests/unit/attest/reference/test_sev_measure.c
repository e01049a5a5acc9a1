/* Launch measurements against digests that the field's own tools and hardware gave. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/sev_measure.h"
#include "lib/attest/reference/vcpu.h"
#include "lib/crypto/digest.h"
#include "lib/json/json.h"

#define FILE_MAX (16 * MIB)

/* Where the firmware that a case names is to be found: with the vectors, or in Debian's package. */
static const struct {
    const char *name, *path;
    bool installed;
} firmwares[] = {
    {"AmdSev", "measure/sev-snp-measure/ovmf_AmdSev_suffix.bin", false},
    {"OvmfX64", "measure/sev-snp-measure/ovmf_OvmfX64_suffix.bin", false},
    {"debian12-OVMF.fd", "/usr/share/ovmf/OVMF.fd", true},
    {"debian12-OVMF_CODE_4M", "/usr/share/OVMF/OVMF_CODE_4M.fd", true},
};

static int read_vector(const char *name, struct buf *out)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", vectors_dir(), name);
    struct err err;

    return file_read(path, out, &err);
}

/* The firmware of a case, checked against the digest that the cases were made with. */
static bool read_firmware(const struct json *files, const char *name, struct buf *out)
{
    const char *wanted = json_get_str(json_get(files, name), "sha256");
    uint8_t digest[SHA256_SIZE];
    char text[2 * SHA256_SIZE + 1];
    struct err err;

    for (size_t i = 0; i < COUNT_OF(firmwares); i++) {
        if (strcmp(firmwares[i].name, name) != 0)
            continue;
        if (firmwares[i].installed ? file_read(firmwares[i].path, out, &err)
                                   : read_vector(firmwares[i].path, out))
            return false;
        digest_of(DIGEST_SHA256, buf_span(out), digest);
        text_hex(digest, sizeof(digest), text);
        return strcmp(text, wanted) == 0;
    }
    return false;
}

static int index_of(const char *const names[], const char *name)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static void read_file_of(const struct json *entry, const char *key, struct buf *out)
{
    OWNED(free_str) char *path = NULL;

    if (json_get_str(entry, key) == NULL)
        return;
    path = mem_printf("measure/matrix-generated/%s", json_get_str(entry, key));
    assert_int_equal(read_vector(path, out), 0);
}

static void check_case(const struct json *entry, const struct buf *ovmf)
{
    OWNED_BUF kernel = BUF_OF(FILE_MAX), initrd = BUF_OF(FILE_MAX);
    struct sev_files files = {.ovmf = buf_span(ovmf), .append = json_get_str(entry, "append")};
    struct sev_vcpus vcpus = {.count = (uint32_t)json_get_int(entry, "vcpus"),
                              .signature = (uint32_t)json_get_int(entry, "vcpu_sig")};
    int mode = index_of(sev_mode_names, json_get_str(entry, "mode"));
    const char *vmm_name = json_get_str(entry, "vmm");
    int vmm = vmm_name ? index_of(vmsa_vmm_names, vmm_name) : VMSA_QEMU;
    const char *features = json_get_str(entry, "guest_features");
    struct sev_measurement measurement;
    uint8_t digest[SHA384_SIZE];
    char text[2 * SHA384_SIZE + 1];
    size_t len;
    struct err err;

    assert_true(mode >= 0 && vmm >= 0);
    read_file_of(entry, "kernel", &kernel);
    read_file_of(entry, "initrd", &initrd);
    files.has_kernel = json_get_str(entry, "kernel") != NULL;
    files.kernel = buf_span(&kernel);
    files.initrd = buf_span(&initrd);
    vcpus.features = features ? strtoull(features, NULL, 16) : 0;

    if (json_get(entry, "error") != NULL) {
        assert_fails(
            sev_measure_begin((enum sev_mode)mode, (enum vmsa_vmm)vmm, &files, &measurement, &err),
            ERR_INPUT);
        return;
    }
    assert_ok(
        sev_measure_begin((enum sev_mode)mode, (enum vmsa_vmm)vmm, &files, &measurement, &err));
    assert_ok(sev_measure_finish(&measurement, &vcpus, digest, &len, &err));
    text_hex(digest, len, text);
    assert_string_equal(text, json_get_str(entry, "expected"));
}

static void matrix_of_another_tool_agrees(void **state)
{
    OWNED_BUF text = BUF_OF(4 * MIB);
    OWNED_JSON *matrix = NULL;
    const struct json *cases;
    size_t checked = 0, absent = 0;
    struct err err;

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    assert_int_equal(read_vector("measure/matrix-generated/matrix-open.json", &text), 0);
    assert_ok(json_parse(buf_span(&text), &matrix, &err));
    cases = json_get(matrix, "cases");
    for (size_t i = 0; i < json_count(cases); i++) {
        const struct json *entry = json_at(cases, i);
        OWNED_BUF ovmf = BUF_OF(FILE_MAX);

        if (read_firmware(json_get(matrix, "files"), json_get_str(entry, "ovmf"), &ovmf)) {
            check_case(entry, &ovmf);
            checked++;
        } else {
            absent++;
        }
    }
    if (absent > 0)
        printf("SKIP: %zu of %zu measurements name firmware that is not here\n", absent,
               absent + checked);
    assert_true(checked >= 40);
}

/* Cases of sev-snp-measure's own tests, whose arguments are source text there. */
struct upstream_case {
    enum sev_mode mode;
    enum vmsa_vmm vmm;
    bool kernel; /* /dev/null as kernel and initrd */
    const char *append;
    uint32_t vcpus;
    uint64_t features;
    const char *expected;
};

static const struct upstream_case upstream_cases[] = {
    {SEV_MODE_SNP, VMSA_EC2, true, "", 1, 0x21,
     "0ce9ccc06bab55eebe8abc234f3df6514883977a68a591b71052498ab52b2f1aa415db338033946ef93aa8278c0d6"
     "7fb"},
    {SEV_MODE_SNP, VMSA_EC2_OLD, true, "", 1, 0x21,
     "6ae80856486b1396af8c82a40351d6ed76a20c785e9c7fa4ffa27c22d5d6313b4b3b458cd3c9968e6f89fb5d8450d"
     "7a6"},
    {SEV_MODE_SNP, VMSA_GCE, true, "", 1, 0x1,
     "5da7106cf14cf46b1725ebab123eb9e53bd46a1e9f400cd0c08e7827b04b688ea8b4e403c8404efed4397ea5d5d07"
     "22e"},
    {SEV_MODE_SNP, VMSA_GCE, true, "", 4, 0x1,
     "5c5debf100fc339f90276e761ee1f1658d08922c3b20e2a2e6c7a6c3370b2452a15a00eae11886a93d6fd1e7ab81e"
     "29d"},
    {SEV_MODE_SNP, VMSA_QEMU, true, "console=ttyS0 loglevel=7", 1, 0x1,
     "6d287813eb5222d770f75005c664e34c204f385ce832cc2ce7d0d6f354454362f390ef83a92046c042e706363b4b0"
     "8fa"},
    {SEV_MODE_SNP, VMSA_QEMU, false, NULL, 1, 0x21,
     "e1e1ca029dd7973ab9513295be68198472dcd4fc834bd9af9b63f6e8a1674dbf281a9278a4a2ebe0eed9f22adbcd0"
     "e2b"},
    {SEV_MODE_SNP, VMSA_QEMU, true, "", 4, 0x21,
     "4953b1fb416fa874980e8442b3706d345926d5f38879134e00813c5d7abcbe78eafe7b422907be0b4698e2414a631"
     "942"},
    {SEV_MODE_ES, VMSA_QEMU, true, "", 4, 0x21,
     "0dccbcaba8e90b261bd0d2e1863a2f9da714768b7b2a19363cd6ae35aa90de91"},
    {SEV_MODE_SEV, VMSA_QEMU, true, "console=ttyS0 loglevel=7", 1, 0x21,
     "82a3ee5d537c3620628270c292ae30cb40c3c878666a7890ee7ef2a08fb535ff"},
    {SEV_MODE_SEV, VMSA_QEMU, true, NULL, 1, 0x21,
     "77f613d7bbcdf12a73782ea9e88b0172aeda50d1a54201cb903594ff52846898"},
};

static void cases_of_upstreams_tests_agree(void **state)
{
    OWNED_BUF ovmf = BUF_OF(FILE_MAX);
    struct err err;

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    assert_int_equal(read_vector(firmwares[0].path, &ovmf), 0);
    for (size_t i = 0; i < COUNT_OF(upstream_cases); i++) {
        const struct upstream_case *c = &upstream_cases[i];
        struct sev_files files = {
            .ovmf = buf_span(&ovmf), .has_kernel = c->kernel, .append = c->append};
        struct sev_vcpus vcpus = {c->vcpus, 0, c->features};
        struct sev_measurement measurement;
        uint8_t digest[SHA384_SIZE];
        char text[2 * SHA384_SIZE + 1];
        size_t len;

        assert_ok(vcpu_find_signature("EPYC-v4", &vcpus.signature, &err));
        assert_ok(sev_measure_begin(c->mode, c->vmm, &files, &measurement, &err));
        assert_ok(sev_measure_finish(&measurement, &vcpus, digest, &len, &err));
        text_hex(digest, len, text);
        assert_string_equal(text, c->expected);
    }
}

struct series {
    const struct sev_measurement *measurement;
    struct sev_vcpus vcpus;
    uint32_t seen;
};

static void compare_one(void *to, uint32_t count, const uint8_t digest[static SHA384_SIZE])
{
    struct series *series = to;
    struct sev_vcpus vcpus = series->vcpus;
    uint8_t single[SHA384_SIZE];
    size_t len;
    struct err err;

    assert_int_equal(count, ++series->seen);
    vcpus.count = count;
    assert_ok(sev_measure_finish(series->measurement, &vcpus, single, &len, &err));
    assert_memory_equal(single, digest, SHA384_SIZE);
}

static void all_numbers_of_vcpus_at_once_are_those_one_by_one(void **state)
{
    OWNED_BUF ovmf = BUF_OF(FILE_MAX);
    struct sev_measurement measurement;
    struct sev_files files = {.append = NULL};
    struct series series = {&measurement, {9, 0x800f12, 1}, 0};
    struct err err;

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    assert_int_equal(read_vector(firmwares[0].path, &ovmf), 0);
    files.ovmf = buf_span(&ovmf);
    assert_ok(sev_measure_begin(SEV_MODE_SNP, VMSA_QEMU, &files, &measurement, &err));
    assert_ok(sev_measure_each(&measurement, &series.vcpus, compare_one, &series, &err));
    assert_int_equal(series.seen, 9);
    series.vcpus.count = SEV_VCPUS_MAX + 1;
    assert_fails(sev_measure_each(&measurement, &series.vcpus, compare_one, &series, &err),
                 ERR_INPUT);
    assert_ok(sev_measure_begin(SEV_MODE_SEV, VMSA_QEMU, &files, &measurement, &err));
    assert_fails(sev_measure_each(&measurement, &series.vcpus, compare_one, &series, &err),
                 ERR_UNSUPPORTED);
}

/* --- SVSM, with images made here: no firmware of the kind can be had freely --- */

#define SVSM_LAUNCH 0x120u

static const uint8_t guid_footer[16] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
                                        0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};
static const uint8_t guid_svsm[16] = {0x12, 0xa6, 0x89, 0xa7, 0x97, 0x05, 0x4b, 0x4c,
                                      0xa4, 0x9f, 0xcb, 0xb1, 0xfe, 0x9d, 0x1d, 0xdd};
static const uint8_t guid_metadata[16] = {0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
                                          0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc};

static void add_entry(struct buf *table, uint32_t value, const uint8_t guid[static 16])
{
    buf_add_le32(table, value);
    buf_add_le16(table, 22);
    buf_add(table, guid, 16);
}

/* A firmware or SVSM image of `pages` pages, with a secrets and a CPUID page in its metadata. */
static void make_firmware_image(struct buf *out, size_t pages, uint8_t fill, bool svsm)
{
    static const uint32_t sections[][3] = {{0x9000, 0x1000, OVMF_SECRETS},
                                           {0xa000, 0x1000, OVMF_CPUID},
                                           {0xb000, 0x2000, OVMF_SVSM_CAA}};
    OWNED_BUF table = BUF_OF(1 * KIB), metadata = BUF_OF(1 * KIB);
    size_t size = pages * SNP_PAGE_SIZE, end = size - 32;

    memset(buf_grow(out, size), fill, size);
    buf_add_str(&metadata, "ASEV");
    buf_add_le32(&metadata, 16 + sizeof(sections));
    buf_add_le32(&metadata, 1);
    buf_add_le32(&metadata, COUNT_OF(sections));
    for (size_t i = 0; i < COUNT_OF(sections); i++)
        for (size_t k = 0; k < 3; k++)
            buf_add_le32(&metadata, sections[i][k]);
    memcpy(out->data + size - 1024, metadata.data, metadata.len);

    if (svsm)
        add_entry(&table, SVSM_LAUNCH, guid_svsm);
    add_entry(&table, 1024, guid_metadata);
    buf_add_le16(&table, (uint16_t)(table.len + 18));
    buf_add(&table, guid_footer, 16);
    memcpy(out->data + end - table.len, table.data, table.len);
}

/* The pages in the order in which such a machine is launched, one by one. */
static void launch_svsm(const struct buf *ovmf, const struct buf *svsm, uint64_t vars_size,
                        uint32_t vcpus, uint8_t out[static SHA384_SIZE])
{
    OWNED_DIGEST *sha384 = digest_new(DIGEST_SHA384);
    uint64_t top = 4 * GIB - ovmf->len, base = top - vars_size - svsm->len;
    uint8_t vmsa[VMSA_SIZE];
    struct snp_launch launch;

    snp_launch_begin(&launch, sha384);
    snp_launch_add_region(&launch, top, buf_span(ovmf));
    snp_launch_add_region(&launch, base, buf_span(svsm));
    snp_launch_add_empty(&launch, SNP_PAGE_SECRETS, 0x9000, 1);
    snp_launch_add_empty(&launch, SNP_PAGE_CPUID, 0xa000, 1);
    snp_launch_add_empty(&launch, SNP_PAGE_ZERO, 0xb000, 2);
    vmsa_make_svsm((uint32_t)(base + SVSM_LAUNCH), 0x1, vmsa);
    for (uint32_t i = 0; i < vcpus; i++)
        snp_launch_add_page(&launch, SNP_PAGE_VMSA, SNP_VMSA_GPA, SPAN_OF_ARRAY(vmsa));
    memcpy(out, launch.digest, SHA384_SIZE);
}

static void svsm_is_launched_below_firmware_and_variables(void **state)
{
    OWNED_BUF ovmf = BUF_OF(FILE_MAX), svsm = BUF_OF(FILE_MAX);
    struct sev_files files = {.vars_size = 0x84000};
    uint8_t digest[SHA384_SIZE], expected[SHA384_SIZE];
    struct sev_measurement measurement;
    size_t len;
    struct err err;

    (void)state;
    make_firmware_image(&ovmf, 4, 0x0f, false);
    make_firmware_image(&svsm, 3, 0x5a, true);
    files.ovmf = buf_span(&ovmf);
    files.svsm = buf_span(&svsm);
    assert_ok(sev_measure_begin(SEV_MODE_SNP_SVSM, VMSA_QEMU, &files, &measurement, &err));
    for (uint32_t count = 1; count <= 3; count++) {
        const struct sev_vcpus vcpus = {count, 0x800f12, 0x1};

        assert_ok(sev_measure_finish(&measurement, &vcpus, digest, &len, &err));
        launch_svsm(&ovmf, &svsm, files.vars_size, count, expected);
        assert_memory_equal(digest, expected, SHA384_SIZE);
    }
}

static void svsm_that_does_not_fit_is_refused(void **state)
{
    OWNED_BUF ovmf = BUF_OF(FILE_MAX), svsm = BUF_OF(FILE_MAX);
    struct sev_files files = {.vars_size = 0x84001};
    struct sev_measurement measurement;
    struct err err;

    (void)state;
    make_firmware_image(&ovmf, 4, 0x0f, false);
    make_firmware_image(&svsm, 3, 0x5a, true);
    files.ovmf = buf_span(&ovmf);
    files.svsm = buf_span(&svsm);
    assert_fails(sev_measure_begin(SEV_MODE_SNP_SVSM, VMSA_QEMU, &files, &measurement, &err),
                 ERR_INPUT); /* no whole pages of variables */
    files.vars_size = UINT32_MAX & ~0xfffu;
    assert_fails(sev_measure_begin(SEV_MODE_SNP_SVSM, VMSA_QEMU, &files, &measurement, &err),
                 ERR_INPUT);
    files.vars_size = 0x84000;
    files.svsm = buf_span(&ovmf); /* does not say where it starts */
    assert_fails(sev_measure_begin(SEV_MODE_SNP_SVSM, VMSA_QEMU, &files, &measurement, &err),
                 ERR_INPUT);
    files.svsm = buf_span(&svsm);
    files.has_kernel = true;
    assert_fails(sev_measure_begin(SEV_MODE_SNP_SVSM, VMSA_QEMU, &files, &measurement, &err),
                 ERR_INPUT);
}

static void kernel_without_room_for_its_hash_is_refused(void **state)
{
    OWNED_BUF ovmf = BUF_OF(FILE_MAX);
    struct sev_files files = {.has_kernel = true};
    struct sev_measurement measurement;
    struct err err;

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    assert_int_equal(read_vector(firmwares[1].path, &ovmf), 0);
    files.ovmf = buf_span(&ovmf);
    assert_fails(sev_measure_begin(SEV_MODE_SNP, VMSA_QEMU, &files, &measurement, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "kernel hashes"));
}

static void firmware_cut_or_bent_is_refused(void **state)
{
    OWNED_BUF ovmf = BUF_OF(FILE_MAX);
    struct ovmf parsed;
    struct err err;

    (void)state;
    assert_fails(ovmf_parse(span_of_str("short"), &parsed, &err), ERR_INPUT);
    if (vectors_dir() == NULL)
        skip();
    assert_int_equal(read_vector(firmwares[0].path, &ovmf), 0);
    for (size_t len = 0; len < ovmf.len; len += 7)
        assert_fails(ovmf_parse(span_part(buf_span(&ovmf), 0, len), &parsed, &err), ERR_INPUT);
    for (size_t at = ovmf.len - 400; at < ovmf.len; at++) { /* must not crash, whatever it says */
        ovmf.data[at] ^= 0xff;
        if (ovmf_parse(buf_span(&ovmf), &parsed, &err) == 0)
            assert_true(parsed.section_count <= OVMF_SECTIONS_MAX);
        ovmf.data[at] ^= 0xff;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrix_of_another_tool_agrees),
        cmocka_unit_test(cases_of_upstreams_tests_agree),
        cmocka_unit_test(all_numbers_of_vcpus_at_once_are_those_one_by_one),
        cmocka_unit_test(svsm_is_launched_below_firmware_and_variables),
        cmocka_unit_test(svsm_that_does_not_fit_is_refused),
        cmocka_unit_test(kernel_without_room_for_its_hash_is_refused),
        cmocka_unit_test(firmware_cut_or_bent_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
