#include "services/agent-api/attester/launch_check.h"

#include "lib/attest/evidence/dcap_quote.h"
#include "lib/attest/evidence/sim.h"
#include "lib/attest/evidence/td_report.h"
#include "lib/attest/reference/igvm.h"
#include "lib/base/text.h"

#include <string.h>

/* What the report answers: no transcript begins like this, so nobody takes it for evidence. */
#define QUESTION "cocos: what was measured at the launch of this machine?"

static int read_snp(struct span item, uint8_t out[static SHA384_SIZE], struct err *err)
{
    struct snp_report report;

    if (snp_report_parse(span_part(item, 0, SNP_REPORT_SIZE), &report, err) < 0)
        return -1;
    memcpy(out, report.measurement, SHA384_SIZE);
    return 0;
}

static int read_sim(struct span item, uint8_t out[static SHA384_SIZE], struct err *err)
{
    struct snp_report report;

    if (sim_report_parse(item, &report, err) < 0)
        return -1;
    memcpy(out, report.measurement, SHA384_SIZE);
    return 0;
}

static int read_tdx(struct span item, uint8_t out[static SHA384_SIZE], struct err *err)
{
    struct dcap_quote quote;
    struct td_report report;

    if (dcap_quote_parse(item, &quote, err) < 0 || td_report_parse(quote.body, &report, err) < 0)
        return -1;
    memcpy(out, report.mrtd, SHA384_SIZE);
    return 0;
}

/* Which of its platforms a file is measured for, and where the report has the digest. */
static const struct {
    enum igvm_platform platform;
    int (*read)(struct span item, uint8_t *out, struct err *err);
} rows[BUNDLE_TYPE_COUNT] = {
    [BUNDLE_SNP] = {IGVM_SNP, read_snp},
    [BUNDLE_TDX] = {IGVM_TDX, read_tdx},
    [BUNDLE_SIM] = {IGVM_SNP, read_sim},
};

static int ask(const struct desk_config *machine, uint8_t out[static SHA384_SIZE], struct err *err)
{
    const struct attester *attester = machine->attesters[0];
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    uint8_t report_data[SHA512_SIZE];

    digest_of(DIGEST_SHA512, span_of_str(QUESTION), report_data);
    if (attester->ask(&machine->places, report_data, &answer, err) < 0)
        return -1;
    return rows[attester->type].read(buf_span(&answer.item), out, err);
}

/* Pages without contents may have been loaded in one of two ways. */
static int compare(struct span file, enum igvm_platform platform, const uint8_t *launched,
                   struct err *err)
{
    static const unsigned ways[] = {0, IGVM_NATIVE_ZERO};
    char got[2 * SHA384_SIZE + 1], wanted[2 * SHA384_SIZE + 1];
    struct igvm_measurement measured;
    struct igvm igvm;

    if (igvm_parse(file, &igvm, err) < 0)
        return -1;
    for (size_t i = COUNT_OF(ways); i > 0; i--) {
        if (igvm_measure(&igvm, platform, ways[i - 1], &measured, err) < 0)
            return -1;
        if (span_equal(span_of(measured.digest, measured.len), span_of(launched, SHA384_SIZE)))
            return 0;
    }
    text_hex(measured.digest, measured.len, wanted);
    text_hex(launched, SHA384_SIZE, got);
    return err_set(err, ERR_UNTRUSTED, "this machine was not made from it: expected %s, got %s",
                   wanted, got);
}

int launch_check(struct span file, const struct desk_config *machine, struct err *err)
{
    uint8_t launched[SHA384_SIZE];
    const struct attester *attester = machine->attesters[0];
    int result = 0;

    if (attester == NULL || rows[attester->type].read == NULL)
        return err_set(err, ERR_UNSUPPORTED,
                       "IGVM file: nothing here says what was measured at launch");
    if (ask(machine, launched, err) < 0)
        return err_wrap(err, "report of the launch");
    result = compare(file, rows[attester->type].platform, launched, err);
    return result < 0 ? err_wrap(err, "IGVM file") : 0;
}
