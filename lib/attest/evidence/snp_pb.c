#include "lib/attest/evidence/snp_pb.h"

#include "lib/attest/evidence/pb_reader.h"
#include "lib/attest/evidence/pb_writer.h"
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

/* CertificateChain. */
#define CHAIN_FIELDS 7
static const enum snp_cert_kind kinds[CHAIN_FIELDS] = {
    [0] = SNP_CERT_COUNT, [1] = SNP_CERT_VCEK,  [2] = SNP_CERT_ASK, [3] = SNP_CERT_ARK,
    [4] = SNP_CERT_COUNT, [5] = SNP_CERT_COUNT, [6] = SNP_CERT_VLEK};

static int read_chain(struct span in, struct snp_certs *ret, struct err *err)
{
    struct pb_reader r = pb_reader_of(in);
    struct pb_field field;

    while (pb_next(&r, &field)) {
        if (field.number >= CHAIN_FIELDS || kinds[field.number] == SNP_CERT_COUNT)
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

/* --- the way back ---------------------------------------------------------------------------- */

static uint64_t take_number(const uint8_t *from, size_t size)
{
    uint64_t value = 0;

    for (size_t i = size; i > 0; i--)
        value = value << 8 | from[i - 1];
    return value;
}

static uint32_t take_cpuid(const uint8_t *report)
{
    uint32_t family = report[OFFSET_CPUID], model = report[OFFSET_CPUID + 1];
    uint32_t base = family < 0xf ? family : 0xf;

    return (family - base) << 20 | (model >> 4) << 16 | base << 8 | (model & 0xf) << 4 |
           (report[OFFSET_CPUID + 2] & 0xf);
}

static void add_report(const uint8_t report[static SNP_REPORT_SIZE], struct buf *out)
{
    OWNED_BUF message = BUF_OF(4 * KIB);

    for (uint32_t number = 1; number < FIELD_COUNT; number++) {
        const struct field_row *row = &rows[number];
        bool is_number = number == FIELD_CPUID || row->wire == PB_VARINT;
        uint64_t value = number == FIELD_CPUID ? take_cpuid(report)
                                               : take_number(report + row->offset, row->size);

        if (!is_number)
            pb_add_bytes(&message, number, span_of(report + row->offset, row->size));
        else if (value != 0)
            pb_add_number(&message, number, value);
    }
    pb_add_bytes(out, 1, buf_span(&message));
}

static void add_chain(const struct snp_certs *certs, struct buf *out)
{
    OWNED_BUF chain = BUF_OF(256 * KIB);

    for (uint32_t number = 1; number < CHAIN_FIELDS; number++)
        if (kinds[number] != SNP_CERT_COUNT)
            pb_add_bytes(&chain, number, certs->cert[kinds[number]]);
    pb_add_bytes(out, 2, buf_span(&chain));
}

/* SevProduct, by the name that go-sev-guest has for it; 0: none that the report tells. */
static uint32_t product_of(const struct snp_report *report)
{
    static const uint32_t names[SNP_PRODUCT_COUNT] = {
        [SNP_MILAN] = 1, [SNP_GENOA] = 2, [SNP_TURIN] = 3};
    enum snp_product product = snp_report_product(report);

    return product < SNP_PRODUCT_COUNT ? names[product] : 0;
}

int snp_pb_make(struct span item, struct buf *out, struct err *err)
{
    struct span table = span_part(item, SNP_REPORT_SIZE, item.len);
    OWNED_BUF product = BUF_OF(16);
    struct snp_certs certs = {0};
    struct snp_report report;

    if (snp_report_parse(span_part(item, 0, SNP_REPORT_SIZE), &report, err) < 0 ||
        (table.len > 0 && snp_certs_parse(table, SNP_REPORT_SIZE, &certs, err) < 0))
        return -1;
    add_report(item.data, out);
    add_chain(&certs, out);
    if (product_of(&report) != 0)
        pb_add_number(&product, 1, product_of(&report));
    pb_add_bytes(out, 3, buf_span(&product));
    return buf_check(out, "snp attestation", err);
}
