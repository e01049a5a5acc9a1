#include "services/grpc-gateway/attested/authenticator.h"

#include "lib/json/json.h"

#define MEDIA_TYPE    "application/eat+cwt"
#define SIGNED_LABEL  "Exported Authenticator"
#define SIGNED_PAD    64
#define SIGNATURE_MAX 128

/* Of TLS 1.3 (RFC 8446, section 4). */
enum { CERTIFICATE = 11, CERTIFICATE_VERIFY = 15, FINISHED = 20 };

/* --- what belongs to the connection ---------------------------------------------------------- */

static void bind(const struct attested_answer *answer, uint8_t out[static ATTESTED_HASH_MAX])
{
    OWNED_DIGEST *digest = digest_new(answer->secrets->hash);

    digest_add(digest, answer->server->spki);
    digest_add(digest, SPAN_OF_ARRAY(answer->secrets->exported));
    digest_finish(digest, out);
}

void attested_demand(const struct attested_secrets *secrets, const struct attested_server *server,
                     struct legacy_demand *ret)
{
    const struct attested_answer answer = {.secrets = secrets, .server = server};
    uint8_t binding[ATTESTED_HASH_MAX];

    bind(&answer, binding);
    digest_of(DIGEST_SHA512, span_of(binding, digest_size(secrets->hash)), ret->report_data);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(secrets->exported), ret->nonce);
}

/* --- messages -------------------------------------------------------------------------------- */

static void add_be24(struct buf *out, size_t value)
{
    buf_add_u8(out, (uint8_t)(value >> 16));
    buf_add_be16(out, (uint16_t)value);
}

static void add_message(struct buf *out, uint8_t type, struct span body)
{
    buf_add_u8(out, type);
    add_be24(out, body.len);
    buf_add_span(out, body);
}

static int write_document(const struct attested_answer *answer, struct buf *out, struct err *err)
{
    OWNED_JSON *document = json_new_object();
    struct json *binder = json_new_object();
    size_t size = digest_size(answer->secrets->hash);
    uint8_t hash[ATTESTED_HASH_MAX], binding[ATTESTED_HASH_MAX];

    digest_of(answer->secrets->hash, answer->server->spki, hash);
    bind(answer, binding);
    json_set_int(document, "version", 1);
    json_set_str(document, "media_type", MEDIA_TYPE);
    json_set_base64(document, "evidence", answer->evidence);
    json_set_str(binder, "exporter_label", ATTESTED_LABEL);
    json_set_base64(binder, "aik_pub_hash", span_of(hash, size));
    json_set_base64(binder, "binding", span_of(binding, size));
    json_set(document, "binder", binder);
    json_write(document, out);
    return buf_check(out, "the evidence, as an extension of a certificate,", err);
}

/* The leaf alone has extensions: the evidence. */
static int add_certificate(const struct attested_answer *answer, struct buf *out, struct err *err)
{
    const struct attested_server *server = answer->server;
    OWNED_BUF document = BUF_OF(ATTESTED_DOCUMENT_MAX - 4), list = BUF_OF(ATTESTED_ANSWER_MAX),
              body = BUF_OF(ATTESTED_ANSWER_MAX);

    if (write_document(answer, &document, err) < 0)
        return -1;
    for (size_t i = 0; i < server->count; i++) {
        add_be24(&list, server->certificates[i].len);
        buf_add_span(&list, server->certificates[i]);
        buf_add_be16(&list, (uint16_t)(i == 0 ? document.len + 6 : 0));
        if (i > 0)
            continue;
        buf_add_be16(&list, ATTESTED_EXT_EVIDENCE);
        buf_add_be16(&list, (uint16_t)(document.len + 2));
        buf_add_be16(&list, (uint16_t)document.len);
        buf_add_span(&list, buf_span(&document));
    }
    buf_add_u8(&body, (uint8_t)answer->request->context.len);
    buf_add_span(&body, answer->request->context);
    add_be24(&body, list.len);
    buf_add_span(&body, buf_span(&list));
    if (buf_check(&list, "the certificates", err) < 0 ||
        buf_check(&body, "the certificates", err) < 0)
        return -1;
    add_message(out, CERTIFICATE, buf_span(&body));
    return 0;
}

/* Over everything that was said: context, request, and the messages so far. */
static void hash_transcript(const struct attested_answer *answer, struct span messages,
                            uint8_t out[static ATTESTED_HASH_MAX])
{
    OWNED_DIGEST *digest = digest_new(answer->secrets->hash);

    digest_add(digest, span_of(answer->secrets->context, digest_size(answer->secrets->hash)));
    digest_add(digest, answer->request->message);
    digest_add(digest, messages);
    digest_finish(digest, out);
}

static int sign(EVP_PKEY *key, struct span bytes, struct buf *out, struct err *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t signature[SIGNATURE_MAX];
    size_t len = sizeof(signature);
    bool done = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(ctx, signature, &len, bytes.data, bytes.len) == 1;

    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    if (!done)
        return err_set(err, ERR_INTERNAL, "the authenticator could not be signed");
    buf_add_be16(out, (uint16_t)len);
    buf_add(out, signature, len);
    return 0;
}

static int add_verify(const struct attested_answer *answer, struct buf *out, struct err *err)
{
    OWNED_BUF what = BUF_OF(1 * KIB), body = BUF_OF(1 * KIB);
    uint8_t hash[ATTESTED_HASH_MAX];

    hash_transcript(answer, buf_span(out), hash);
    memset(buf_grow(&what, SIGNED_PAD), ' ', SIGNED_PAD);
    buf_add(&what, SIGNED_LABEL, sizeof(SIGNED_LABEL)); /* with its NUL */
    buf_add(&what, hash, digest_size(answer->secrets->hash));
    buf_add_be16(&body, ATTESTED_SCHEME_P256);
    if (sign(answer->server->key, buf_span(&what), &body, err) < 0)
        return -1;
    add_message(out, CERTIFICATE_VERIFY, buf_span(&body));
    return 0;
}

static void add_finished(const struct attested_answer *answer, struct buf *out)
{
    size_t size = digest_size(answer->secrets->hash);
    uint8_t hash[ATTESTED_HASH_MAX], mac[ATTESTED_HASH_MAX];

    hash_transcript(answer, buf_span(out), hash);
    hmac_of(answer->secrets->hash, span_of(answer->secrets->finished_key, size),
            span_of(hash, size), mac);
    add_message(out, FINISHED, span_of(mac, size));
}

int attested_answer_write(const struct attested_answer *answer, struct buf *out, struct err *err)
{
    OWNED_BUF messages = BUF_OF(ATTESTED_ANSWER_MAX);

    if (add_certificate(answer, &messages, err) < 0 || add_verify(answer, &messages, err) < 0)
        return -1;
    add_finished(answer, &messages);
    if (buf_check(&messages, "the authenticator", err) < 0)
        return -1;
    buf_add_u8(out, ATTESTED_AUTHENTICATOR);
    buf_add_be32(out, (uint32_t)messages.len);
    buf_add_span(out, buf_span(&messages));
    return buf_check(out, "the authenticator", err);
}
