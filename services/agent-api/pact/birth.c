#include "services/agent-api/pact/birth.h"

#include "lib/api/cvms_url.h"
#include "lib/base/mem.h"
#include "lib/computation/manifest.h"

#include <string.h>

#define CHAIN_MAX (16 * KIB)

static const struct json_field fields[] = {
    JSON_FIELD_STR(birth, local_socket, 1, 4096, JSON_NULLABLE),
    JSON_FIELD_STR(birth, platform, 1, 16, JSON_REQUIRED),
    JSON_FIELD_U32(birth, log_level, 0, 3, JSON_REQUIRED),
    JSON_FIELD_U32(birth, algorithm_uid, 0, UINT32_MAX, JSON_REQUIRED),
    JSON_FIELD_TEXT(birth, owner_key, 1, 4096, JSON_NULLABLE),
    JSON_FIELD_STR(birth, vm_id, 1, 128, JSON_NULLABLE),
    JSON_FIELD_STR(birth, cvms_url, 1, API_CVMS_URL_MAX, JSON_NULLABLE),
    JSON_FIELD_STR(birth, cvms_via, 1, API_CVMS_URL_MAX, JSON_NULLABLE),
    JSON_FIELD_TEXT(birth, cvms_ca, 1, 16384, JSON_NULLABLE),
    JSON_FIELD_TEXT(birth, cvms_owner, 1, 4096, JSON_NULLABLE),
    JSON_FIELD_U64(birth, last_event, 0, INT64_MAX, JSON_REQUIRED),
    JSON_FIELD_BASE64(birth, manifest, 1, MANIFEST_SIZE_MAX, JSON_NULLABLE),
    JSON_FIELD_BOOL(birth, set, JSON_REQUIRED),
    JSON_FIELD_HEX(birth, manifest_sha256, SHA256_SIZE, JSON_NULLABLE),
    JSON_FIELD_ENUM(birth, failure, failure_kind_names, JSON_REQUIRED),
    JSON_FIELD_STR(birth, failure_detail, 0, 1024, JSON_NULLABLE),
    JSON_FIELD_BASE64(birth, chain_tls, 1, CHAIN_MAX, JSON_NULLABLE),
    JSON_FIELD_BASE64(birth, chain_receipt, 1, CHAIN_MAX, JSON_NULLABLE),
    JSON_FIELD_BASE64(birth, chain_seal, 1, CHAIN_MAX, JSON_NULLABLE),
};
static const struct json_table table = JSON_TABLE("birth", birth, fields);

void birth_done(struct birth *birth)
{
    if (birth->cvms_owner != NULL)
        mem_wipe(birth->cvms_owner, strlen(birth->cvms_owner));
    json_release(&table, birth);
}

void birth_write(const struct birth *birth, struct buf *out)
{
    json_encode_text(&table, birth, out);
}

int birth_parse(struct span text, struct birth *ret, struct err *err)
{
    *ret = (struct birth){.set = false};
    return json_decode_text(text, &table, ret, err);
}
