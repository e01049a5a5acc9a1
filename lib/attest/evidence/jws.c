#include "lib/attest/evidence/jws.h"

#include "lib/base/text.h"
#include "lib/crypto/sign.h"
#include "lib/crypto/verify.h"

#define HEADER_MAX    (64 * KIB) /* certificate chains stand in it */
#define SIGNATURE_MAX 1024

const char *const jws_alg_names[] = {
    [JWS_RS256] = "RS256", [JWS_RS384] = "RS384",  [JWS_RS512] = "RS512", [JWS_PS256] = "PS256",
    [JWS_PS384] = "PS384", [JWS_PS512] = "PS512",  [JWS_ES256] = "ES256", [JWS_ES384] = "ES384",
    [JWS_EDDSA] = "EdDSA", [JWS_ALG_COUNT] = NULL,
};

/* RFC 7518, section 3.1; RFC 8037, section 3.1. */
static const struct {
    enum key_type key;
    enum verify_scheme scheme;
    enum digest_alg digest;
} algs[] = {
    [JWS_RS256] = {KEY_RSA, VERIFY_RSA_PKCS1, DIGEST_SHA256},
    [JWS_RS384] = {KEY_RSA, VERIFY_RSA_PKCS1, DIGEST_SHA384},
    [JWS_RS512] = {KEY_RSA, VERIFY_RSA_PKCS1, DIGEST_SHA512},
    [JWS_PS256] = {KEY_RSA, VERIFY_RSA_PSS, DIGEST_SHA256},
    [JWS_PS384] = {KEY_RSA, VERIFY_RSA_PSS, DIGEST_SHA384},
    [JWS_PS512] = {KEY_RSA, VERIFY_RSA_PSS, DIGEST_SHA512},
    [JWS_ES256] = {KEY_P256, VERIFY_ECDSA, DIGEST_SHA256},
    [JWS_ES384] = {KEY_P384, VERIFY_ECDSA, DIGEST_SHA384},
    [JWS_EDDSA] = {KEY_ED25519, VERIFY_ED25519, DIGEST_SHA512},
};

/* Members of a header that would change what is verified, or by which key. */
static const char *const refused[] = {"crit", "b64", "zip", "enc", "jwk", "x5u"};

void jws_done(struct jws *jws)
{
    json_free(jws->header);
    buf_done(&jws->payload);
    buf_done(&jws->signature);
}

/* --- reading --------------------------------------------------------------------------------- */

static size_t find_dot(struct span in)
{
    const uint8_t *dot = in.len > 0 ? memchr(in.data, '.', in.len) : NULL;

    return dot != NULL ? (size_t)(dot - in.data) : in.len;
}

bool jws_detect(struct span in)
{
    return in.len > 3 && in.data[0] == 'e' && in.data[1] == 'y' && find_dot(in) < in.len;
}

static struct span cut_line_break(struct span in)
{
    if (in.len > 0 && in.data[in.len - 1] == '\n')
        in.len--;
    if (in.len > 0 && in.data[in.len - 1] == '\r')
        in.len--;
    return in;
}

static int check_header(struct jws *jws, struct err *err)
{
    const char *alg = json_get_str(jws->header, "alg");

    if (json_kind_of(jws->header) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "jws: the header is no object");
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (json_get(jws->header, refused[i]) != NULL)
            return err_set(err, ERR_INPUT, "jws: a header with '%s' is refused", refused[i]);
    jws->names_source = json_get(jws->header, "jku") != NULL;
    for (int i = 0; alg != NULL && i < JWS_ALG_COUNT; i++) {
        if (strcmp(alg, jws_alg_names[i]) != 0)
            continue;
        jws->alg = (enum jws_alg)i;
        return 0;
    }
    return err_set(err, ERR_INPUT, "jws: algorithm '%s' is refused", alg != NULL ? alg : "");
}

static int take_part(struct span in, size_t at, const char *what, struct buf *out, struct err *err)
{
    if (text_decode_base64url(in, out, err) < 0)
        return err_wrap(err, "jws: %s at byte %zu", what, at);
    return buf_check(out, what, err);
}

static int read_parts(struct span in, struct jws *jws, struct err *err)
{
    size_t first = find_dot(in);
    struct span rest = span_part(in, first + 1, in.len);
    size_t second = first + 1 + find_dot(rest);
    OWNED_BUF header = BUF_OF(HEADER_MAX);

    if (first == in.len || second >= in.len)
        return err_set(err, ERR_INPUT,
                       "jws: there are not three parts with dots between them up to byte %zu",
                       in.len);
    jws->covered = span_part(in, 0, second);
    if (take_part(span_part(in, 0, first), 0, "the header", &header, err) < 0 ||
        take_part(span_part(in, first + 1, second - first - 1), first + 1, "the payload",
                  &jws->payload, err) < 0 ||
        take_part(span_part(in, second + 1, in.len), second + 1, "the signature", &jws->signature,
                  err) < 0)
        return -1;
    if (json_parse(buf_span(&header), &jws->header, err) < 0)
        return err_wrap(err, "jws: the header");
    return 0;
}

int jws_parse(struct span in, struct jws *ret, struct err *err)
{
    OWNED_JWS jws = {.payload = BUF_OF(JWS_SIZE_MAX), .signature = BUF_OF(SIGNATURE_MAX)};

    if (in.len > JWS_SIZE_MAX)
        return err_set(err, ERR_INPUT, "jws: %zu bytes, at most %llu", in.len, JWS_SIZE_MAX);
    if (read_parts(cut_line_break(in), &jws, err) < 0 || check_header(&jws, err) < 0)
        return -1;
    *ret = jws;
    jws = (struct jws){0};
    return 0;
}

/* --- verifying ------------------------------------------------------------------------------- */

enum jws_alg jws_alg_of(const struct key *key)
{
    static const enum jws_alg own[KEY_TYPE_COUNT] = {
        [KEY_RSA] = JWS_RS256,
        [KEY_P256] = JWS_ES256,
        [KEY_P384] = JWS_ES384,
        [KEY_ED25519] = JWS_EDDSA,
    };

    return own[key_type_of(key)];
}

bool jws_alg_fits(enum jws_alg alg, const struct key *key)
{
    return algs[alg].key == key_type_of(key);
}

int jws_verify(const struct jws *jws, const struct key *key, enum jws_alg alg, struct err *err)
{
    if (jws->alg != alg || !jws_alg_fits(alg, key))
        return err_set(err, ERR_UNTRUSTED, "the token says %s, the %s key goes with %s",
                       jws_alg_names[jws->alg], key_type_names[key_type_of(key)],
                       jws_alg_names[alg]);
    return verify_signature(key, algs[alg].scheme, algs[alg].digest, jws->covered,
                            buf_span(&jws->signature), err);
}

/* --- signing --------------------------------------------------------------------------------- */

int jws_sign(const struct json *payload, const char *type, const struct key *key, struct buf *out,
             struct err *err)
{
    OWNED_BUF message = BUF_OF(2 * JWS_SIZE_MAX), signature = BUF_OF(SIGNATURE_MAX);
    OWNED_BUF text = BUF_OF(JWS_SIZE_MAX), head = BUF_OF(1 * KIB);
    OWNED_JSON *header = json_new_object();

    if (key_type_of(key) == KEY_RSA)
        return err_set(err, ERR_INPUT, "jws: sign with a P-256, P-384 or Ed25519 key, not RSA");
    json_set_str(header, "alg", jws_alg_names[jws_alg_of(key)]);
    json_set_str(header, "typ", type);
    json_write(header, &head);
    json_write(payload, &text);
    text_encode_base64url(buf_span(&head), &message);
    buf_add_str(&message, ".");
    text_encode_base64url(buf_span(&text), &message);
    if (buf_check(&text, "the payload", err) < 0 || buf_check(&message, "the token", err) < 0 ||
        sign_message(key, buf_span(&message), &signature, err) < 0)
        return err_wrap(err, "jws");
    buf_add_str(&message, ".");
    text_encode_base64url(buf_span(&signature), &message);
    buf_add_span(out, buf_span(&message));
    return buf_check(out, "the token", err);
}
