#include "lib/cbor/cose.h"

#include "lib/crypto/sign.h"
#include "lib/crypto/verify.h"

#define SIGNED_MAX    (64 * MIB)
#define SIGNATURE_MAX 1024
#define MESSAGE_PARTS 4
#define SIGNED_PARTS  4
#define EMPTY_MAP     0xa0

struct alg_row {
    enum cose_alg alg;
    enum key_type key;
    enum verify_scheme scheme;
    enum digest_alg digest;
};

/* RFC 9053, section 2; RFC 8230, section 2. */
static const struct alg_row alg_rows[] = {
    {COSE_ES256, KEY_P256, VERIFY_ECDSA, DIGEST_SHA256},
    {COSE_ES384, KEY_P384, VERIFY_ECDSA, DIGEST_SHA384},
    {COSE_EDDSA, KEY_ED25519, VERIFY_ED25519, DIGEST_SHA512},
    {COSE_PS256, KEY_RSA, VERIFY_RSA_PSS, DIGEST_SHA256},
    {COSE_PS384, KEY_RSA, VERIFY_RSA_PSS, DIGEST_SHA384},
    {COSE_PS512, KEY_RSA, VERIFY_RSA_PSS, DIGEST_SHA512},
};

/* --- reading --------------------------------------------------------------------------------- */

static bool is_understood(struct cbor label)
{
    int64_t number;

    return cbor_int(label, &number) &&
           (number == COSE_ALG || number == COSE_CRIT || number == COSE_CONTENT_TYPE ||
            number == COSE_KID || number == COSE_X5CHAIN);
}

static bool has_label(struct cbor map, struct cbor label)
{
    struct cbor_cursor cursor = cbor_begin(map);
    struct cbor key, value;

    while (cbor_next_pair(&cursor, &key, &value))
        if (span_equal(key.raw, label.raw))
            return true;
    return false;
}

static int check_crit(const struct cose_sign1 *message, struct err *err)
{
    struct cbor crit = cbor_find_int(message->protected_map, COSE_CRIT);
    struct cbor_cursor cursor = cbor_begin(crit);
    struct cbor label;

    if (cbor_find_int(message->unprotected_map, COSE_CRIT).kind != CBOR_NONE)
        return err_set(err, ERR_INPUT, "cose: crit is not protected");
    if (crit.kind == CBOR_NONE)
        return 0;
    if (crit.kind != CBOR_ARRAY || crit.number == 0)
        return err_set(err, ERR_INPUT, "cose: crit is no list of labels");
    while (cbor_next(&cursor, &label)) {
        if (!is_understood(label))
            return err_set(err, ERR_INPUT, "cose: a critical header is not understood");
        if (!has_label(message->protected_map, label))
            return err_set(err, ERR_INPUT, "cose: a critical header is not there");
    }
    return 0;
}

static int check_labels(const struct cose_sign1 *message, struct err *err)
{
    struct cbor_cursor cursor = cbor_begin(message->protected_map);
    struct cbor label, value;

    while (cbor_next_pair(&cursor, &label, &value)) {
        if (label.kind != CBOR_UINT && label.kind != CBOR_NEGATIVE && label.kind != CBOR_TEXT)
            return err_set(err, ERR_INPUT, "cose: a label that is neither a number nor a text");
        if (has_label(message->unprotected_map, label))
            return err_set(err, ERR_INPUT, "cose: a label in both headers");
    }
    return 0;
}

/* An empty map may be written as such or left out; signed is the empty string in both cases. */
static int read_protected(struct cbor item, struct cose_sign1 *message, struct err *err)
{
    struct span bytes = cbor_bytes(item);

    if (item.kind != CBOR_BYTES)
        return err_set(err, ERR_INPUT, "cose: the protected header is no byte string");
    if (bytes.len == 0 || (bytes.len == 1 && bytes.data[0] == EMPTY_MAP))
        return 0;
    if (cbor_parse(bytes, CBOR_STRICT, &message->protected_map, err) < 0)
        return err_wrap(err, "cose: protected header");
    if (message->protected_map.kind != CBOR_MAP)
        return err_set(err, ERR_INPUT, "cose: the protected header is no map");
    message->protected_bytes = bytes;
    return 0;
}

int cose_sign1_parse(struct span in, struct cose_sign1 *ret, struct err *err)
{
    struct cose_sign1 message = {0};
    struct cbor doc, payload, signature;

    if (cbor_parse(in, CBOR_STRICT, &doc, err) < 0)
        return err_wrap(err, "cose");
    if (doc.kind == CBOR_TAG)
        doc = cbor_untag(doc, COSE_TAG_SIGN1);
    if (doc.kind != CBOR_ARRAY || doc.number != MESSAGE_PARTS)
        return err_set(err, ERR_INPUT, "cose: this is no COSE_Sign1");
    if (read_protected(cbor_at(doc, 0), &message, err) < 0)
        return -1;
    message.unprotected_map = cbor_at(doc, 1);
    payload = cbor_at(doc, 2);
    signature = cbor_at(doc, 3);
    if (message.unprotected_map.kind != CBOR_MAP || signature.kind != CBOR_BYTES ||
        (payload.kind != CBOR_BYTES && payload.kind != CBOR_NULL))
        return err_set(err, ERR_INPUT, "cose: a part is of another kind than it must be");
    message.detached = payload.kind == CBOR_NULL;
    message.payload = cbor_bytes(payload);
    message.signature = cbor_bytes(signature);
    if (check_labels(&message, err) < 0 || check_crit(&message, err) < 0)
        return -1;
    *ret = message;
    return 0;
}

struct cbor cose_sign1_header(const struct cose_sign1 *message, int64_t label)
{
    struct cbor found = cbor_find_int(message->protected_map, label);

    return found.kind != CBOR_NONE ? found : cbor_find_int(message->unprotected_map, label);
}

/* --- what is signed -------------------------------------------------------------------------- */

/* Sig_structure (RFC 9052, section 4.4). */
static int write_signed(struct span protected_bytes, struct span external_aad, struct span payload,
                        struct buf *out, struct err *err)
{
    cbor_add_array(out, SIGNED_PARTS);
    cbor_add_text(out, "Signature1");
    cbor_add_bytes(out, protected_bytes);
    cbor_add_bytes(out, external_aad);
    cbor_add_bytes(out, payload);
    return buf_check(out, "cose: what is signed", err);
}

/* --- verifying ------------------------------------------------------------------------------- */

static const struct alg_row *find_alg(int64_t alg, enum key_type key)
{
    for (size_t i = 0; i < COUNT_OF(alg_rows); i++)
        if (alg_rows[i].alg == alg && alg_rows[i].key == key)
            return &alg_rows[i];
    return NULL;
}

static int choose_alg(const struct cose_sign1 *message, const struct key *key,
                      const struct cose_context *context, const struct alg_row **ret,
                      struct err *err)
{
    struct cbor header = cbor_find_int(message->protected_map, COSE_ALG);
    int64_t alg;

    if (header.kind == CBOR_NONE && context->alg_unprotected)
        header = cbor_find_int(message->unprotected_map, COSE_ALG);
    if (!cbor_int(header, &alg))
        return err_set(err, ERR_UNTRUSTED, "cose: the protected header names no algorithm");
    *ret = find_alg(alg, key_type_of(key));
    if (*ret == NULL)
        return err_set(err, ERR_UNTRUSTED, "cose: algorithm %lld does not go with a %s key",
                       (long long)alg, key_type_names[key_type_of(key)]);
    return 0;
}

int cose_sign1_verify(const struct cose_sign1 *message, const struct key *key,
                      const struct cose_context *context, struct err *err)
{
    static const struct cose_context no_context;
    const struct cose_context *with = context != NULL ? context : &no_context;
    struct span payload = message->detached ? with->detached_payload : message->payload;
    OWNED_BUF covered = BUF_OF(SIGNED_MAX);
    const struct alg_row *alg;

    if (!message->detached && with->detached_payload.data != NULL)
        return err_set(err, ERR_UNTRUSTED, "cose: it has a payload of its own");
    if (message->detached && with->detached_payload.data == NULL)
        return err_set(err, ERR_UNTRUSTED, "cose: its payload is elsewhere and is not given");
    if (choose_alg(message, key, with, &alg, err) < 0 ||
        write_signed(message->protected_bytes, with->external_aad, payload, &covered, err) < 0)
        return -1;
    if (verify_signature(key, alg->scheme, alg->digest, buf_span(&covered), message->signature,
                         err) < 0)
        return err_wrap(err, "cose");
    return 0;
}

/* --- signing --------------------------------------------------------------------------------- */

/* sign.h has one scheme for each type of key. */
static enum cose_alg alg_of(const struct key *key)
{
    static const enum cose_alg algs[KEY_TYPE_COUNT] = {
        [KEY_RSA] = COSE_PS512,
        [KEY_P256] = COSE_ES256,
        [KEY_P384] = COSE_ES384,
        [KEY_ED25519] = COSE_EDDSA,
    };

    return algs[key_type_of(key)];
}

static int write_protected(const struct key *key, struct cbor_map *extra, struct buf *out,
                           struct err *err)
{
    OWNED_CBOR_MAP own = CBOR_MAP_OF(64);
    struct cbor_map *map = extra != NULL ? extra : &own;

    cbor_map_key_int(map, COSE_ALG);
    cbor_add_int(&map->items, alg_of(key));
    return cbor_map_write(map, out, err);
}

static int write_message(const struct cose_content *content, struct span protected_bytes,
                         struct span signature, struct buf *out, struct err *err)
{
    OWNED_CBOR_MAP none = CBOR_MAP_OF(0);

    cbor_add_tag(out, COSE_TAG_SIGN1);
    cbor_add_array(out, MESSAGE_PARTS);
    cbor_add_bytes(out, protected_bytes);
    if (cbor_map_write(content->unprotected_map != NULL ? content->unprotected_map : &none, out,
                       err) < 0)
        return -1;
    if (content->detach)
        cbor_add_null(out);
    else
        cbor_add_bytes(out, content->payload);
    cbor_add_bytes(out, signature);
    return buf_check(out, "cose message", err);
}

int cose_sign1_sign(const struct key *key, const struct cose_content *content, struct buf *out,
                    struct err *err)
{
    OWNED_BUF protected_bytes = BUF_OF(64 * KIB), signature = BUF_OF(SIGNATURE_MAX);
    OWNED_BUF covered = BUF_OF(SIGNED_MAX);

    if (write_protected(key, content->protected_map, &protected_bytes, err) < 0 ||
        write_signed(buf_span(&protected_bytes), content->external_aad, content->payload, &covered,
                     err) < 0 ||
        sign_message(key, buf_span(&covered), &signature, err) < 0)
        return err_wrap(err, "cose");
    return write_message(content, buf_span(&protected_bytes), buf_span(&signature), out, err);
}
