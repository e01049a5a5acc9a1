#include "lib/attest/evidence/cca.h"

#include "lib/cbor/cose_key.h"
#include "lib/crypto/key_parts.h"

#define TAG_CCA         399
#define UNCOMPRESSED    0x04
#define COORDINATE_SIZE 48

enum { TOKEN_PLATFORM = 44234, TOKEN_REALM = 44241 };
enum { REALM_KEY = 44237, REALM_KEY_HASH = 44240 };

void cca_done(struct cca *cca)
{
    key_free(cca->realm_key);
    *cca = (struct cca){.realm_key = NULL};
}

bool cca_detect(struct span in)
{
    static const uint8_t tag[] = {0xd9, TAG_CCA >> 8, TAG_CCA & 0xff};

    return span_equal(span_part(in, 0, sizeof(tag)), SPAN_OF_ARRAY(tag));
}

static int take_token(struct cbor map, int64_t label, const char *name, struct eat *ret,
                      struct err *err)
{
    struct cbor token = cbor_find_int(map, label);

    if (token.kind != CBOR_BYTES)
        return err_set(err, ERR_INPUT, "cca: there is no %s token", name);
    if (eat_parse(cbor_bytes(token), ret, err) < 0)
        return err_wrap(err, "cca: the %s token, from byte offset %zu on", name,
                        (size_t)(cbor_bytes(token).data - map.raw.data));
    return 0;
}

/* A point of P-384, bare as the first profile has it, or as a COSE_Key as later ones do. */
static int take_key(struct span bytes, struct key **ret, struct err *err)
{
    struct cbor map;

    if (bytes.len == 1 + 2 * COORDINATE_SIZE && bytes.data[0] == UNCOMPRESSED)
        return key_from_point(KEY_P384, span_part(bytes, 1, COORDINATE_SIZE),
                              span_part(bytes, 1 + COORDINATE_SIZE, COORDINATE_SIZE), ret, err);
    if (cbor_parse(bytes, CBOR_STRICT, &map, err) < 0)
        return -1;
    return cose_key_read(map, ret, err);
}

static int take_hash(struct cbor name, struct span key, struct cca *to, struct err *err)
{
    static const struct {
        const char *name;
        enum digest_alg alg;
    } rows[] = {{"sha-256", DIGEST_SHA256}, {"sha-384", DIGEST_SHA384}, {"sha-512", DIGEST_SHA512}};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!cbor_text_is(name, rows[i].name))
            continue;
        to->hash_len = digest_size(rows[i].alg);
        digest_of(rows[i].alg, key, to->hash);
        return 0;
    }
    return err_set(err, ERR_INPUT, "cca: the hash of the realm's key is by no SHA-2 that we know");
}

static int take_realm(struct cca *to, struct err *err)
{
    struct span key = cbor_bytes(cbor_find_int(to->realm.claims, REALM_KEY));

    to->challenge = cbor_bytes(cbor_find_int(to->realm.claims, EAT_NONCE));
    if (to->challenge.len != CCA_CHALLENGE_SIZE)
        return err_set(err, ERR_INPUT, "cca: the realm's challenge has %zu bytes, expected %d",
                       to->challenge.len, CCA_CHALLENGE_SIZE);
    if (take_key(key, &to->realm_key, err) < 0)
        return err_wrap(err, "cca: the realm's key");
    return take_hash(cbor_find_int(to->realm.claims, REALM_KEY_HASH), key, to, err);
}

static int parse(struct span in, struct cca *to, struct err *err)
{
    struct cbor doc;

    if (in.len > EAT_SIZE_MAX)
        return err_set(err, ERR_INPUT, "cca: %zu bytes, at most %llu", in.len, EAT_SIZE_MAX);
    if (cbor_parse(in, CBOR_STRICT, &doc, err) < 0)
        return err_wrap(err, "cca");
    doc = cbor_untag(doc, TAG_CCA);
    if (doc.kind != CBOR_MAP || doc.number != 2)
        return err_set(err, ERR_INPUT, "cca: is no map of two tokens in tag %d", TAG_CCA);
    if (take_token(doc, TOKEN_PLATFORM, "platform's", &to->platform, err) < 0 ||
        take_token(doc, TOKEN_REALM, "realm's", &to->realm, err) < 0)
        return -1;
    to->bound = cbor_bytes(cbor_find_int(to->platform.claims, EAT_NONCE));
    return take_realm(to, err);
}

int cca_parse(struct span in, struct cca *ret, struct err *err)
{
    *ret = (struct cca){.realm_key = NULL};
    if (parse(in, ret, err) == 0)
        return 0;
    cca_done(ret);
    return -1;
}
