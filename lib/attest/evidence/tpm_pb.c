#include "lib/attest/evidence/tpm_pb.h"

#include "lib/attest/evidence/pb_reader.h"

/* A field of bytes that may be there once. */
struct slot {
    uint32_t number;
    struct span *to;
};

/* Fields of the messages, by their numbers in attest.proto and tpm.proto. */
enum { ATTESTATION_QUOTES = 2, ATTESTATION_INTERMEDIATES = 7 };
enum { QUOTE_QUOTE = 1, QUOTE_SIGNATURE = 2, QUOTE_PCRS = 3 };
enum { PCRS_HASH = 1, PCRS_MAP = 2 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };

/* Puts the field into its slot. 0 also when it has none. */
static int fill_slot(const struct slot *slots, size_t count, const struct pb_field *field,
                     struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (slots[i].number != field->number)
            continue;
        if (field->wire != PB_BYTES)
            return err_set(err, ERR_INPUT, "field %u is not bytes", field->number);
        if (slots[i].to->data != NULL)
            return err_set(err, ERR_INPUT, "field %u is there twice", field->number);
        *slots[i].to = field->bytes;
    }
    return 0;
}

static int need_wire(const struct pb_field *field, enum pb_wire wire, struct err *err)
{
    if (field->wire != wire)
        return err_set(err, ERR_INPUT, "field %u has wire type %d", field->number, field->wire);
    return 0;
}

/* --- registers ------------------------------------------------------------------------------- */

/* One entry of map<uint32, bytes>; an absent key is zero, as everywhere in this format. */
static int read_register(struct span in, struct pcr_bank *bank, struct err *err)
{
    struct pb_reader r = pb_reader_of(in);
    struct span value = {0};
    struct pb_field field;
    uint64_t index = 0;

    while (pb_next(&r, &field)) {
        if (field.number == ENTRY_KEY && need_wire(&field, PB_VARINT, err) < 0)
            return -1;
        if (field.number == ENTRY_VALUE && need_wire(&field, PB_BYTES, err) < 0)
            return -1;
        if (field.number == ENTRY_KEY)
            index = field.value;
        else if (field.number == ENTRY_VALUE)
            value = field.bytes;
    }
    if (pb_check(&r, err) < 0)
        return -1;
    return pcr_bank_give(bank, index < PCR_COUNT ? (unsigned)index : PCR_COUNT, value, err);
}

static int find_hash(struct span in, enum digest_alg *ret, struct err *err)
{
    struct pb_reader r = pb_reader_of(in);
    struct pb_field field;
    uint64_t hash = 0;

    while (pb_next(&r, &field)) {
        if (field.number != PCRS_HASH)
            continue;
        if (need_wire(&field, PB_VARINT, err) < 0)
            return -1;
        hash = field.value;
    }
    if (pb_check(&r, err) < 0)
        return -1;
    if (hash > UINT16_MAX || !pcr_alg_of_tpm((uint16_t)hash, ret))
        return err_set(err, ERR_INPUT, "the registers have an unknown hash algorithm");
    return 0;
}

/* The hash algorithm may stand after the registers, so it is looked for first. */
static int read_registers(struct span in, struct pcr_bank *ret, struct err *err)
{
    struct pb_reader r = pb_reader_of(in);
    struct pb_field field;
    enum digest_alg alg;

    if (find_hash(in, &alg, err) < 0)
        return -1;
    *ret = (struct pcr_bank){.alg = alg};
    while (pb_next(&r, &field)) {
        if (field.number != PCRS_MAP)
            continue;
        if (need_wire(&field, PB_BYTES, err) < 0 || read_register(field.bytes, ret, err) < 0)
            return -1;
    }
    return pb_check(&r, err);
}

/* --- messages -------------------------------------------------------------------------------- */

static int read_quote(struct span in, struct tpm_pb_quote *ret, struct err *err)
{
    struct pb_reader r = pb_reader_of(in);
    struct span registers = {0};
    const struct slot slots[] = {
        {QUOTE_QUOTE, &ret->quote}, {QUOTE_SIGNATURE, &ret->signature}, {QUOTE_PCRS, &registers}};
    struct pb_field field;

    while (pb_next(&r, &field))
        if (fill_slot(slots, COUNT_OF(slots), &field, err) < 0)
            return -1;
    if (pb_check(&r, err) < 0)
        return -1;
    return read_registers(registers, &ret->bank, err);
}

static int add_quote(struct tpm_pb *pb, const struct pb_field *field, struct err *err)
{
    if (need_wire(field, PB_BYTES, err) < 0)
        return -1;
    if (pb->quote_count == TPM_PB_QUOTES_MAX)
        return err_set(err, ERR_INPUT, "more than %d quotes", TPM_PB_QUOTES_MAX);
    if (read_quote(field->bytes, &pb->quotes[pb->quote_count], err) < 0)
        return err_wrap(err, "quote %zu", pb->quote_count);
    pb->quote_count++;
    return 0;
}

static int add_intermediate(struct tpm_pb *pb, const struct pb_field *field, struct err *err)
{
    if (need_wire(field, PB_BYTES, err) < 0)
        return -1;
    if (pb->intermediate_count == TPM_PB_INTERMEDIATES_MAX)
        return err_set(err, ERR_INPUT, "more than %d certificates", TPM_PB_INTERMEDIATES_MAX);
    pb->intermediates[pb->intermediate_count++] = field->bytes;
    return 0;
}

static int read_attestation(struct span in, struct tpm_pb *ret, struct err *err)
{
    struct pb_reader r = pb_reader_of(in);
    const struct slot slots[] = {{1, &ret->ak_public},     {3, &ret->event_log},
                                 {5, &ret->canonical_log}, {6, &ret->ak_certificate},
                                 {8, &ret->snp},           {9, &ret->tdx}};
    struct pb_field field;

    while (pb_next(&r, &field)) {
        if (field.number == ATTESTATION_QUOTES && add_quote(ret, &field, err) < 0)
            return -1;
        if (field.number == ATTESTATION_INTERMEDIATES && add_intermediate(ret, &field, err) < 0)
            return -1;
        if (fill_slot(slots, COUNT_OF(slots), &field, err) < 0)
            return -1;
    }
    return pb_check(&r, err);
}

int tpm_pb_parse(struct span in, struct tpm_pb *ret, struct err *err)
{
    *ret = (struct tpm_pb){0};
    if (read_attestation(in, ret, err) < 0)
        return err_wrap(err, "tpm attestation");
    if (ret->snp.data != NULL && ret->tdx.data != NULL)
        return err_set(err, ERR_INPUT, "tpm attestation: it holds both an SNP and a TDX part");
    return 0;
}
