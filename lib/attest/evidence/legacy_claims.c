/* What the evidence says, in the claims of CocosAI's first agents: legacy_eat.h. Whoever verifies
 * reads the evidence itself. */
#include "lib/attest/evidence/legacy_eat.h"

#include "lib/attest/evidence/snp_report.h"
#include "lib/attest/evidence/td_report.h"
#include "lib/attest/evidence/tpm_pb.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define PART_MAX (1 * MIB)

/* Claims as those agents number them; two of the numbers mean something else elsewhere. */
enum { OEMID = 258, HWMODEL = 259, FIRST_MEASUREMENTS = 265 };
enum { OEM_AMD = 3704, OEM_INTEL = 343 };
enum { DBGSTAT_ENABLED = 0, DBGSTAT_DISABLED_SINCE_BOOT = 2 };

static void add_bytes(struct cbor_map *map, const char *name, struct span bytes)
{
    cbor_map_key_text(map, name);
    cbor_add_bytes(&map->items, bytes);
}

static void add_number(struct cbor_map *map, const char *name, uint64_t number)
{
    cbor_map_key_text(map, name);
    cbor_add_uint(&map->items, number);
}

static void add_text(struct cbor_map *map, const char *name, const char *text)
{
    cbor_map_key_text(map, name);
    cbor_add_text(&map->items, text);
}

static int add_part(struct cbor_map *claims, const char *name, struct cbor_map *part,
                    struct err *err)
{
    cbor_map_key_text(claims, name);
    return cbor_map_write(part, &claims->items, err);
}

/* What every token says of its platform. */
struct common {
    struct span ueid, measurement;
    int oem;
    const char *model;
    bool debug;
};

static void add_common(struct cbor_map *claims, const struct common *common)
{
    cbor_map_key_int(claims, EAT_UEID);
    cbor_add_bytes(&claims->items, common->ueid);
    if (common->oem == 0)
        return; /* a TPM says nothing of the rest */
    cbor_map_key_int(claims, OEMID);
    cbor_add_int(&claims->items, common->oem);
    cbor_map_key_int(claims, HWMODEL);
    cbor_add_bytes(&claims->items, span_of_str(common->model));
    cbor_map_key_int(claims, EAT_DBGSTAT);
    cbor_add_int(&claims->items, common->debug ? DBGSTAT_ENABLED : DBGSTAT_DISABLED_SINCE_BOOT);
    cbor_map_key_int(claims, FIRST_MEASUREMENTS);
    cbor_add_bytes(&claims->items, common->measurement);
}

static int add_snp(struct span item, struct cbor_map *claims, struct err *err)
{
    OWNED_CBOR_MAP part = CBOR_MAP_OF(8 * KIB);
    struct snp_report report;
    char model[32], tcb[24];

    if (snp_report_parse(span_part(item, 0, SNP_REPORT_SIZE), &report, err) < 0)
        return -1;
    snprintf(model, sizeof(model), "SEV-SNP-%u", report.version);
    snprintf(tcb, sizeof(tcb), "%016llx", (unsigned long long)report.current_tcb);
    add_common(claims, &(struct common){.ueid = SPAN_OF_ARRAY(report.chip_id),
                                        .measurement = SPAN_OF_ARRAY(report.measurement),
                                        .oem = OEM_AMD,
                                        .model = model,
                                        .debug = (report.policy & SNP_POLICY_DEBUG) != 0});
    add_bytes(&part, "measurement", SPAN_OF_ARRAY(report.measurement));
    add_text(&part, "tcb", tcb);
    add_number(&part, "platform_info", report.platform_info);
    add_number(&part, "policy", report.policy);
    add_bytes(&part, "family_id", SPAN_OF_ARRAY(report.family_id));
    add_bytes(&part, "image_id", SPAN_OF_ARRAY(report.image_id));
    add_number(&part, "vmpl", report.vmpl);
    add_number(&part, "signature_algo", report.signature_algo);
    add_number(&part, "current_tcb", report.current_tcb);
    add_number(&part, "reported_tcb", report.reported_tcb);
    add_bytes(&part, "chip_id", SPAN_OF_ARRAY(report.chip_id));
    add_number(&part, "committed_tcb", report.committed_tcb);
    add_number(&part, "launch_tcb", report.launch_tcb);
    add_bytes(&part, "signature",
              span_part(item, SNP_REPORT_SIGNED_SIZE, SNP_REPORT_SIZE - SNP_REPORT_SIGNED_SIZE));
    return add_part(claims, "x-cocos-sevsnp", &part, err);
}

static int add_tdx(struct span item, struct cbor_map *claims, struct err *err)
{
    static const char *const rtmrs[] = {"tdx_rtmr0", "tdx_rtmr1", "tdx_rtmr2", "tdx_rtmr3"};
    OWNED_CBOR_MAP part = CBOR_MAP_OF(8 * KIB);
    struct dcap_quote quote;
    struct td_report report;

    if (dcap_quote_parse(item, &quote, err) < 0 || td_report_parse(quote.body, &report, err) < 0)
        return -1;
    add_common(claims,
               &(struct common){.ueid = span_part(SPAN_OF_ARRAY(report.mrtd), 0, 32),
                                .measurement = SPAN_OF_ARRAY(report.mrtd),
                                .oem = OEM_INTEL,
                                .model = "Intel-TDX",
                                .debug = (report.td_attributes & TD_ATTR_UNDER_DEBUG) != 0});
    add_bytes(&part, "tdx_mrtd", SPAN_OF_ARRAY(report.mrtd));
    for (size_t i = 0; i < COUNT_OF(rtmrs); i++)
        add_bytes(&part, rtmrs[i], SPAN_OF_ARRAY(report.rtmr[i]));
    add_number(&part, "tdx_xfam", report.xfam);
    add_number(&part, "tdx_td_attributes", report.td_attributes);
    add_bytes(&part, "tdx_mrconfigid", SPAN_OF_ARRAY(report.mrconfigid));
    add_bytes(&part, "tdx_mrowner", SPAN_OF_ARRAY(report.mrowner));
    add_bytes(&part, "tdx_mrownerconfig", SPAN_OF_ARRAY(report.mrownerconfig));
    add_bytes(&part, "tdx_mrseam", SPAN_OF_ARRAY(report.mrseam));
    add_bytes(&part, "tdx_signature", quote.signature);
    return add_part(claims, "x-cocos-tdx", &part, err);
}

/* {"sha256:0": hex, ...} */
static void add_registers(const struct tpm_pb *pb, struct cbor_map *registers)
{
    for (size_t n = 0; n < pb->quote_count; n++) {
        const struct pcr_bank *bank = &pb->quotes[n].bank;

        for (unsigned i = 0; i < PCR_COUNT; i++) {
            char name[32], hex[2 * DIGEST_SIZE_MAX + 1];
            struct span value = pcr_bank_get(bank, i);

            if (!pcr_bank_has(bank, i))
                continue;
            snprintf(name, sizeof(name), "%s:%u", digest_name(bank->alg), i);
            text_hex(value.data, value.len, hex);
            add_text(registers, name, hex);
        }
    }
}

static int add_quoted(const struct tpm_pb *pb, struct span log, struct cbor_map *claims,
                      struct err *err)
{
    OWNED_CBOR_MAP part = CBOR_MAP_OF(PART_MAX), registers = CBOR_MAP_OF(64 * KIB);

    add_registers(pb, &registers);
    if (add_part(&part, "pcrs", &registers, err) < 0)
        return -1;
    add_bytes(&part, "event_log", log);
    add_bytes(&part, "quote", pb->quotes[0].quote);
    return add_part(claims, "x-cocos-vtpm", &part, err);
}

static int add_vtpm(struct span item, struct span log, bool alone, struct cbor_map *claims,
                    struct err *err)
{
    struct tpm_pb *pb = mem_new(struct tpm_pb); /* large for a stack */
    int result = tpm_pb_parse(item, pb, err);

    if (result == 0 && pb->quote_count == 0)
        result = err_set(err, ERR_INPUT, "the TPM's message has no quote");
    if (result == 0 && alone)
        add_common(claims, &(struct common){
                               .ueid = span_part(pcr_bank_get(&pb->quotes[0].bank, 0), 0, 16)});
    if (result == 0)
        result = add_quoted(pb, log, claims, err);
    free(pb);
    return result;
}

/* Where a report or a quote of the platform is there, it says which machine this is. */
int legacy_claims_add(const struct bundle *bundle, struct cbor_map *claims, struct err *err)
{
    struct span item[BUNDLE_TYPE_COUNT] = {{0}};

    for (size_t i = 0; i < bundle_count(bundle); i++)
        item[bundle_at(bundle, i)->type] = bundle_span(&bundle_at(bundle, i)->data);
    if (item[BUNDLE_SNP].len > 0 && add_snp(item[BUNDLE_SNP], claims, err) < 0)
        return -1;
    if (item[BUNDLE_SNP].len == 0 && item[BUNDLE_TDX].len > 0)
        return add_tdx(item[BUNDLE_TDX], claims, err);
    if (item[BUNDLE_VTPM].len == 0)
        return 0;
    return add_vtpm(item[BUNDLE_VTPM], legacy_log(bundle), item[BUNDLE_SNP].len == 0, claims, err);
}
