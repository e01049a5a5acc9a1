/* Genuine SNP reports, with what vouches for each: see PROVENANCE.md of the vectors. */
#ifndef COCOS_TESTS_ATTEST_SNP_SAMPLES_H
#define COCOS_TESTS_ATTEST_SNP_SAMPLES_H

#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/snp_report.h"

#define AMD "snp/amd-roots-trustee/"

enum sample_form { BYTES, HEX, HCL, HCL_JSON };

static const struct snp_sample {
    const char *report;
    enum sample_form form;
    const char *vek, *chain, *crl;
    const char *time;
    const char *refusal; /* id of a finding; NULL when it is to be accepted */
    bool forged;         /* crypto fails, not policy */
} snp_samples[] = {
    {"snp/go-sev-guest-milan-v2/attestation.bin", BYTES, "snp/go-sev-guest-milan-v2/vcek.testcer",
     "snp/go-sev-guest-milan-v2/milan.testcer", NULL, "2024-01-01T00:00:00Z", "snp.policy.debug"},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "milan_ask_ark_asvk.pem", "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    {"snp/trustee-milan-v2/test-report.bin", BYTES,
     "snp/trustee-milan-v2/test-vcek-invalid-new.der", AMD "milan_ask_ark_asvk.pem", NULL,
     "2026-09-01T00:00:00Z", "snp.chain.signature", true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES,
     "snp/trustee-milan-v2/test-vcek-invalid-legacy.der", AMD "milan_ask_ark_asvk.pem", NULL,
     "2026-09-01T00:00:00Z", "snp.chain.signature", true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "milan_ask_ark_asvk.pem", "snp/amd-crls/Milan.crl", "2026-11-23T00:00:00Z", "snp.crl.time",
     true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "milan_ask_ark_asvk.pem", "snp/amd-crls/Milan.crl", "2026-08-01T00:00:00Z", "snp.crl.time",
     true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "milan_ask_ark_asvk.pem", NULL, "2031-01-01T00:00:00Z", "snp.chain.time", true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/trustee-milan-v2/test-vcek.der",
     AMD "genoa_ask_ark_asvk.pem", NULL, "2026-09-01T00:00:00Z", "snp.chain.absent", true},
    {"snp/trustee-milan-v2/test-report.bin", BYTES, "snp/virtee-sev-milan-v2/vcek_milan.der",
     AMD "milan_ask_ark_asvk.pem", NULL, "2026-09-01T00:00:00Z", "snp.vek.chip", true},
    {"snp/virtee-sev-milan-v2/report_milan.hex", HEX, "snp/virtee-sev-milan-v2/vcek_milan.der",
     "snp/virtee-sev-milan-v2/cert_chain_milan", "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z",
     NULL},
    {"snp/azure-aci-uvm-milan-v2/snp_report.bin", BYTES,
     "snp/azure-aci-uvm-milan-v2/uvm_host_amd_certificate.pem", NULL, "snp/amd-crls/Milan.crl",
     "2026-09-01T00:00:00Z", NULL},
    {"snp/yaxi-routex-genoa-v3/report.bin", BYTES, "snp/yaxi-routex-genoa-v3/vcek-chain-genoa.pem",
     NULL, "snp/amd-crls/Genoa.crl", "2026-09-01T00:00:00Z", NULL},
    {"snp/yaxi-routex-genoa-v5/report.bin", BYTES,
     "snp/yaxi-routex-genoa-v5/vcek-chain-genoa-v5.pem", NULL, "snp/amd-crls/Genoa.crl",
     "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/hcl-report.bin", HCL, "azure/trustee-az-snp-vtpm/vcek.pem", NULL,
     "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/evidence-genoa.json", HCL_JSON,
     "azure/trustee-az-snp-vtpm/vcek-genoa.pem", AMD "genoa_ask_ark_asvk.pem",
     "snp/amd-crls/Genoa.crl", "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/evidence-v0.json", HCL_JSON, NULL, AMD "milan_ask_ark_asvk.pem",
     "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/evidence-v1.json", HCL_JSON, NULL, AMD "milan_ask_ark_asvk.pem",
     "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    {"azure/trustee-az-snp-vtpm/evidence-v2.json", HCL_JSON, NULL, AMD "milan_ask_ark_asvk.pem",
     "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", NULL},
    /* The certificates that lie beside this one are another machine's. */
    {"azure/azure-cvm-tooling-snp/hcl-report-snp.bin", HCL, "azure/azure-cvm-tooling-snp/certs.pem",
     NULL, "snp/amd-crls/Milan.crl", "2026-09-01T00:00:00Z", "snp.vek.chip", true},
};

/* base64url, with padding. */
static inline void sample_decode(const char *text, struct buf *out)
{
    struct span bare = span_of_str(text);
    struct err err;

    while (bare.len > 0 && bare.data[bare.len - 1] == '=')
        bare.len--;
    assert_ok(text_decode_base64url(bare, out, &err));
}

/* The HCL report of an evidence file and the VCEK beside it: a list of numbers and PEM in the first
 * version, base64url of both later. */
static inline struct span sample_from_json(const char *name, struct buf *report, struct buf *vek)
{
    OWNED_JSON *json = NULL;
    const struct json *list;
    struct err err;

    assert_ok(json_parse(vectors_read(name), &json, &err));
    list = json_get(json, "report");
    for (size_t i = 0; i < json_count(list); i++)
        buf_add_u8(report, (uint8_t)json_int(json_at(list, i)));
    if (list != NULL) {
        buf_add_str(vek, json_get_str(json, "vcek"));
        return buf_span(report);
    }
    sample_decode(json_get_str(json, "hcl_report"), report);
    sample_decode(json_get_str(json, "vcek"), vek);
    return buf_span(report);
}

struct snp_opened {
    struct buf room, vek_room;
    struct span report, vek, chain, crl;
};

static inline void sample_done(struct snp_opened *opened)
{
    buf_done(&opened->room);
    buf_done(&opened->vek_room);
    vectors_done();
}
#define OWNED_SNP_OPENED __attribute__((cleanup(sample_done))) struct snp_opened

static inline struct span sample_read_or_nothing(const char *name)
{
    return name != NULL ? vectors_read(name) : span_of(NULL, 0);
}

static inline void sample_open(const struct snp_sample *sample, struct snp_opened *opened)
{
    *opened = (struct snp_opened){.room = BUF_OF(64 * KIB), .vek_room = BUF_OF(64 * KIB)};
    switch (sample->form) {
    case BYTES: opened->report = vectors_read(sample->report); break;
    case HEX: opened->report = vectors_read_hex(sample->report); break;
    case HCL:
        opened->report = span_part(vectors_read(sample->report), 0x20, SNP_REPORT_SIZE);
        break;
    case HCL_JSON:
        opened->report =
            span_part(sample_from_json(sample->report, &opened->room, &opened->vek_room), 0x20,
                      SNP_REPORT_SIZE);
    }
    opened->vek = sample->vek != NULL ? vectors_read(sample->vek) : buf_span(&opened->vek_room);
    opened->chain = sample_read_or_nothing(sample->chain);
    opened->crl = sample_read_or_nothing(sample->crl);
}

#endif
