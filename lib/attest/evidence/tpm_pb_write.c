/* Writing the message, which an attester does; reading is tpm_pb.c. */
#include "lib/attest/evidence/pb_writer.h"
#include "lib/attest/evidence/tpm_pb.h"

static void add_registers(struct buf *out, const struct pcr_bank *bank)
{
    pb_add_number(out, 1, pcr_alg_to_tpm(bank->alg));
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        OWNED_BUF entry = BUF_OF(128);

        if (!pcr_bank_has(bank, i))
            continue;
        pb_add_number(&entry, 1, i);
        pb_add_bytes(&entry, 2, pcr_bank_get(bank, i));
        pb_add_bytes(out, 2, buf_span(&entry));
    }
}

static void add_quote(struct buf *out, const struct tpm_pb_quote *quote)
{
    OWNED_BUF message = BUF_OF(64 * KIB), registers = BUF_OF(64 * KIB);

    add_registers(&registers, &quote->bank);
    pb_add_bytes(&message, 1, quote->quote);
    pb_add_bytes(&message, 2, quote->signature);
    pb_add_bytes(&message, 3, buf_span(&registers));
    pb_add_bytes(out, 2, buf_span(&message));
}

void tpm_pb_write(const struct tpm_pb *pb, struct buf *out)
{
    pb_add_bytes(out, 1, pb->ak_public);
    for (size_t i = 0; i < pb->quote_count; i++)
        add_quote(out, &pb->quotes[i]);
    pb_add_bytes(out, 3, pb->event_log);
    pb_add_bytes(out, 5, pb->canonical_log);
    pb_add_bytes(out, 6, pb->ak_certificate);
    for (size_t i = 0; i < pb->intermediate_count; i++)
        pb_add_bytes(out, 7, pb->intermediates[i]);
    pb_add_bytes(out, 8, pb->snp);
    pb_add_bytes(out, 9, pb->tdx);
}
