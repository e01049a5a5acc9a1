#include "lib/attest/evidence/transcript.h"

#include "lib/base/reader.h"

const char *const transcript_kind_names[] = {
    [TRANSCRIPT_CHANNEL] = "channel",
    [TRANSCRIPT_BOOT] = "boot",
    [TRANSCRIPT_LEGACY] = "legacy",
    [TRANSCRIPT_KIND_COUNT] = NULL,
};

const char *const transcript_field_names[] = {
    [TRANSCRIPT_NONCE] = "nonce",    [TRANSCRIPT_EXPORTER] = "exporter",
    [TRANSCRIPT_SERVER] = "server",  [TRANSCRIPT_CLIENT] = "client",
    [TRANSCRIPT_CONFIG] = "config",  [TRANSCRIPT_MANIFEST] = "manifest",
    [TRANSCRIPT_AK] = "ak",          [TRANSCRIPT_LOGS] = "logs",
    [TRANSCRIPT_FIELD_COUNT] = NULL,
};

/* Sets of fields, as bits. */
#define BIT(field) (1u << TRANSCRIPT_##field)

static const struct {
    const char *label;
    unsigned must, cannot;
} kinds[] = {
    [TRANSCRIPT_CHANNEL] = {"cocos/channel/1", BIT(NONCE) | BIT(EXPORTER) | BIT(SERVER), 0},
    [TRANSCRIPT_BOOT] = {"cocos/boot/1", BIT(NONCE), BIT(EXPORTER) | BIT(CLIENT)},
    [TRANSCRIPT_LEGACY] = {"cocos/legacy/1", BIT(NONCE) | BIT(SERVER), BIT(EXPORTER) | BIT(CLIENT)},
};

void transcript_set(struct transcript *transcript, enum transcript_field field,
                    const uint8_t value[static TRANSCRIPT_VALUE_SIZE])
{
    transcript->has[field] = true;
    memcpy(transcript->value[field], value, TRANSCRIPT_VALUE_SIZE);
}

struct span transcript_get(const struct transcript *transcript, enum transcript_field field)
{
    return span_of(transcript->value[field],
                   transcript->has[field] ? sizeof(transcript->value[field]) : 0);
}

static int check_fields(const struct transcript *transcript, struct err *err)
{
    for (unsigned i = 0; i < TRANSCRIPT_FIELD_COUNT; i++) {
        bool must = (kinds[transcript->kind].must >> i & 1) != 0;
        bool cannot = (kinds[transcript->kind].cannot >> i & 1) != 0;

        if (transcript->has[i] ? cannot : must)
            return err_set(err, ERR_INPUT, "transcript: '%s' %s a field '%s'",
                           kinds[transcript->kind].label, must ? "needs" : "cannot have",
                           transcript_field_names[i]);
    }
    return 0;
}

static void add_sized(struct buf *out, struct span bytes)
{
    buf_add_be32(out, (uint32_t)bytes.len);
    buf_add_span(out, bytes);
}

int transcript_encode(const struct transcript *transcript, struct buf *out, struct err *err)
{
    if (check_fields(transcript, err) < 0)
        return -1;
    add_sized(out, span_of_str(kinds[transcript->kind].label));
    for (int i = 0; i < TRANSCRIPT_FIELD_COUNT; i++)
        add_sized(out, transcript_get(transcript, (enum transcript_field)i));
    return buf_check(out, "the transcript", err);
}

/* --- parsing --------------------------------------------------------------------------------- */

static int take_label(struct reader *r, struct transcript *transcript, struct err *err)
{
    uint32_t len = read_be32(r);
    struct span label = read_span(r, len);

    for (int i = 0; !r->short_read && i < TRANSCRIPT_KIND_COUNT; i++) {
        if (!span_equal(label, span_of_str(kinds[i].label)))
            continue;
        transcript->kind = (enum transcript_kind)i;
        return 0;
    }
    return err_set(err, ERR_INPUT, "transcript: no label that is known here at byte 0");
}

static int take_field(struct reader *r, enum transcript_field field, struct transcript *transcript,
                      struct err *err)
{
    size_t at = r->at;
    uint32_t len = read_be32(r);
    struct span bytes;

    if (r->short_read)
        return err_set(err, ERR_INPUT, "transcript: ends at byte %zu, before '%s'", at,
                       transcript_field_names[field]);
    if (len != 0 && len != TRANSCRIPT_VALUE_SIZE)
        return err_set(err, ERR_INPUT, "transcript: '%s' at byte %zu has %u bytes, not %d",
                       transcript_field_names[field], at, len, TRANSCRIPT_VALUE_SIZE);
    bytes = read_span(r, len);
    if (r->short_read)
        return err_set(err, ERR_INPUT, "transcript: ends at byte %zu, within '%s'", r->in.len,
                       transcript_field_names[field]);
    if (len > 0)
        transcript_set(transcript, field, bytes.data);
    return 0;
}

int transcript_parse(struct span in, struct transcript *ret, struct err *err)
{
    struct reader r = reader_of(in);
    struct transcript transcript = {0};

    if (take_label(&r, &transcript, err) < 0)
        return -1;
    for (int i = 0; i < TRANSCRIPT_FIELD_COUNT; i++)
        if (take_field(&r, (enum transcript_field)i, &transcript, err) < 0)
            return -1;
    if (!reader_at_end(&r))
        return err_set(err, ERR_INPUT, "transcript: bytes after its end at byte %zu", r.at);
    if (check_fields(&transcript, err) < 0)
        return -1;
    *ret = transcript;
    return 0;
}

/* --- what is signed -------------------------------------------------------------------------- */

void transcript_report_data(struct span encoded, uint8_t out[static SHA512_SIZE])
{
    digest_of(DIGEST_SHA512, encoded, out);
}

void transcript_extra_data(const uint8_t report_data[static SHA512_SIZE],
                           uint8_t out[static SHA256_SIZE])
{
    digest_of(DIGEST_SHA256, span_of(report_data, SHA512_SIZE), out);
}

void transcript_hash_logs(const struct transcript_logs *logs, uint8_t out[static SHA256_SIZE])
{
    const struct span all[] = {logs->tcg, logs->ima, logs->cel};
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        OWNED_BUF length = BUF_OF(4);

        buf_add_be32(&length, (uint32_t)all[i].len);
        digest_add(digest, buf_span(&length));
        digest_add(digest, all[i]);
    }
    digest_finish(digest, out);
}
