/* The attestation message of go-tpm-tools, and whatever it holds. */
#include "lib/attest/evidence/tcg_log.h"
#include "lib/attest/evidence/tpm_pb.h"
#include "lib/attest/evidence/tpm_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tpm_signature signature;
    struct tpm_public key;
    struct tpm_quote quote;
    struct tcg_log log;
    struct tpm_pb pb;
    struct err err;

    if (tpm_pb_parse(span_of(data, size), &pb, &err) < 0)
        return 0;
    (void)!tpm_public_parse(pb.ak_public, &key, &err);
    (void)!tcg_log_parse(pb.event_log, &log, &err);
    for (size_t i = 0; i < pb.quote_count; i++) {
        if (tpm_quote_parse(pb.quotes[i].quote, &quote, &err) == 0 &&
            tpm_signature_parse(pb.quotes[i].signature, &signature, &err) == 0)
            (void)!tpm_quote_check_registers(&quote, &signature, &pb.quotes[i].bank, 1, &err);
    }
    return 0;
}
