#include "lib/attest/evidence/cel_decode.h"

#include "lib/base/text.h"
#include "lib/json/table.h"

#include <stdio.h>
#include <string.h>

/* --- what both share ------------------------------------------------------------------------- */

static int add_digest(struct cel_record *record, uint16_t alg_id, struct span value,
                      struct err *err)
{
    struct cel_digest *digest = &record->digests[record->digest_count];

    if (pcr_alg_size(alg_id) == 0 || value.len != pcr_alg_size(alg_id))
        return err_set(err, ERR_INPUT, "%zu bytes are no digest of algorithm 0x%04x", value.len,
                       alg_id);
    for (size_t i = 0; i < record->digest_count; i++)
        if (record->digests[i].alg_id == alg_id)
            return err_set(err, ERR_INPUT, "two digests of algorithm 0x%04x", alg_id);
    if (record->digest_count == CEL_DIGESTS_MAX)
        return err_set(err, ERR_INPUT, "more than %d digests", CEL_DIGESTS_MAX);
    digest->alg_id = alg_id;
    digest->len = value.len;
    memcpy(digest->value, value.data, value.len);
    record->digest_count++;
    return 0;
}

static int check_record(const struct cel_record *record, struct err *err)
{
    if (record->digest_count == 0)
        return err_set(err, ERR_INPUT, "no digests");
    if (!record->is_nv && record->index >= PCR_COUNT)
        return err_set(err, ERR_INPUT, "there is no register %u", record->index);
    return 0;
}

/* --- JSON ------------------------------------------------------------------------------------ */

#define NOT_GIVEN UINT64_MAX /* no number of JSON is as large */

struct json_digest {
    char *alg, *digest;
};

struct json_record {
    uint64_t recnum, pcr, nv_index;
    struct json_list digests;
    char *content_type;
    struct json *content;
};

#define MEMBER(key_, kind, member, need_, min_, max_)                                              \
    .key = (key_), .type = (kind), .need = (need_),                                                \
    .offset = offsetof(struct json_digest, member), .min = (min_), .max = (max_)

static const struct json_field digest_fields[] = {
    {MEMBER("hashAlg", JSON_TYPE_STR, alg, JSON_REQUIRED, 1, 16)},
    {MEMBER("digest", JSON_TYPE_STR, digest, JSON_REQUIRED, 2, 2 * DIGEST_SIZE_MAX)},
};
static const struct json_table digest_table = JSON_TABLE("digest", json_digest, digest_fields);

static const struct json_field record_fields[] = {
    JSON_FIELD_U64(json_record, recnum, 0, 1ull << 53, 0),
    JSON_FIELD_U64(json_record, pcr, 0, UINT32_MAX, 0),
    JSON_FIELD_U64(json_record, nv_index, 0, UINT32_MAX, 0),
    JSON_FIELD_LIST(json_record, digests, &digest_table, 1, CEL_DIGESTS_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(json_record, content_type, 1, CEL_CONTENT_NAME_MAX - 1, 0),
    JSON_FIELD_ANY(json_record, content, 0),
};
static const struct json_table record_table = JSON_TABLE("record", json_record, record_fields);

static int add_json_digest(struct cel_record *record, const struct json_digest *digest,
                           struct err *err)
{
    OWNED_BUF value = BUF_OF(DIGEST_SIZE_MAX);
    enum digest_alg alg;
    uint16_t alg_id = TPM_ALG_SM3_256;

    if (pcr_alg_of_name(digest->alg, &alg))
        alg_id = pcr_alg_to_tpm(alg);
    else if (strcmp(digest->alg, "sm3_256") != 0)
        return err_set_at(err, ERR_INPUT, "/digests", "hash algorithm '%s' is not known",
                          digest->alg);
    if (text_decode_hex(span_of_str(digest->digest), &value, err) < 0)
        return err_wrap_pointer(err, "/digests");
    return add_digest(record, alg_id, buf_span(&value), err);
}

static int take_json(const struct json_record *in, struct cel_record *ret, struct err *err)
{
    const struct json_digest *digests = in->digests.items;

    if ((in->pcr == NOT_GIVEN) == (in->nv_index == NOT_GIVEN))
        return err_set_at(err, ERR_INPUT, "/pcr", "either pcr or nv_index must be given");
    ret->has_recnum = in->recnum != NOT_GIVEN;
    ret->recnum = ret->has_recnum ? in->recnum : 0;
    ret->is_nv = in->pcr == NOT_GIVEN;
    ret->index = (uint32_t)(ret->is_nv ? in->nv_index : in->pcr);
    for (size_t i = 0; i < in->digests.count; i++)
        if (add_json_digest(ret, &digests[i], err) < 0)
            return -1;
    if (in->content_type != NULL)
        snprintf(ret->content_type, sizeof(ret->content_type), "%s", in->content_type);
    return check_record(ret, err);
}

int cel_decode_json(const struct json *json, struct cel_record *ret, struct err *err)
{
    struct json_record record = {.recnum = NOT_GIVEN, .pcr = NOT_GIVEN, .nv_index = NOT_GIVEN};
    int rc;

    if (json_decode(json, &record_table, &record, err) < 0)
        return -1;
    rc = take_json(&record, ret, err);
    ret->content = json_get(json, "content");
    json_release(&record_table, &record);
    return rc;
}

/* --- TLV ------------------------------------------------------------------------------------- */

enum cel_tlv_type {
    TLV_RECNUM = 0,
    TLV_PCR = 1,
    TLV_NV_INDEX = 2,
    TLV_DIGESTS = 3,
    TLV_FIRST_CONTENT = 4,
};

struct content_name {
    uint8_t type;
    const char *name;
};

static const struct content_name content_names[] = {
    {4, "cel"},     {5, "pcclient_std"}, {7, "ima_template"},
    {8, "ima_tlv"}, {9, "systemd"},      {80, "cos"},
};

struct tlv {
    uint8_t type;
    struct span value;
};

static struct tlv read_tlv(struct reader *r)
{
    struct tlv tlv;
    uint32_t len;

    tlv.type = read_u8(r);
    len = read_be32(r);
    tlv.value = read_span(r, len);
    return tlv;
}

static int read_number(const struct tlv *tlv, size_t size_max, uint64_t *ret, struct err *err)
{
    uint64_t value = 0;

    if (tlv->value.len == 0 || tlv->value.len > size_max)
        return err_set(err, ERR_INPUT, "a number of %zu bytes", tlv->value.len);
    for (size_t i = 0; i < tlv->value.len; i++)
        value = value << 8 | tlv->value.data[i];
    *ret = value;
    return 0;
}

static int read_digests(const struct tlv *tlv, struct cel_record *ret, struct err *err)
{
    struct reader r = reader_of(tlv->value);

    while (!reader_at_end(&r)) {
        struct tlv digest = read_tlv(&r);

        if (r.short_read)
            return err_set(err, ERR_INPUT, "the digests end too early");
        if (add_digest(ret, digest.type, digest.value, err) < 0)
            return -1;
    }
    return 0;
}

static int take_tlvs(const struct tlv *recnum, const struct tlv *index, const struct tlv *digests,
                     struct cel_record *ret, struct err *err)
{
    uint64_t number;

    if (recnum->type != TLV_RECNUM || (index->type != TLV_PCR && index->type != TLV_NV_INDEX) ||
        digests->type != TLV_DIGESTS)
        return err_set(err, ERR_INPUT, "types %u, %u, %u instead of number, register, digests",
                       recnum->type, index->type, digests->type);
    if (read_number(recnum, 8, &ret->recnum, err) < 0 || read_number(index, 4, &number, err) < 0)
        return -1;
    ret->has_recnum = true;
    ret->is_nv = index->type == TLV_NV_INDEX;
    ret->index = (uint32_t)number;
    return read_digests(digests, ret, err);
}

int cel_decode_tlv(struct reader *r, struct cel_record *ret, struct err *err)
{
    struct tlv recnum, index, digests, content;

    recnum = read_tlv(r);
    index = read_tlv(r);
    digests = read_tlv(r);
    content = read_tlv(r);
    if (r->short_read)
        return err_set(err, ERR_INPUT, "the log ends inside the record");
    if (take_tlvs(&recnum, &index, &digests, ret, err) < 0)
        return -1;
    if (content.type < TLV_FIRST_CONTENT)
        return err_set(err, ERR_INPUT, "type %u instead of a content", content.type);
    ret->content_bytes = content.value;
    snprintf(ret->content_type, sizeof(ret->content_type), "type-%u", content.type);
    for (size_t i = 0; i < COUNT_OF(content_names); i++)
        if (content_names[i].type == content.type)
            snprintf(ret->content_type, sizeof(ret->content_type), "%s", content_names[i].name);
    return check_record(ret, err);
}
