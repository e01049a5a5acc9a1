#include "lib/crypto/seal.h"

#include "lib/crypto/hkdf.h"
#include "lib/crypto/seal_parts.h"
#include "lib/crypto/secret.h"

/* --- what both ends share -------------------------------------------------------------------- */

void seal_chunks_begin(struct seal_chunks *chunks, const uint8_t key[static SEAL_KEY_SIZE],
                       struct span header, bool seals)
{
    uint8_t salt[SHA256_SIZE], chunk_key[SEAL_KEY_SIZE];
    const struct hkdf in = {DIGEST_SHA256, span_of(key, SEAL_KEY_SIZE), SPAN_OF_ARRAY(salt),
                            span_of_str(SEAL_LABEL " chunks")};

    digest_of(DIGEST_SHA256, header, salt);
    hkdf_derive(&in, chunk_key, sizeof(chunk_key));
    chunks->gcm = gcm_new(SPAN_OF_ARRAY(chunk_key), seals);
    mem_wipe(chunk_key, sizeof(chunk_key));
}

/* No number comes twice: 2^64 chunks are more than there are bytes. */
static void make_nonce(struct seal_chunks *chunks, uint8_t out[static GCM_NONCE_SIZE])
{
    memset(out, 0, GCM_NONCE_SIZE);
    for (int i = 0; i < 8; i++)
        out[GCM_NONCE_SIZE - 1 - i] = (uint8_t)(chunks->number >> 8 * i);
    chunks->number++;
}

void seal_chunk_close(struct seal_chunks *chunks, struct span plain, bool last, uint8_t *out)
{
    const uint8_t flag = last;
    uint8_t nonce[GCM_NONCE_SIZE];

    make_nonce(chunks, nonce);
    gcm_seal(chunks->gcm, &(struct gcm_message){nonce, span_of(&flag, 1), plain}, out);
}

int seal_chunk_open(struct seal_chunks *chunks, struct span sealed, bool last, uint8_t *out,
                    struct err *err)
{
    const uint8_t flag = last;
    uint8_t nonce[GCM_NONCE_SIZE];

    make_nonce(chunks, nonce);
    return gcm_open(chunks->gcm, &(struct gcm_message){nonce, span_of(&flag, 1), sealed}, out, err);
}

int seal_write_info(struct span context, struct buf *out, struct err *err)
{
    if (context.len > SEAL_CONTEXT_MAX)
        return err_set(err, ERR_INPUT, "sealing: a context of %zu bytes, at most %d", context.len,
                       SEAL_CONTEXT_MAX);
    buf_add_str(out, SEAL_LABEL);
    buf_add_span(out, context);
    return 0;
}

uint64_t seal_size(uint64_t plain, size_t recipients)
{
    uint64_t chunks = plain > 0 ? (plain - 1) / SEAL_CHUNK + 1 : 1;

    return SEAL_FIXED_SIZE + recipients * SEAL_STANZA_SIZE + plain + chunks * GCM_TAG_SIZE;
}

/* --- sealing --------------------------------------------------------------------------------- */

struct sealer {
    seal_sink *sink;
    void *to;
    struct seal_chunks chunks;
    struct buf header; /* until it went out */
    struct buf plain;  /* of the next chunk */
    uint8_t sealed[SEAL_CHUNK + GCM_TAG_SIZE];
};

void sealer_free(struct sealer *sealer)
{
    if (sealer == NULL)
        return;
    gcm_free(sealer->chunks.gcm);
    buf_done(&sealer->header);
    buf_done(&sealer->plain);
    free(sealer);
}

static int add_stanza(struct buf *header, const struct key *recipient, struct span info,
                      const uint8_t key[static SEAL_KEY_SIZE], struct err *err)
{
    const struct span fixed = span_part(buf_span(header), 0, SEAL_FIXED_SIZE);
    uint8_t identity[SHA256_SIZE], aad[SEAL_FIXED_SIZE], enc[HPKE_ENC_SIZE];
    OWNED_HPKE *hpke = NULL;

    memcpy(aad, fixed.data, sizeof(aad)); /* the header grows meanwhile */
    if (hpke_seal_begin(HPKE_AES_256_GCM, recipient, info, enc, &hpke, err) < 0)
        return -1;
    key_identity(recipient, identity);
    buf_add(header, identity, sizeof(identity));
    buf_add(header, enc, sizeof(enc));
    return hpke_seal(hpke, SPAN_OF_ARRAY(aad), span_of(key, SEAL_KEY_SIZE), header, err);
}

static int write_header(const struct seal_terms *terms, const uint8_t key[static SEAL_KEY_SIZE],
                        struct buf *out, struct err *err)
{
    OWNED_BUF info = BUF_OF(HPKE_INFO_MAX);

    if (terms->count == 0 || terms->count > SEAL_RECIPIENTS_MAX)
        return err_set(err, ERR_INPUT, "sealing is for 1 to %d recipients, not %zu",
                       SEAL_RECIPIENTS_MAX, terms->count);
    if (seal_write_info(terms->context, &info, err) < 0)
        return -1;
    buf_add_str(out, SEAL_MAGIC);
    buf_add_u8(out, SEAL_VERSION);
    buf_add_u8(out, (uint8_t)terms->count);
    buf_add_be16(out, 0);
    buf_add_be32(out, SEAL_CHUNK);
    for (size_t i = 0; i < terms->count; i++)
        if (add_stanza(out, terms->recipients[i], buf_span(&info), key, err) < 0)
            return -1;
    return 0;
}

int sealer_new(const struct seal_terms *terms, seal_sink *sink, void *to, struct sealer **ret,
               struct err *err)
{
    OWNED_OF(sealer) *sealer = mem_new(struct sealer);
    uint8_t key[SEAL_KEY_SIZE];
    int result;

    sealer->sink = sink;
    sealer->to = to;
    sealer->header = BUF_OF(SEAL_HEADER_SIZE);
    sealer->plain = BUF_OF(SEAL_CHUNK);
    sealer->plain.secret = true;
    random_bytes(key, sizeof(key));
    result = write_header(terms, key, &sealer->header, err);
    if (result == 0)
        seal_chunks_begin(&sealer->chunks, key, buf_span(&sealer->header), true);
    mem_wipe(key, sizeof(key));
    if (result < 0)
        return -1;
    *ret = GIVE(sealer);
    return 0;
}

static int put_chunk(struct sealer *sealer, struct span plain, bool last, struct err *err)
{
    if (sealer->header.len > 0 && sealer->sink(sealer->to, buf_span(&sealer->header), err) < 0)
        return -1;
    buf_reset(&sealer->header);
    seal_chunk_close(&sealer->chunks, plain, last, sealer->sealed);
    return sealer->sink(sealer->to, span_of(sealer->sealed, plain.len + GCM_TAG_SIZE), err);
}

/* A chunk goes out when a byte after it is there: only then it is not the last one. */
int sealer_write(struct sealer *sealer, struct span plain, struct err *err)
{
    while (plain.len > 0) {
        size_t room = SEAL_CHUNK - sealer->plain.len, part = plain.len < room ? plain.len : room;

        if (sealer->plain.len == 0 && plain.len > SEAL_CHUNK) {
            if (put_chunk(sealer, span_part(plain, 0, SEAL_CHUNK), false, err) < 0)
                return -1;
            plain = span_part(plain, SEAL_CHUNK, plain.len - SEAL_CHUNK);
            continue;
        }
        if (room == 0) {
            if (put_chunk(sealer, buf_span(&sealer->plain), false, err) < 0)
                return -1;
            buf_reset(&sealer->plain);
            continue;
        }
        buf_add_span(&sealer->plain, span_part(plain, 0, part));
        plain = span_part(plain, part, plain.len - part);
    }
    return 0;
}

int sealer_finish(struct sealer *sealer, struct err *err)
{
    return put_chunk(sealer, buf_span(&sealer->plain), true, err);
}
