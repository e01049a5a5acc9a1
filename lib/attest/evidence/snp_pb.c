#include "lib/attest/evidence/snp_pb.h"

#include "lib/attest/evidence/pb_reader.h"
#include "lib/attest/evidence/snp_certs.h"
#include "lib/attest/evidence/snp_report.h"

#define FIELD_COUNT 32

/* Where each field of sevsnp.Report stands in the report, by its number in sevsnp.proto. A number
 * is little-endian. */
struct field_row {
    enum pb_wire wire;
    uint16_t offset, size;
};

static const struct field_row rows[FIELD_COUNT] = {
    [1] = {PB_VARINT, 0x000, 4},   [2] = {PB_VARINT, 0x004, 4},  [3] = {PB_VARINT, 0x008, 8},
    [4] = {PB_BYTES, 0x010, 16},   [5] = {PB_BYTES, 0x020, 16},  [6] = {PB_VARINT, 0x030, 4},
    [7] = {PB_VARINT, 0x034, 4},   [8] = {PB_VARINT, 0x038, 8},  [9] = {PB_VARINT, 0x040, 8},
    [10] = {PB_VARINT, 0x048, 4},  [11] = {PB_BYTES, 0x050, 64}, [12] = {PB_BYTES, 0x090, 48},
    [13] = {PB_BYTES, 0x0c0, 32},  [14] = {PB_BYTES, 0x0e0, 48}, [15] = {PB_BYTES, 0x110, 48},
    [16] = {PB_BYTES, 0x140, 32},  [17] = {PB_BYTES, 0x160, 32}, [18] = {PB_VARINT, 0x180, 8},
    [19] = {PB_BYTES, 0x1a0, 64},  [20] = {PB_VARINT, 0x1e0, 8}, [21] = {PB_VARINT, 0x1e8, 1},
    [22] = {PB_VARINT, 0x1e9, 1},  [23] = {PB_VARINT, 0x1ea, 1}, [24] = {PB_VARINT, 0x1ec, 1},
    [25] = {PB_VARINT, 0x1ed, 1},  [26] = {PB_VARINT, 0x1ee, 1}, [27] = {PB_VARINT, 0x1f0, 8},
    [28] = {PB_BYTES, 0x2a0, 512}, [30] = {PB_VARINT, 0x1f8, 8}, [31] = {PB_VARINT, 0x200, 8},
};

/* CPUID leaf 1 as a number, which a report has as family, model and stepping, a byte each. */
enum { FIELD_CPUID = 29, OFFSET_CPUID = 0x188 };

static void put_cpuid(uint8_t *report, uint32_t eax)
{
    uint32_t family = (eax >> 8 & 0xf) + (eax >> 20 & 0xff);
    uint32_t model = (eax >> 4 & 0xf) | (eax >> 16 & 0xf) << 4;

    report[OFFSET_CPUID] = (uint8_t)family;
    report[OFFSET_CPUID + 1] = (uint8_t)model;
    report[OFFSET_CPUID + 2] = (uint8_t)(eax & 0xf);
}

static int put_number(uint8_t *to, size_t size, uint64_t value, struct err *err)
{
    if (size < 8 && value >> (8 * size) != 0)
        return err_set(err, ERR_INPUT, "is over %zu bytes", size);
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> (8 * i));
    return 0;
}

static int put_field(const struct pb_field *field, uint8_t *report, struct err *err)
{
    const struct field_row *row = &rows[field->number];

    if (field->number == FIELD_CPUID) {
        if (field->wire != PB_VARINT || field->value > UINT32_MAX)
            return err_set(err, ERR_INPUT, "is no number of 32 bits");
        put_cpuid(report, (uint32_t)field->value);
        return 0;
    }
    if (field->wire != row->wire)
        return err_set(err, ERR_INPUT, "has wire type %d", field->wire);
    if (row->wire == PB_VARINT)
        return put_number(report + row->offset, row->size, field->value, err);
    if (field->bytes.len != row->size)
        return err_set(err, ERR_INPUT, "has %zu bytes, not %u", field->bytes.len, row->size);
    memcpy(report + row->offset, field->bytes.data, row->size);
    return 0;
}

static int read_report(struct span in, uint8_t report[static SNP_REPORT_SIZE], struct err *err)
{
    struct pb_reader r = pb_reader_of(in);
    struct pb_field field;
    uint64_t seen = 0;

    while (pb_next(&r, &field)) {
        if (field.number >= FIELD_COUNT) /* later versions may know more */
            continue;
        if ((seen >> field.number & 1) != 0)
            return err_set(err, ERR_INPUT, "field %u is there twice", field.number);
        seen |= 1ull << field.number;
        if (put_field(&field, report, err) < 0)
            return err_wrap(err, "field %u", field.number);
    }
    return pb_check(&r, err);
}

/* CertificateChain: vcek 1, ask 2, ark 3, vlek 6. */
static int read_chain(struct span in, struct snp_certs *ret, struct err *err)
{
    static const enum snp_cert_kind kinds[] = {
        [1] = SNP_CERT_VCEK, [2] = SNP_CERT_ASK, [3] = SNP_CERT_ARK, [6] = SNP_CERT_VLEK};
    struct pb_reader r = pb_reader_of(in);
    struct pb_field field;

    while (pb_next(&r, &field)) {
        if (field.number != 1 && field.number != 2 && field.number != 3 && field.number != 6)
            continue;
        if (field.wire != PB_BYTES || ret->cert[kinds[field.number]].len > 0)
            return err_set(err, ERR_INPUT, "certificate %u is there twice, or no bytes",
                           field.number);
        ret->cert[kinds[field.number]] = field.bytes;
    }
    return pb_check(&r, err);
}

static bool has_any(const struct snp_certs *certs)
{
    for (int kind = 0; kind < SNP_CERT_COUNT; kind++)
        if (certs->cert[kind].len > 0)
            return true;
    return false;
}

int snp_pb_write(struct span in, struct buf *out, struct err *err)
{
    uint8_t report[SNP_REPORT_SIZE] = {0};
    struct pb_reader r = pb_reader_of(in);
    struct snp_certs certs = {0};
    struct pb_field field;
    bool has_report = false;

    while (pb_next(&r, &field)) {
        if (field.number == 1 && (has_report || field.wire != PB_BYTES))
            return err_set(err, ERR_INPUT, "snp attestation: two reports, or no message");
        if (field.number == 1 && read_report(field.bytes, report, err) < 0)
            return err_wrap(err, "snp attestation: report");
        if (field.number == 2 && read_chain(field.bytes, &certs, err) < 0)
            return err_wrap(err, "snp attestation: certificates");
        has_report = has_report || field.number == 1;
    }
    if (pb_check(&r, err) < 0)
        return err_wrap(err, "snp attestation");
    if (!has_report)
        return err_set(err, ERR_INPUT, "snp attestation: it holds no report");
    buf_add(out, report, sizeof(report));
    if (has_any(&certs))
        snp_certs_write(&certs, out);
    return buf_check(out, "snp attestation", err);
}
