#include "lib/attest/evidence/snp_report.h"

#include "lib/base/reader.h"

#include <inttypes.h>

#define VERSION_CPUID       3
#define VERSION_MITIGATIONS 5

#define OFFSET_VERSION        0x000
#define OFFSET_POLICY         0x008
#define OFFSET_VMPL           0x030
#define OFFSET_SIGNATURE_ALGO 0x034
#define OFFSET_KEY_INFO       0x048

#define ALGO_ECDSA_P384_SHA384 1
#define KEY_INFO_AUTHOR        (1U << 0)
#define KEY_INFO_MASKED        (1U << 1)
#define KEY_INFO_SIGNING(info) ((info) >> 2 & 7)
#define KEY_INFO_KNOWN         0x1fU
#define VMPL_MAX               3

/* What the ABI says "must be zero" of, in the versions from min to max. */
static const struct {
    size_t offset, len;
    uint32_t min_version, max_version;
} zeros[] = {
    {0x04c, 4, 0, UINT32_MAX},
    {0x188, 24, 0, VERSION_CPUID - 1},
    {0x18b, 21, VERSION_CPUID, UINT32_MAX},
    {0x1eb, 1, 0, UINT32_MAX},
    {0x1ef, 1, 0, UINT32_MAX},
    {0x1f8, 168, 0, VERSION_MITIGATIONS - 1},
    {0x208, 152, VERSION_MITIGATIONS, UINT32_MAX},
    {0x2d0, 24, 0, UINT32_MAX},  /* R is 48 bytes of 72 */
    {0x318, 24, 0, UINT32_MAX},  /* S too */
    {0x330, 368, 0, UINT32_MAX}, /* the rest of the signature structure */
};

static int check_zeros(struct span in, uint32_t version, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(zeros); i++) {
        struct span area = span_part(in, zeros[i].offset, zeros[i].len);

        if (version < zeros[i].min_version || version > zeros[i].max_version)
            continue;
        for (size_t j = 0; j < area.len; j++)
            if (area.data[j] != 0)
                return err_set(err, ERR_INPUT,
                               "byte 0x%03zx is 0x%02x, must be zero in version %" PRIu32,
                               zeros[i].offset + j, area.data[j], version);
    }
    return 0;
}

static int check_form(const struct snp_report *report, uint32_t key_info, struct err *err)
{
    if (report->signature_algo != ALGO_ECDSA_P384_SHA384)
        return err_set(err, ERR_INPUT,
                       "byte 0x%03x: signature algorithm %" PRIu32
                       ", expected 1 (ECDSA P-384 with SHA-384)",
                       OFFSET_SIGNATURE_ALGO, report->signature_algo);
    if (report->vmpl > VMPL_MAX && report->vmpl != SNP_VMPL_HOST)
        return err_set(err, ERR_INPUT, "byte 0x%03x: VMPL %" PRIu32 ", expected 0 to 3",
                       OFFSET_VMPL, report->vmpl);
    if ((report->policy & SNP_POLICY_RESERVED_ONE) == 0)
        return err_set(err, ERR_INPUT, "byte 0x%03x: bit 17 of the guest policy must be one",
                       OFFSET_POLICY + 2);
    if ((report->policy & ~SNP_POLICY_KNOWN) != 0)
        return err_set(err, ERR_INPUT,
                       "byte 0x%03x: guest policy 0x%" PRIx64 " has bits set that must be zero",
                       OFFSET_POLICY, report->policy);
    if ((key_info & ~KEY_INFO_KNOWN) != 0 || (KEY_INFO_SIGNING(key_info) > SNP_SIGNED_BY_VLEK &&
                                              KEY_INFO_SIGNING(key_info) != SNP_SIGNED_BY_NONE))
        return err_set(err, ERR_INPUT,
                       "byte 0x%03x: key information 0x%" PRIx32 " has bits set that must be zero",
                       OFFSET_KEY_INFO, key_info);
    return 0;
}

static struct snp_firmware read_firmware(struct reader *r)
{
    struct snp_firmware firmware;

    firmware.build = read_u8(r);
    firmware.minor = read_u8(r);
    firmware.major = read_u8(r);
    read_skip(r, 1);
    return firmware;
}

static void read_scalar(struct reader *r, uint8_t out[static SNP_SCALAR_SIZE])
{
    struct span little = read_span(r, SNP_SCALAR_SIZE);

    for (size_t i = 0; i < little.len; i++)
        out[i] = little.data[little.len - 1 - i];
    read_skip(r, 72 - SNP_SCALAR_SIZE);
}

/* 0x000 to 0x187; yields the bits about keys, of which check_form() wants all. */
static uint32_t read_first_half(struct reader *r, struct snp_report *report)
{
    uint32_t key_info;

    report->version = read_le32(r);
    report->guest_svn = read_le32(r);
    report->policy = read_le64(r);
    read_bytes(r, report->family_id, sizeof(report->family_id));
    read_bytes(r, report->image_id, sizeof(report->image_id));
    report->vmpl = read_le32(r);
    report->signature_algo = read_le32(r);
    report->current_tcb = read_le64(r);
    report->platform_info = read_le64(r);
    key_info = read_le32(r);
    read_skip(r, 4);
    read_bytes(r, report->report_data, sizeof(report->report_data));
    read_bytes(r, report->measurement, sizeof(report->measurement));
    read_bytes(r, report->host_data, sizeof(report->host_data));
    read_bytes(r, report->id_key_digest, sizeof(report->id_key_digest));
    read_bytes(r, report->author_key_digest, sizeof(report->author_key_digest));
    read_bytes(r, report->report_id, sizeof(report->report_id));
    read_bytes(r, report->report_id_ma, sizeof(report->report_id_ma));
    report->reported_tcb = read_le64(r);
    report->author_key_enabled = (key_info & KEY_INFO_AUTHOR) != 0;
    report->chip_key_masked = (key_info & KEY_INFO_MASKED) != 0;
    report->signing_key = KEY_INFO_SIGNING(key_info);
    return key_info;
}

/* 0x188 to the end. */
static void read_second_half(struct reader *r, struct snp_report *report)
{
    report->has_cpuid = report->version >= VERSION_CPUID;
    report->family = read_u8(r);
    report->model = read_u8(r);
    report->stepping = read_u8(r);
    read_skip(r, 21);
    read_bytes(r, report->chip_id, sizeof(report->chip_id));
    report->committed_tcb = read_le64(r);
    report->current_firmware = read_firmware(r);
    report->committed_firmware = read_firmware(r);
    report->launch_tcb = read_le64(r);
    report->has_mitigations = report->version >= VERSION_MITIGATIONS;
    report->launch_mitigations = read_le64(r);
    report->current_mitigations = read_le64(r);
    read_skip(r, 152);
    read_scalar(r, report->signature);
    read_scalar(r, report->signature + SNP_SCALAR_SIZE);
}

int snp_report_parse(struct span in, struct snp_report *report, struct err *err)
{
    struct reader r = reader_of(in);
    uint32_t key_info;

    *report = (struct snp_report){0};
    if (in.len < SNP_REPORT_SIZE)
        return err_set(err, ERR_INPUT, "ends at byte 0x%03zx, expected %d bytes", in.len,
                       SNP_REPORT_SIZE);
    if (in.len > SNP_REPORT_SIZE)
        return err_set(err, ERR_INPUT, "byte 0x%03x: %zu bytes follow the report", SNP_REPORT_SIZE,
                       in.len - SNP_REPORT_SIZE);

    key_info = read_first_half(&r, report);
    if (report->version != 2 && report->version != 3 && report->version != 5)
        return err_set(err, ERR_INPUT, "byte 0x%03x: version %" PRIu32 ", expected 2, 3 or 5",
                       OFFSET_VERSION, report->version);
    read_second_half(&r, report);
    if (check_form(report, key_info, err) < 0)
        return -1;
    report->signed_part = span_part(in, 0, SNP_REPORT_SIGNED_SIZE);
    return check_zeros(in, report->version, err);
}

enum snp_product snp_report_product(const struct snp_report *report)
{
    return report->has_cpuid ? snp_product_of_cpuid(report->family, report->model)
                             : SNP_PRODUCT_UNKNOWN;
}
