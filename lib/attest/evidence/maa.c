#include "lib/attest/evidence/maa.h"

#include "lib/base/reader.h"
#include "lib/base/text.h"

#include <stddef.h>
#include <stdio.h>

#define PREFIX "x-ms-sevsnpvm-"

/* The isolation claims stand by themselves, or within those about the whole machine. */
static const struct json *find_isolation(const struct json *claims)
{
    const struct json *inner = json_get(claims, "x-ms-isolation-tee");

    return inner != NULL ? inner : claims;
}

enum maa_subject maa_detect(const struct json *claims)
{
    const char *type = json_get_str(find_isolation(claims), "x-ms-attestation-type");

    if (type != NULL && strcmp(type, "sevsnpvm") == 0)
        return MAA_SNP;
    return type != NULL && strcmp(type, "tdxvm") == 0 ? MAA_TDX : MAA_NOBODY;
}

const char *maa_nonce(const struct json *claims)
{
    return json_get_str(json_get(json_get(claims, "x-ms-runtime"), "client-payload"), "nonce");
}

/* A claim that is the hex of a field. */
struct field_row {
    const char *claim;
    size_t offset, len;
};

static int take_fields(const struct json *claims, const struct field_row *rows, size_t count,
                       void *report, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = json_get_str(claims, rows[i].claim);

        if (text == NULL)
            return err_set(err, ERR_INPUT, "the claim '%s' is missing", rows[i].claim);
        if (text_parse_hex(text, (uint8_t *)report + rows[i].offset, rows[i].len, err) < 0)
            return err_wrap(err, "the claim '%s'", rows[i].claim);
    }
    return 0;
}

/* --- SNP ------------------------------------------------------------------------------------- */

static const struct field_row snp_fields[] = {
#define FIELD(claim, member)                                                                       \
    {                                                                                              \
        claim, offsetof(struct snp_report, member), sizeof(((struct snp_report *)NULL)->member)    \
    }
    FIELD(PREFIX "authorkeydigest", author_key_digest),
    FIELD(PREFIX "familyId", family_id),
    FIELD(PREFIX "hostdata", host_data),
    FIELD(PREFIX "idkeydigest", id_key_digest),
    FIELD(PREFIX "imageId", image_id),
    FIELD(PREFIX "launchmeasurement", measurement),
    FIELD(PREFIX "reportdata", report_data),
    FIELD(PREFIX "reportid", report_id),
#undef FIELD
};

static int take_number(const struct json *claims, const char *claim, int64_t max, uint64_t *ret,
                       struct err *err)
{
    const struct json *value = json_get(claims, claim);

    if (json_kind_of(value) != JSON_KIND_INTEGER || json_int(value) < 0 || json_int(value) > max)
        return err_set(err, ERR_INPUT, "the claim '%s' is missing, or out of range", claim);
    *ret = (uint64_t)json_int(value);
    return 0;
}

static int take_numbers(const struct json *claims, struct snp_report *report, struct err *err)
{
    uint64_t bl, tee, snp, ucode, vmpl, svn;

    if (take_number(claims, PREFIX "bootloader-svn", 255, &bl, err) < 0 ||
        take_number(claims, PREFIX "tee-svn", 255, &tee, err) < 0 ||
        take_number(claims, PREFIX "snpfw-svn", 255, &snp, err) < 0 ||
        take_number(claims, PREFIX "microcode-svn", 255, &ucode, err) < 0 ||
        take_number(claims, PREFIX "vmpl", 3, &vmpl, err) < 0 ||
        take_number(claims, PREFIX "guestsvn", UINT32_MAX, &svn, err) < 0)
        return -1;
    report->reported_tcb = bl | tee << 8 | snp << 48 | ucode << 56;
    report->vmpl = (uint32_t)vmpl;
    report->guest_svn = (uint32_t)svn;
    return 0;
}

/* What is not said is as bad as it can be. */
static int take_flags(const struct json *claims, struct snp_report *report, struct err *err)
{
    static const struct {
        const char *claim;
        uint64_t bit;
    } rows[] = {
        {PREFIX "is-debuggable", SNP_POLICY_DEBUG},
        {PREFIX "migration-allowed", SNP_POLICY_MIGRATE_MA},
        {PREFIX "smt-allowed", SNP_POLICY_SMT},
    };

    report->policy = SNP_POLICY_RESERVED_ONE;
    report->platform_info = SNP_PLATFORM_SMT_EN; /* nothing says that it is off */
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct json *value = json_get(claims, rows[i].claim);

        if (json_kind_of(value) != JSON_KIND_BOOL)
            return err_set(err, ERR_INPUT, "the claim '%s' is missing", rows[i].claim);
        if (json_bool(value))
            report->policy |= rows[i].bit;
    }
    /* No agent may migrate a guest that allows none. */
    if ((report->policy & SNP_POLICY_MIGRATE_MA) == 0)
        memset(report->report_id_ma, 0xff, sizeof(report->report_id_ma));
    return 0;
}

int maa_read_snp(const struct json *claims, struct snp_report *ret, struct err *err)
{
    const struct json *isolation = find_isolation(claims);
    struct snp_report report = {.version = 2, .signature_algo = 1};

    if (take_fields(isolation, snp_fields, COUNT_OF(snp_fields), &report, err) < 0 ||
        take_numbers(isolation, &report, err) < 0 || take_flags(isolation, &report, err) < 0)
        return -1;
    *ret = report;
    return 0;
}

/* --- TDX ------------------------------------------------------------------------------------- */

static const struct field_row tdx_fields[] = {
#define FIELD(claim, member)                                                                       \
    {                                                                                              \
        "tdx_" claim, offsetof(struct td_report, member),                                          \
            sizeof(((struct td_report *)NULL)->member)                                             \
    }
    FIELD("tee_tcb_svn", tee_tcb_svn),
    FIELD("mrseam", mrseam),
    FIELD("mrsignerseam", mrsignerseam),
    FIELD("mrtd", mrtd),
    FIELD("mrconfigid", mrconfigid),
    FIELD("mrowner", mrowner),
    FIELD("mrownerconfig", mrownerconfig),
    FIELD("rtmr0", rtmr[0]),
    FIELD("rtmr1", rtmr[1]),
    FIELD("rtmr2", rtmr[2]),
    FIELD("rtmr3", rtmr[3]),
    FIELD("report_data", report_data),
#undef FIELD
};

/* Words are written as they stand in the quote: the lowest byte first. */
static int take_words(const struct json *claims, struct td_report *report, struct err *err)
{
    static const struct field_row rows[] = {
        {"tdx_seam_attributes", 0, 8}, {"tdx_td_attributes", 8, 8}, {"tdx_xfam", 16, 8}};
    uint8_t bytes[24];
    struct reader r = reader_of(SPAN_OF_ARRAY(bytes));

    if (take_fields(claims, rows, COUNT_OF(rows), bytes, err) < 0)
        return -1;
    report->seam_attributes = read_le64(&r);
    report->td_attributes = read_le64(&r);
    report->xfam = read_le64(&r);
    return 0;
}

int maa_read_tdx(const struct json *claims, struct td_report *ret, const char **ret_status,
                 struct err *err)
{
    const struct json *isolation = find_isolation(claims);
    const char *status = json_get_str(isolation, "attester_tcb_status");
    struct td_report report = {.is_15 = false};

    if (status == NULL)
        return err_set(err, ERR_INPUT, "the claim 'attester_tcb_status' is missing");
    if (take_fields(isolation, tdx_fields, COUNT_OF(tdx_fields), &report, err) < 0 ||
        take_words(isolation, &report, err) < 0)
        return -1;
    *ret = report;
    *ret_status = status;
    return 0;
}
