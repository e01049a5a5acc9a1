/* The stand-in platform, for development and tests on machines that are none: reports of SEV-SNP's
 * real layout, signed by a test root. A verifier refuses them unless its policy names that very
 * root, and every report says what it is in words. */
#include "services/agent-api/attester/attester.h"

#include "lib/attest/evidence/snp_report.h"
#include "lib/crypto/secret.h"
#include "lib/crypto/sign.h"

#include <string.h>

#define VERSION 3
#define POLICY  (SNP_POLICY_SMT | SNP_POLICY_RESERVED_ONE)

#define AT_FAMILY_ID   0x010
#define AT_IMAGE_ID    0x020
#define AT_ALGO        0x034
#define AT_REPORT_DATA 0x050
#define AT_MEASUREMENT 0x090
#define AT_REPORT_ID   0x140
#define AT_CPUID       0x188
#define AT_CHIP_ID     0x1a0
#define AT_SIGNATURE   0x2a0
#define SCALAR_FIELD   72

static void put_le(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void put_text(uint8_t *at, const char *text, size_t size)
{
    memcpy(at, text, strlen(text) < size ? strlen(text) : size);
}

static void fill(uint8_t report[static SNP_REPORT_SIZE],
                 const uint8_t report_data[static SHA512_SIZE])
{
    memset(report, 0, SNP_REPORT_SIZE);
    put_le(report, VERSION, 4);
    put_le(report + 8, POLICY, 8);
    put_text(report + AT_FAMILY_ID, "SIMULATED", 16);
    put_text(report + AT_IMAGE_ID, "NOT A REAL CHIP", 16);
    put_le(report + AT_ALGO, 1, 4);
    memcpy(report + AT_REPORT_DATA, report_data, SHA512_SIZE);
    put_text(report + AT_MEASUREMENT, "SIMULATED: NOTHING WAS MEASURED", 48);
    memset(report + AT_REPORT_ID, 0x51, 32);
    memset(report + AT_REPORT_ID + 32, 0xff, 32); /* no migration agent */
    memcpy(report + AT_CPUID, (const uint8_t[]){0x19, 0x11, 0x01}, 3);
    put_text(report + AT_CHIP_ID, "SIMULATED: NO CHIP", SNP_CHIP_ID_SIZE);
}

static int probe(const struct attester_places *places, struct err *err)
{
    if (places->sim_key == NULL)
        return err_set(err, ERR_NOT_FOUND, "no stand-in platform was asked for");
    return 0;
}

/* r and s, which are big-endian and side by side, to the firmware's little-endian fields. */
static void put_signature(uint8_t *at, struct span signature)
{
    for (size_t part = 0; part < 2; part++)
        for (size_t i = 0; i < SNP_SCALAR_SIZE; i++)
            at[part * SCALAR_FIELD + i] =
                signature.data[part * SNP_SCALAR_SIZE + SNP_SCALAR_SIZE - 1 - i];
}

static int ask(const struct attester_places *places, const uint8_t report_data[static SHA512_SIZE],
               struct buf *out, struct err *err)
{
    OWNED_BUF signature = BUF_OF(2 * SNP_SCALAR_SIZE);
    uint8_t report[SNP_REPORT_SIZE];

    fill(report, report_data);
    if (sign_message(places->sim_key, span_of(report, SNP_REPORT_SIGNED_SIZE), &signature, err) < 0)
        return err_wrap(err, "the stand-in platform");
    put_signature(report + AT_SIGNATURE, buf_span(&signature));
    buf_add(out, report, sizeof(report));
    return 0;
}

const struct attester attester_sim = {BUNDLE_SIM, probe, ask};
