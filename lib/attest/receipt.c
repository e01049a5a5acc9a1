#include "lib/attest/receipt.h"

#include "lib/cbor/cose.h"

#include <stdlib.h>

#define COSE_MAX     (2 * MIB)
#define SPKI_MAX     (2 * KIB)
#define DICE_MAX     (64 * KIB)
#define NAME_MAX_LEN 255

/* --- the table ------------------------------------------------------------------------------- */

#define NAME(type, member, max)  JSON_FIELD_STR(type, member, 1, max, JSON_REQUIRED)
#define HASH(type, member)       JSON_FIELD_HEX(type, member, 32, JSON_REQUIRED)
#define MAYBE_HASH(type, member) JSON_FIELD_HEX(type, member, 32, JSON_REQUIRED | JSON_NULLABLE)
#define PART(member, table)      JSON_FIELD_OBJECT(receipt, member, table, JSON_REQUIRED)

static const struct json_field algorithm_fields[] = {
    NAME(receipt_algorithm, type, 16),
    HASH(receipt_algorithm, sha3_256),
    JSON_FIELD_STR_LIST(receipt_algorithm, args, RECEIPT_ARGS_MAX, 4096, JSON_REQUIRED),
};
static const struct json_table algorithm_table =
    JSON_TABLE("the algorithm", receipt_algorithm, algorithm_fields);

static const struct json_field dataset_fields[] = {
    NAME(receipt_dataset, filename, NAME_MAX_LEN),
    HASH(receipt_dataset, sha3_256),
};
static const struct json_table dataset_table =
    JSON_TABLE("a dataset", receipt_dataset, dataset_fields);

static const struct json_field runtime_fields[] = {
    NAME(receipt_runtime, name, 64),
    NAME(receipt_runtime, version, 64),
    MAYBE_HASH(receipt_runtime, digest),
};
static const struct json_table runtime_table =
    JSON_TABLE("the runtime", receipt_runtime, runtime_fields);

static const struct json_field sandbox_fields[] = {
    NAME(receipt_sandbox, profile, 64),
    JSON_FIELD_BOOL(receipt_sandbox, cgroup, JSON_REQUIRED),
};
static const struct json_table sandbox_table =
    JSON_TABLE("the sandbox", receipt_sandbox, sandbox_fields);

static const struct json_field result_fields[] = {
    MAYBE_HASH(receipt_result, sha256),
    MAYBE_HASH(receipt_result, sealed_sha256),
    JSON_FIELD_U64(receipt_result, bytes, 0, JSON_INTEGER_MAX, JSON_REQUIRED),
};
static const struct json_table result_table =
    JSON_TABLE("the result", receipt_result, result_fields);

static const struct json_field exit_fields[] = {
    NAME(receipt_exit, kind, 64),
    JSON_FIELD_U32(receipt_exit, code, 0, UINT32_MAX, JSON_REQUIRED),
};
static const struct json_table exit_table = JSON_TABLE("the exit", receipt_exit, exit_fields);

static const struct json_field key_fields[] = {
    JSON_FIELD_BASE64(receipt_keys, key, 1, SPKI_MAX, JSON_REQUIRED),
    JSON_FIELD_BASE64(receipt_keys, dice, 0, DICE_MAX, JSON_REQUIRED | JSON_NULLABLE),
};
static const struct json_table key_table = JSON_TABLE("the keys", receipt_keys, key_fields);

static const struct json_field receipt_fields[] = {
    JSON_FIELD_U32(receipt, version, 1, 1, JSON_REQUIRED),
    HASH(receipt, manifest_sha256),
    PART(algorithm, &algorithm_table),
    MAYBE_HASH(receipt, requirements),
    JSON_FIELD_LIST(receipt, datasets, &dataset_table, 0, RECEIPT_DATA_MAX, JSON_REQUIRED),
    PART(runtime, &runtime_table),
    PART(sandbox, &sandbox_table),
    MAYBE_HASH(receipt, egress_log_sha256),
    PART(result, &result_table),
    PART(exit, &exit_table),
    JSON_FIELD_TIME(receipt, started_at, JSON_REQUIRED),
    JSON_FIELD_TIME(receipt, ended_at, JSON_REQUIRED),
    MAYBE_HASH(receipt, evidence_sha256),
    PART(key_chain, &key_table),
    JSON_FIELD_BASE64(receipt, cose, 1, COSE_MAX, JSON_SKIP_EMPTY),
};
static const struct json_table receipt_table = JSON_TABLE("a receipt", receipt, receipt_fields);

void receipt_done(struct receipt *receipt)
{
    json_release(&receipt_table, receipt);
}

/* --- writing --------------------------------------------------------------------------------- */

static void set_blob(struct json_blob *blob, struct span bytes)
{
    free(blob->data);
    blob->data = (uint8_t *)mem_copy(bytes.data, bytes.len);
    blob->len = bytes.len;
}

/* What is signed: everything but the signed one itself. */
struct json *receipt_claims(const struct receipt *receipt)
{
    struct receipt bare = *receipt;

    bare.cose = (struct json_blob){0};
    return json_encode(&receipt_table, &bare);
}

static int write_payload(const struct receipt *receipt, struct buf *out, struct err *err)
{
    OWNED_JSON *json = receipt_claims(receipt);

    return json_canonical(json, out, err);
}

static int sign(const struct receipt *receipt, const struct key *signer, struct buf *out,
                struct err *err)
{
    OWNED_CBOR_MAP headers = CBOR_MAP_OF(1 * KIB);
    OWNED_BUF payload = BUF_OF(RECEIPT_TEXT_MAX);
    struct cose_content content = {.protected_map = &headers};

    if (write_payload(receipt, &payload, err) < 0)
        return -1;
    cbor_map_key_int(&headers, COSE_CONTENT_TYPE);
    cbor_add_text(&headers.items, RECEIPT_TYPE);
    content.payload = buf_span(&payload);
    return cose_sign1_sign(signer, &content, out, err);
}

int receipt_sign(struct receipt *receipt, const struct key *signer, struct err *err)
{
    OWNED_BUF spki = BUF_OF(SPKI_MAX), message = BUF_OF(COSE_MAX);
    OWNED_RECEIPT check = {0};

    receipt->version = 1;
    key_write_spki(signer, &spki);
    if (buf_check(&spki, "the key", err) < 0)
        return -1;
    set_blob(&receipt->key_chain.key, buf_span(&spki));
    if (sign(receipt, signer, &message, err) < 0)
        return err_wrap(err, "receipt");
    set_blob(&receipt->cose, buf_span(&message));
    /* What we give out, everybody can read. */
    return receipt_parse(buf_span(&message), &check, err);
}

int receipt_write(const struct receipt *receipt, struct buf *out, struct err *err)
{
    OWNED_JSON *json = json_encode(&receipt_table, receipt);

    json_write(json, out);
    return buf_check(out, "the receipt", err);
}

/* --- reading --------------------------------------------------------------------------------- */

static int open_message(struct span in, struct cose_sign1 *ret, struct err *err)
{
    if (cose_sign1_parse(in, ret, err) < 0)
        return err_wrap(err, "receipt");
    if (ret->detached ||
        !cbor_text_is(cbor_find_int(ret->protected_map, COSE_CONTENT_TYPE), RECEIPT_TYPE))
        return err_set(err, ERR_INPUT, "receipt: the message is of another content type");
    return 0;
}

/* The payload must be the one form of what it says, so that there is nothing to differ about. */
static int parse_message(struct span in, struct receipt *ret, struct err *err)
{
    OWNED_BUF again = BUF_OF(RECEIPT_TEXT_MAX);
    OWNED_RECEIPT receipt = {0};
    struct cose_sign1 message;

    if (open_message(in, &message, err) < 0 ||
        json_decode_text(message.payload, &receipt_table, &receipt, err) < 0)
        return -1;
    if (receipt.cose.len > 0)
        return err_set(err, ERR_INPUT, "receipt: it holds another one");
    if (write_payload(&receipt, &again, err) < 0)
        return -1;
    if (!span_equal(buf_span(&again), message.payload))
        return err_set(err, ERR_INPUT, "receipt: what was signed is not in canonical form");
    set_blob(&receipt.cose, in);
    *ret = receipt;
    receipt = (struct receipt){0};
    return 0;
}

/* The rendering in canonical form without its `cose` member: as it stands there, not as it is
 * understood. */
static int write_rendered(const struct json *rendering, struct buf *out, struct err *err)
{
    OWNED_JSON *bare = json_new_object();
    const struct json *member;
    const char *key = NULL;

    while ((member = json_next(rendering, &key)) != NULL)
        if (strcmp(key, "cose") != 0)
            json_set(bare, key, json_new_copy(member));
    return json_canonical(bare, out, err);
}

static int parse_rendering(struct span in, struct receipt *ret, struct err *err)
{
    OWNED_BUF rendered = BUF_OF(RECEIPT_TEXT_MAX);
    OWNED_RECEIPT rendering = {0}, receipt = {0};
    OWNED_JSON *json = NULL;
    struct cose_sign1 message;

    if (json_parse(in, &json, err) < 0 || json_decode(json, &receipt_table, &rendering, err) < 0)
        return -1;
    if (rendering.cose.len == 0)
        return err_set_at(err, ERR_INPUT, "/cose", "the signed receipt is missing");
    if (parse_message(span_of(rendering.cose.data, rendering.cose.len), &receipt, err) < 0 ||
        open_message(span_of(receipt.cose.data, receipt.cose.len), &message, err) < 0 ||
        write_rendered(json, &rendered, err) < 0)
        return -1;
    if (!span_equal(buf_span(&rendered), message.payload))
        return err_set(err, ERR_UNTRUSTED, "receipt: it says something else than what was signed");
    *ret = receipt;
    receipt = (struct receipt){0};
    return 0;
}

int receipt_parse(struct span in, struct receipt *ret, struct err *err)
{
    if (in.len > RECEIPT_TEXT_MAX)
        return err_set(err, ERR_INPUT, "receipt: %zu bytes, at most %llu", in.len,
                       RECEIPT_TEXT_MAX);
    if (in.len > 0 && (in.data[0] == 0xd2 || in.data[0] == 0x84))
        return parse_message(in, ret, err);
    return parse_rendering(in, ret, err);
}

int receipt_key(const struct receipt *receipt, struct key **ret, struct err *err)
{
    struct span spki = span_of(receipt->key_chain.key.data, receipt->key_chain.key.len);

    if (key_load_public_der(spki, ret, err) < 0)
        return err_wrap(err, "receipt: its key");
    return 0;
}

int receipt_verify(const struct receipt *receipt, const struct key *expected, struct err *err)
{
    struct cose_sign1 message;
    OWNED_KEY *key = NULL;

    if (open_message(span_of(receipt->cose.data, receipt->cose.len), &message, err) < 0 ||
        receipt_key(receipt, &key, err) < 0) {
        err->kind = ERR_UNTRUSTED;
        return -1;
    }
    if (expected != NULL && !key_equal(key, expected))
        return err_set(err, ERR_UNTRUSTED, "receipt: it is signed by another key");
    if (cose_sign1_verify(&message, key, NULL, err) < 0)
        return err_wrap(err, "receipt");
    return 0;
}
