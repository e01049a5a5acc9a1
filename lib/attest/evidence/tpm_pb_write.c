/* Writing the message, which an attester does; reading is tpm_pb.c. */
#include "lib/attest/evidence/pb_reader.h"
#include "lib/attest/evidence/tpm_pb.h"

static void add_varint(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_add_u8(out, (uint8_t)(value | 0x80));
    buf_add_u8(out, (uint8_t)value);
}

static void add_number(struct buf *out, uint32_t field, uint64_t value)
{
    add_varint(out, (uint64_t)field << 3 | PB_VARINT);
    add_varint(out, value);
}

/* Absent is what is empty. */
static void add_bytes(struct buf *out, uint32_t field, struct span bytes)
{
    if (bytes.len == 0)
        return;
    add_varint(out, (uint64_t)field << 3 | PB_BYTES);
    add_varint(out, bytes.len);
    buf_add_span(out, bytes);
}

static void add_registers(struct buf *out, const struct pcr_bank *bank)
{
    add_number(out, 1, pcr_alg_to_tpm(bank->alg));
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        OWNED_BUF entry = BUF_OF(128);

        if (!pcr_bank_has(bank, i))
            continue;
        add_number(&entry, 1, i);
        add_bytes(&entry, 2, pcr_bank_get(bank, i));
        add_bytes(out, 2, buf_span(&entry));
    }
}

static void add_quote(struct buf *out, const struct tpm_pb_quote *quote)
{
    OWNED_BUF message = BUF_OF(64 * KIB), registers = BUF_OF(64 * KIB);

    add_registers(&registers, &quote->bank);
    add_bytes(&message, 1, quote->quote);
    add_bytes(&message, 2, quote->signature);
    add_bytes(&message, 3, buf_span(&registers));
    add_bytes(out, 2, buf_span(&message));
}

void tpm_pb_write(const struct tpm_pb *pb, struct buf *out)
{
    add_bytes(out, 1, pb->ak_public);
    for (size_t i = 0; i < pb->quote_count; i++)
        add_quote(out, &pb->quotes[i]);
    add_bytes(out, 3, pb->event_log);
    add_bytes(out, 5, pb->canonical_log);
    add_bytes(out, 6, pb->ak_certificate);
    for (size_t i = 0; i < pb->intermediate_count; i++)
        add_bytes(out, 7, pb->intermediates[i]);
    add_bytes(out, 8, pb->snp);
    add_bytes(out, 9, pb->tdx);
}
