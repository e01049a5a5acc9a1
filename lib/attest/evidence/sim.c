#include "lib/attest/evidence/sim.h"

#include "lib/crypto/sign.h"
#include "lib/crypto/verify.h"

#define GUEST_POLICY (SNP_POLICY_RESERVED_ONE | SNP_POLICY_SMT)

static const uint8_t family_id[16] = "SIMULATED";

/* Where the fields stand that are not zero: AMD 56860, ATTESTATION_REPORT. */
enum {
    AT_VERSION = 0x000,
    AT_POLICY = 0x008,
    AT_FAMILY_ID = 0x010,
    AT_SIGNATURE_ALGO = 0x034,
    AT_KEY_BITS = 0x048,
    AT_REPORT_DATA = 0x050,
    AT_MEASUREMENT = 0x090,
    AT_HOST_DATA = 0x0c0,
    AT_REPORT_ID_MA = 0x160,
    AT_R = 0x2a0,
    AT_S = 0x2e8
};

static void put(uint8_t *report, size_t at, const void *bytes, size_t len)
{
    memcpy(report + at, bytes, len);
}

static void put_u8(uint8_t *report, size_t at, uint8_t value)
{
    report[at] = value;
}

static void fill(const struct sim_machine *machine, uint8_t report[static SNP_REPORT_SIZE])
{
    memset(report, 0, SNP_REPORT_SIZE);
    put_u8(report, AT_VERSION, 2);
    put_u8(report, AT_POLICY + 2, GUEST_POLICY >> 16);
    put(report, AT_FAMILY_ID, family_id, sizeof(family_id));
    put_u8(report, AT_SIGNATURE_ALGO, 1);
    put_u8(report, AT_KEY_BITS, SNP_SIGNED_BY_NONE << 2);
    put(report, AT_REPORT_DATA, machine->report_data, sizeof(machine->report_data));
    put(report, AT_MEASUREMENT, machine->measurement, sizeof(machine->measurement));
    put(report, AT_HOST_DATA, machine->host_data, sizeof(machine->host_data));
    memset(report + AT_REPORT_ID_MA, 0xff, 32); /* no migration agent */
}

/* r and s, little-endian each. */
static int sign(uint8_t report[static SNP_REPORT_SIZE], const struct key *root, struct err *err)
{
    OWNED_BUF signature = BUF_OF(2 * SNP_SCALAR_SIZE);

    if (sign_message(root, span_of(report, SNP_REPORT_SIGNED_SIZE), &signature, err) < 0)
        return -1;
    for (size_t i = 0; i < SNP_SCALAR_SIZE; i++) {
        report[AT_R + i] = signature.data[SNP_SCALAR_SIZE - 1 - i];
        report[AT_S + i] = signature.data[2 * SNP_SCALAR_SIZE - 1 - i];
    }
    return 0;
}

int sim_report_make(const struct sim_machine *machine, const struct key *root, struct buf *out,
                    struct err *err)
{
    uint8_t report[SNP_REPORT_SIZE];

    if (key_type_of(root) != KEY_P384)
        return err_set(err, ERR_INPUT, "simulated report: its root is a %s key, not p384",
                       key_type_names[key_type_of(root)]);
    fill(machine, report);
    if (sign(report, root, err) < 0)
        return err_wrap(err, "simulated report");
    buf_add(out, report, sizeof(report));
    return buf_check(out, "the simulated report", err);
}

int sim_report_parse(struct span in, struct snp_report *ret, struct err *err)
{
    if (snp_report_parse(in, ret, err) < 0)
        return -1;
    if (!span_equal(SPAN_OF_ARRAY(ret->family_id), SPAN_OF_ARRAY(family_id)))
        return err_set(err, ERR_INPUT, "simulated report: FAMILY_ID at byte %d is not '%s'",
                       AT_FAMILY_ID, (const char *)family_id);
    if (ret->signing_key != SNP_SIGNED_BY_NONE)
        return err_set(err, ERR_INPUT, "simulated report: it claims one of AMD's keys at byte %d",
                       AT_KEY_BITS);
    return 0;
}

int sim_report_check(const struct snp_report *report, const struct key *root, struct err *err)
{
    if (key_type_of(root) != KEY_P384)
        return err_set(err, ERR_UNTRUSTED, "sim.root is a %s key, not p384",
                       key_type_names[key_type_of(root)]);
    return verify_signature(root, VERIFY_ECDSA, DIGEST_SHA384, report->signed_part,
                            SPAN_OF_ARRAY(report->signature), err);
}
