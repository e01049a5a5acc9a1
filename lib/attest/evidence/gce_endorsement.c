#include "lib/attest/evidence/gce_endorsement.h"

#include "lib/attest/evidence/pb_reader.h"
#include "lib/crypto/verify.h"

/* Fields by their numbers in endorsement.proto. */
enum { LAUNCH_GOLDEN = 1, LAUNCH_SIGNATURE = 2 };
enum { GOLDEN_SNP = 7, GOLDEN_TDX = 8 };
enum { SNP_MEASUREMENTS = 2 };
enum { ENTRY_VCPUS = 1, ENTRY_MEASUREMENT = 2 };
enum { TDX_MEASUREMENTS = 2 };
enum { TDX_MRTD = 3 };

/* --- the envelope --- */

/* The one field of bytes of that number; twice is refused, since readers would differ. */
static int take_bytes(struct span message, uint32_t number, struct span *ret, struct err *err)
{
    struct pb_reader r = pb_reader_of(message);
    struct pb_field field;
    size_t count = 0;

    while (pb_next(&r, &field)) {
        if (field.number != number)
            continue;
        if (field.wire != PB_BYTES || count++ > 0)
            return err_set(err, ERR_INPUT, "endorsement: field %u is not one of bytes", number);
        *ret = field.bytes;
    }
    if (pb_check(&r, err) < 0)
        return err_wrap(err, "endorsement");
    return count == 1 ? 0 : err_set(err, ERR_INPUT, "endorsement: field %u is missing", number);
}

int gce_endorsement_open(struct span file, const struct key *key, struct span *ret_golden,
                         struct err *err)
{
    struct span golden, signature;

    if (take_bytes(file, LAUNCH_GOLDEN, &golden, err) < 0 ||
        take_bytes(file, LAUNCH_SIGNATURE, &signature, err) < 0)
        return -1;
    if (verify_signature(key, VERIFY_RSA_PSS, DIGEST_SHA256, golden, signature, err) < 0)
        return err_wrap(err, "endorsement");
    *ret_golden = golden;
    return 0;
}

/* --- the values --- */

struct values {
    uint32_t vcpus;
    struct json *list;
};

static int add_value(struct span value, const struct values *values, struct err *err)
{
    if (value.len != SHA384_SIZE)
        return err_set(err, ERR_INPUT, "endorsement: a measurement of %zu bytes, expected %d",
                       value.len, SHA384_SIZE);
    json_add(values->list, json_new_hex(value));
    return 0;
}

/* An entry of the map from vCPUs to measurements. */
static int add_snp(struct span entry, const struct values *values, struct err *err)
{
    struct pb_reader r = pb_reader_of(entry);
    struct span measurement = span_of(NULL, 0);
    uint64_t vcpus = 0;
    struct pb_field field;

    while (pb_next(&r, &field)) {
        if (field.number == ENTRY_VCPUS && field.wire == PB_VARINT)
            vcpus = field.value;
        if (field.number == ENTRY_MEASUREMENT && field.wire == PB_BYTES)
            measurement = field.bytes;
    }
    if (pb_check(&r, err) < 0)
        return err_wrap(err, "endorsement");
    if (values->vcpus != 0 && vcpus != values->vcpus)
        return 0;
    return add_value(measurement, values, err);
}

/* A TD's value depends on its memory, not on its vCPUs. */
static int add_tdx(struct span entry, const struct values *values, struct err *err)
{
    struct span mrtd;

    if (take_bytes(entry, TDX_MRTD, &mrtd, err) < 0)
        return -1;
    return add_value(mrtd, values, err);
}

static const struct row {
    uint32_t golden, measurements;
    const char *part, *member;
    int (*add)(struct span entry, const struct values *values, struct err *err);
} rows[] = {
    {GOLDEN_SNP, SNP_MEASUREMENTS, "snp", "measurement", add_snp},
    {GOLDEN_TDX, TDX_MEASUREMENTS, "tdx", "mrtd", add_tdx},
};

static int add_part(struct json *document, const struct row *row, struct span part, uint32_t vcpus,
                    struct err *err)
{
    OWNED_JSON *list = json_new_array();
    const struct values values = {vcpus, list};
    struct pb_reader r = pb_reader_of(part);
    struct pb_field field;
    struct json *object;

    while (pb_next(&r, &field))
        if (field.number == row->measurements && field.wire == PB_BYTES &&
            row->add(field.bytes, &values, err) < 0)
            return -1;
    if (pb_check(&r, err) < 0)
        return err_wrap(err, "endorsement");
    if (json_count(list) == 0)
        return 0;
    object = json_new_object();
    json_set(object, row->member, GIVE(list));
    json_set(document, row->part, object);
    return 0;
}

int gce_endorsement_policy(struct span golden, uint32_t vcpus, struct json **ret, struct err *err)
{
    OWNED_JSON *document = json_new_object();
    struct pb_reader r = pb_reader_of(golden);
    struct pb_field field;

    json_set_int(document, "version", 1);
    while (pb_next(&r, &field))
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            if (field.number == rows[i].golden && field.wire == PB_BYTES &&
                add_part(document, &rows[i], field.bytes, vcpus, err) < 0)
                return -1;
    if (pb_check(&r, err) < 0)
        return err_wrap(err, "endorsement");
    if (json_count(document) == 1)
        return err_set(err, ERR_INPUT, "endorsement: no measurement for %u vCPUs (0: any)", vcpus);
    *ret = GIVE(document);
    return 0;
}
