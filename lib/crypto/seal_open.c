/* Opening: the other half of seal.c. */
#include "lib/crypto/seal.h"

#include "lib/base/reader.h"
#include "lib/crypto/seal_parts.h"

struct opener {
    seal_sink *sink;
    void *to;
    const struct key *own;
    uint8_t identity[SHA256_SIZE];
    struct buf info;
    struct seal_chunks chunks; /* no gcm before the header was read */
    size_t chunk;              /* a sealed one's size */
    struct buf pending;        /* header, then the next chunk */
    uint8_t *plain;
};

void opener_free(struct opener *opener)
{
    if (opener == NULL)
        return;
    gcm_free(opener->chunks.gcm);
    buf_done(&opener->info);
    buf_done(&opener->pending);
    if (opener->plain != NULL)
        mem_wipe(opener->plain, opener->chunk - GCM_TAG_SIZE);
    free(opener->plain);
    free(opener);
}

int opener_new(const struct seal_terms *terms, seal_sink *sink, void *to, struct opener **ret,
               struct err *err)
{
    OWNED_OF(opener) *opener = mem_new(struct opener);

    opener->sink = sink;
    opener->to = to;
    opener->info = BUF_OF(HPKE_INFO_MAX);
    opener->pending = BUF_OF(SEAL_CHUNK_MAX + GCM_TAG_SIZE);
    if (terms->count != 1 || !key_is_private(terms->recipients[0]) ||
        key_type_of(terms->recipients[0]) != KEY_P256)
        return err_set(err, ERR_INPUT, "opening takes one private key of type p256");
    if (seal_write_info(terms->context, &opener->info, err) < 0)
        return -1;
    opener->own = terms->recipients[0];
    key_identity(opener->own, opener->identity);
    *ret = GIVE(opener);
    return 0;
}

/* --- the header ------------------------------------------------------------------------------ */

/* What the header says, once its fixed part is there. */
static int read_fixed(struct span in, size_t *ret_count, size_t *ret_chunk, struct err *err)
{
    struct reader r = reader_of(span_part(in, 8, SEAL_FIXED_SIZE - 8));
    uint8_t version = read_u8(&r), count = read_u8(&r);
    uint16_t zero = read_be16(&r);
    uint32_t chunk = read_be32(&r);

    if (!span_equal(span_part(in, 0, 8), span_of_str(SEAL_MAGIC)))
        return err_set(err, ERR_INPUT, "this is not sealed: it does not begin with '%s'",
                       SEAL_MAGIC);
    if (version != SEAL_VERSION || zero != 0)
        return err_set(err, ERR_INPUT, "sealed in version %u, expected %d", version, SEAL_VERSION);
    if (count == 0 || count > SEAL_RECIPIENTS_MAX || chunk < SEAL_CHUNK_MIN ||
        chunk > SEAL_CHUNK_MAX)
        return err_set(err, ERR_INPUT, "sealed for %u recipients in chunks of %u bytes", count,
                       (unsigned)chunk);
    *ret_count = count;
    *ret_chunk = chunk;
    return 0;
}

static int find_stanza(const struct opener *opener, struct span header, struct span *ret,
                       struct err *err)
{
    for (size_t at = SEAL_FIXED_SIZE; at < header.len; at += SEAL_STANZA_SIZE) {
        *ret = span_part(header, at, SEAL_STANZA_SIZE);
        if (span_equal(span_part(*ret, 0, SHA256_SIZE), SPAN_OF_ARRAY(opener->identity)))
            return 0;
    }
    return err_set(err, ERR_UNTRUSTED, "it is sealed for another key");
}

static int open_header(struct opener *opener, struct span header, struct err *err)
{
    OWNED_BUF key = BUF_OF(SEAL_KEY_SIZE);
    OWNED_HPKE *hpke = NULL;
    struct span stanza;

    key.secret = true;
    if (find_stanza(opener, header, &stanza, err) < 0 ||
        hpke_open_begin(HPKE_AES_256_GCM, opener->own,
                        span_part(stanza, SHA256_SIZE, HPKE_ENC_SIZE), buf_span(&opener->info),
                        &hpke, err) < 0 ||
        hpke_open(hpke, span_part(header, 0, SEAL_FIXED_SIZE),
                  span_part(stanza, SHA256_SIZE + HPKE_ENC_SIZE, SEAL_KEY_SIZE + HPKE_TAG_SIZE),
                  &key, err) < 0) {
        err->kind = ERR_UNTRUSTED;
        return -1;
    }
    seal_chunks_begin(&opener->chunks, key.data, header, false);
    return 0;
}

/* Opens the header when all of it is pending, and takes it off. */
static int take_header(struct opener *opener, struct err *err)
{
    size_t count, chunk, size;

    if (opener->pending.len < SEAL_FIXED_SIZE)
        return 0;
    if (read_fixed(buf_span(&opener->pending), &count, &chunk, err) < 0)
        return -1;
    size = SEAL_FIXED_SIZE + count * SEAL_STANZA_SIZE;
    if (opener->pending.len < size)
        return 0;
    if (open_header(opener, span_part(buf_span(&opener->pending), 0, size), err) < 0)
        return -1;
    buf_drop_front(&opener->pending, size);
    opener->chunk = chunk + GCM_TAG_SIZE;
    opener->plain = mem_zeroed(chunk, 1);
    return 0;
}

/* --- the chunks ------------------------------------------------------------------------------ */

static int open_chunk(struct opener *opener, struct span sealed, bool last, struct err *err)
{
    bool empty = sealed.len == GCM_TAG_SIZE;

    if (empty && opener->chunks.number > 0)
        return err_set(err, ERR_UNTRUSTED, "sealed bytes end with a chunk that is empty");
    if (seal_chunk_open(&opener->chunks, sealed, last, opener->plain, err) < 0)
        return -1;
    return empty ? 0
                 : opener->sink(opener->to, span_of(opener->plain, sealed.len - GCM_TAG_SIZE), err);
}

/* How many bytes may be added to what is pending at once: never past the header's fixed part, its
 * end, or the end of a chunk, so that each is looked at before more is kept. */
static size_t wanted(const struct opener *opener)
{
    size_t count, chunk, len = opener->pending.len;
    struct err unused;

    if (opener->chunks.gcm != NULL)
        return opener->chunk - len;
    if (len < SEAL_FIXED_SIZE)
        return SEAL_FIXED_SIZE - len;
    if (read_fixed(buf_span(&opener->pending), &count, &chunk, &unused) < 0)
        return 0;
    return SEAL_FIXED_SIZE + count * SEAL_STANZA_SIZE - len;
}

/* Whole chunks that lie in the input, and are not its end, are opened where they are. */
static int open_in_place(struct opener *opener, struct span *sealed, struct err *err)
{
    while (opener->chunks.gcm != NULL && opener->pending.len == 0 && sealed->len > opener->chunk) {
        if (open_chunk(opener, span_part(*sealed, 0, opener->chunk), false, err) < 0)
            return -1;
        *sealed = span_part(*sealed, opener->chunk, sealed->len - opener->chunk);
    }
    return 0;
}

/* A chunk is opened when a byte after it is there: only then it is not the last one. */
static int flush_chunk(struct opener *opener, struct err *err)
{
    if (opener->chunks.gcm == NULL || opener->pending.len < opener->chunk)
        return 0;
    if (open_chunk(opener, buf_span(&opener->pending), false, err) < 0)
        return -1;
    buf_reset(&opener->pending);
    return 0;
}

int opener_write(struct opener *opener, struct span sealed, struct err *err)
{
    while (sealed.len > 0) {
        size_t part;

        if (flush_chunk(opener, err) < 0 || open_in_place(opener, &sealed, err) < 0)
            return -1;
        part = wanted(opener);
        part = part < sealed.len ? part : sealed.len;
        buf_add_span(&opener->pending, span_part(sealed, 0, part));
        sealed = span_part(sealed, part, sealed.len - part);
        if (opener->chunks.gcm == NULL && take_header(opener, err) < 0)
            return -1;
    }
    return 0;
}

int opener_finish(struct opener *opener, struct err *err)
{
    if (opener->chunks.gcm == NULL)
        return err_set(err, ERR_UNTRUSTED, "sealed bytes end within their header");
    return open_chunk(opener, buf_span(&opener->pending), true, err);
}
