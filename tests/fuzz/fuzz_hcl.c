/* What Azure's machines and SVSMs hand out: HCL reports, evidence in JSON, manifests. */
#include "lib/attest/evidence/azure.h"
#include "lib/attest/evidence/hcl.h"
#include "lib/attest/evidence/svsm.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_blob(struct span in)
{
    uint8_t demand[HCL_REPORT_DATA_SIZE];
    struct json *config = NULL;
    struct key *ak = NULL;
    struct hcl hcl;
    struct err err;

    if (hcl_parse(in, &hcl, &err) < 0)
        return;
    hcl_report_data(&hcl, demand);
    if (hcl_read_runtime(&hcl, &ak, &config, &err) == 0 && ak == NULL)
        abort();
    json_free(config);
    key_free(ak);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span in = span_of(data, size);
    OWNED_AZURE_EVIDENCE azure = {0};
    struct tpm_public ek;
    struct err err;

    check_blob(in);
    if (azure_evidence_parse(in, &azure, &err) == 0)
        check_blob(buf_span(&azure.hcl));
    if (svsm_find_ek(in, &ek, &err) == 0 && ek.raw.len > size)
        abort();
    return 0;
}
