#include "lib/cbor/cose_key.h"

#include "lib/cbor/write.h"
#include "lib/crypto/key_parts.h"

/* RFC 9053, sections 7.1 and 7.2; RFC 8230, section 4. */
enum { LABEL_KTY = 1, LABEL_CRV = -1, LABEL_X = -2, LABEL_Y = -3, LABEL_D = -4 };
enum { LABEL_N = -1, LABEL_E = -2, LABEL_RSA_D = -3 };
enum { KTY_OKP = 1, KTY_EC2 = 2, KTY_RSA = 3 };

static const struct {
    int64_t kty, crv;
    enum key_type type;
    size_t size; /* of one coordinate */
} curves[] = {
    {KTY_OKP, 6, KEY_ED25519, 32},
    {KTY_EC2, 1, KEY_P256, 32},
    {KTY_EC2, 2, KEY_P384, 48},
};

static bool has(struct cbor map, int64_t label)
{
    return cbor_find_int(map, label).kind != CBOR_NONE;
}

static int read_rsa(struct cbor map, struct key **ret, struct err *err)
{
    if (has(map, LABEL_RSA_D))
        return err_set(err, ERR_INPUT, "cose key: it has a private half");
    return key_from_rsa(cbor_bytes(cbor_find_int(map, LABEL_N)),
                        cbor_bytes(cbor_find_int(map, LABEL_E)), ret, err);
}

static int read_curve(struct cbor map, int64_t kty, struct key **ret, struct err *err)
{
    struct span x = cbor_bytes(cbor_find_int(map, LABEL_X));
    struct span y = cbor_bytes(cbor_find_int(map, LABEL_Y));
    int64_t crv = 0;

    (void)cbor_int(cbor_find_int(map, LABEL_CRV), &crv);
    if (has(map, LABEL_D))
        return err_set(err, ERR_INPUT, "cose key: it has a private half");
    for (size_t i = 0; i < COUNT_OF(curves); i++) {
        bool point = curves[i].kty == KTY_EC2;

        if (curves[i].kty != kty || curves[i].crv != crv)
            continue;
        if (x.len != curves[i].size || (point && y.len != curves[i].size))
            return err_set(err, ERR_INPUT,
                           "cose key: a coordinate is missing, or has another size "
                           "than its curve");
        return point ? key_from_point(curves[i].type, x, y, ret, err)
                     : key_from_ed25519(x, ret, err);
    }
    return err_set(err, ERR_INPUT, "cose key: type %lld with curve %lld is not used here",
                   (long long)kty, (long long)crv);
}

int cose_key_read(struct cbor map, struct key **ret, struct err *err)
{
    int64_t kty;

    if (map.kind != CBOR_MAP || !cbor_int(cbor_find_int(map, LABEL_KTY), &kty))
        return err_set(err, ERR_INPUT, "cose key: this is none");
    return kty == KTY_RSA ? read_rsa(map, ret, err) : read_curve(map, kty, ret, err);
}

int cose_key_write(const struct key *key, struct buf *out, struct err *err)
{
    OWNED_CBOR_MAP map = CBOR_MAP_OF(1 * KIB);
    OWNED_BUF spki = BUF_OF(8 * KIB);

    key_write_spki(key, &spki);
    for (size_t i = 0; i < COUNT_OF(curves); i++) {
        size_t size = curves[i].size;
        bool point = curves[i].kty == KTY_EC2;
        struct span bytes; /* of the key alone, which end its SPKI */

        if (curves[i].type != key_type_of(key))
            continue;
        bytes = span_part(buf_span(&spki), spki.len - size * (point ? 2 : 1), spki.len);
        cbor_map_key_int(&map, LABEL_KTY);
        cbor_add_int(&map.items, curves[i].kty);
        cbor_map_key_int(&map, LABEL_CRV);
        cbor_add_int(&map.items, curves[i].crv);
        cbor_map_key_int(&map, LABEL_X);
        cbor_add_bytes(&map.items, span_part(bytes, 0, size));
        if (point) {
            cbor_map_key_int(&map, LABEL_Y);
            cbor_add_bytes(&map.items, span_part(bytes, size, size));
        }
        return cbor_map_write(&map, out, err);
    }
    return err_set(err, ERR_INPUT, "cose key: a %s key is not written",
                   key_type_names[key_type_of(key)]);
}
