#include "lib/attest/evidence/snp_certs.h"

#include "lib/base/reader.h"

#define ENTRY_SIZE  24
#define ENTRIES_MAX 16
#define GUID_SIZE   16

/* Mixed-endian, as they stand in memory. */
static const uint8_t guids[SNP_CERT_COUNT][GUID_SIZE] = {
    /* 63da758d-e664-4564-adc5-f4b93be8accd */
    [SNP_CERT_VCEK] = {0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9, 0x3b,
                       0xe8, 0xac, 0xcd},
    /* a8074bc2-a25a-483e-aae6-39c045a0b8a1 */
    [SNP_CERT_VLEK] = {0xc2, 0x4b, 0x07, 0xa8, 0x5a, 0xa2, 0x3e, 0x48, 0xaa, 0xe6, 0x39, 0xc0, 0x45,
                       0xa0, 0xb8, 0xa1},
    /* 4ab7b379-bbac-4fe4-a02f-05aef327c782 */
    [SNP_CERT_ASK] = {0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, 0xa0, 0x2f, 0x05, 0xae, 0xf3,
                      0x27, 0xc7, 0x82},
    /* c0b406a4-a803-4952-9743-3fb6014cd0ae */
    [SNP_CERT_ARK] = {0xa4, 0x06, 0xb4, 0xc0, 0x03, 0xa8, 0x52, 0x49, 0x97, 0x43, 0x3f, 0xb6, 0x01,
                      0x4c, 0xd0, 0xae},
};

static int find_kind(struct span guid)
{
    for (int kind = 0; kind < SNP_CERT_COUNT; kind++)
        if (span_equal(guid, SPAN_OF_ARRAY(guids[kind])))
            return kind;
    return SNP_CERT_COUNT;
}

/* Takes the entry at `at`; *end grows to where its certificate ends. */
static int take_entry(struct span in, size_t at, struct snp_certs *certs, uint64_t *end,
                      struct err *err)
{
    struct reader r = reader_of(span_part(in, at, ENTRY_SIZE));
    struct span guid = read_span(&r, GUID_SIZE);
    uint64_t from = read_le32(&r);
    uint64_t len = read_le32(&r);
    int kind = find_kind(guid);

    if (from > in.len || len > in.len - from || len == 0)
        return err_set(err, ERR_INPUT, "certificate of %llu bytes at %llu, in a table of %zu bytes",
                       (unsigned long long)len, (unsigned long long)from, in.len);
    if (kind < SNP_CERT_COUNT) {
        if (certs->cert[kind].len > 0)
            return err_set(err, ERR_INPUT, "second certificate of one kind");
        certs->cert[kind] = span_part(in, (size_t)from, (size_t)len);
    }
    if (*end < from + len)
        *end = from + len;
    return 0;
}

int snp_certs_parse(struct span in, size_t offset, struct snp_certs *ret, struct err *err)
{
    struct snp_certs certs = {0};
    uint64_t end = 0;
    size_t at = 0;

    for (;; at += ENTRY_SIZE) {
        struct span entry = span_part(in, at, ENTRY_SIZE);

        if (entry.len < ENTRY_SIZE || at / ENTRY_SIZE >= ENTRIES_MAX)
            return err_set(err, ERR_INPUT, "byte 0x%03zx: certificate table has no end",
                           offset + at);
        if (span_is_zero(entry))
            break;
        if (take_entry(in, at, &certs, &end, err) < 0)
            return err_wrap(err, "byte 0x%03zx", offset + at);
    }
    if (at == 0)
        return err_set(err, ERR_INPUT, "byte 0x%03zx: certificate table is empty", offset);
    if (!span_is_zero(span_part(in, (size_t)end, in.len)))
        return err_set(err, ERR_INPUT, "byte 0x%03zx: something follows the certificates",
                       offset + (size_t)end);
    *ret = certs;
    return 0;
}

void snp_certs_write(const struct snp_certs *certs, struct buf *out)
{
    uint32_t at = ENTRY_SIZE; /* the entry of zeros that ends the table */

    for (int kind = 0; kind < SNP_CERT_COUNT; kind++)
        if (certs->cert[kind].len > 0)
            at += ENTRY_SIZE;
    for (int kind = 0; kind < SNP_CERT_COUNT; kind++) {
        if (certs->cert[kind].len == 0)
            continue;
        buf_add(out, guids[kind], GUID_SIZE);
        buf_add_le32(out, at);
        buf_add_le32(out, (uint32_t)certs->cert[kind].len);
        at += (uint32_t)certs->cert[kind].len;
    }
    for (int i = 0; i < ENTRY_SIZE; i++)
        buf_add_u8(out, 0);
    for (int kind = 0; kind < SNP_CERT_COUNT; kind++)
        buf_add_span(out, certs->cert[kind]);
}
