#include "lib/attest/evidence/bundle.h"

#include "lib/json/pointer.h"

#include <stdlib.h>

#define MEDIA_TYPE_MAX 64

/* --- the table ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *media_type;
} types[] = {
    [BUNDLE_SNP] = {"snp", "application/vnd.cocos.snp-report"},
    [BUNDLE_TDX] = {"tdx", "application/vnd.cocos.tdx-quote"},
    [BUNDLE_VTPM] = {"vtpm", "application/vnd.cocos.tpm-attestation"},
    [BUNDLE_DICE] = {"dice", "application/vnd.cocos.dice-chain"},
    [BUNDLE_SIM] = {"sim", "application/vnd.cocos.simulated-snp-report"},
};

const char *const bundle_type_names[] = {
    [BUNDLE_SNP] = "snp",   [BUNDLE_TDX] = "tdx", [BUNDLE_VTPM] = "vtpm",
    [BUNDLE_DICE] = "dice", [BUNDLE_SIM] = "sim", [BUNDLE_TYPE_COUNT] = NULL,
};

static const struct json_field item_fields[] = {
    JSON_FIELD_ENUM(bundle_item, type, bundle_type_names, JSON_REQUIRED),
    JSON_FIELD_STR(bundle_item, media_type, 1, MEDIA_TYPE_MAX, JSON_REQUIRED),
    JSON_FIELD_BASE64(bundle_item, data, 1, BUNDLE_ITEM_SIZE_MAX, JSON_REQUIRED),
};
static const struct json_table item_table = JSON_TABLE("an item", bundle_item, item_fields);

#define LOG(member) JSON_FIELD_BASE64(bundle_logs, member, 0, BUNDLE_LOG_SIZE_MAX, JSON_NULLABLE)
static const struct json_field logs_fields[] = {LOG(tcg), LOG(ima), LOG(cel)};
static const struct json_table logs_table = JSON_TABLE("logs", bundle_logs, logs_fields);

#define KEY(member)                                                                                \
    JSON_FIELD_BASE64(bundle_endorsement, member, 0, BUNDLE_KEY_SIZE_MAX, JSON_SKIP_EMPTY)
static const struct json_field endorsement_fields[] = {KEY(ek), KEY(ek_certificate),
                                                       KEY(svsm_manifest)};
static const struct json_table endorsement_table =
    JSON_TABLE("endorsement", bundle_endorsement, endorsement_fields);

static const struct json_field bundle_fields[] = {
    JSON_FIELD_U32(bundle, version, 1, 1, JSON_REQUIRED),
    JSON_FIELD_BASE64(bundle, transcript, 1, TRANSCRIPT_SIZE_MAX, JSON_REQUIRED),
    JSON_FIELD_LIST(bundle, items, &item_table, 1, BUNDLE_ITEMS_MAX, JSON_REQUIRED),
    JSON_FIELD_OBJECT(bundle, logs, &logs_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(bundle, endorsement, &endorsement_table, JSON_SKIP_EMPTY),
};
static const struct json_table bundle_table = JSON_TABLE("a bundle", bundle, bundle_fields);

const char *bundle_media_type(enum bundle_type type)
{
    return types[type].media_type;
}

void bundle_done(struct bundle *bundle)
{
    json_release(&bundle_table, bundle);
}

/* --- reading --------------------------------------------------------------------------------- */

size_t bundle_count(const struct bundle *bundle)
{
    return bundle->items.count;
}

const struct bundle_item *bundle_at(const struct bundle *bundle, size_t index)
{
    return (const struct bundle_item *)bundle->items.items + index;
}

struct transcript_logs bundle_get_logs(const struct bundle *bundle)
{
    return (struct transcript_logs){.tcg = bundle_span(&bundle->logs.tcg),
                                    .ima = bundle_span(&bundle->logs.ima),
                                    .cel = bundle_span(&bundle->logs.cel)};
}

static bool has_type(const struct bundle *bundle, enum bundle_type type, size_t among)
{
    for (size_t i = 0; i < among; i++)
        if (bundle_at(bundle, i)->type == type)
            return true;
    return false;
}

static int check_item(const struct bundle *bundle, size_t index, struct err *err)
{
    const struct bundle_item *item = bundle_at(bundle, index);

    if (has_type(bundle, item->type, index))
        return err_set_at(err, ERR_INPUT, "/type", "'%s' is there twice", types[item->type].name);
    if (strcmp(item->media_type, types[item->type].media_type) != 0)
        return err_set_at(err, ERR_INPUT, "/media_type", "'%s' is of media type '%s', not '%s'",
                          types[item->type].name, types[item->type].media_type, item->media_type);
    return 0;
}

static int check_items(const struct bundle *bundle, struct err *err)
{
    for (size_t i = 0; i < bundle_count(bundle); i++) {
        if (check_item(bundle, i, err) == 0)
            continue;
        json_wrap_index(err, i);
        return json_wrap_key(err, "items");
    }
    return 0;
}

int bundle_parse(struct span text, struct bundle *ret, struct err *err)
{
    OWNED_BUNDLE bundle = {0};

    if (text.len > BUNDLE_TEXT_MAX)
        return err_set(err, ERR_INPUT, "a bundle of %zu bytes, at most %llu", text.len,
                       BUNDLE_TEXT_MAX);
    if (json_decode_text(text, &bundle_table, &bundle, err) < 0 || check_items(&bundle, err) < 0)
        return -1;
    *ret = bundle;
    bundle = (struct bundle){0};
    return 0;
}

/* Members may stand in any order, and a log of megabytes before the one that tells. */
bool bundle_detect(struct span text)
{
    while (text.len > 0 && memchr(" \t\r\n", text.data[0], 4) != NULL)
        text = span_part(text, 1, text.len);
    return text.len > 0 && text.data[0] == '{' &&
           memmem(text.data, text.len, "\"transcript\"", 12) != NULL &&
           memmem(text.data, text.len, "\"items\"", 7) != NULL;
}

/* --- building -------------------------------------------------------------------------------- */

void bundle_init(struct bundle *bundle)
{
    *bundle = (struct bundle){.version = 1};
}

static int set_blob(struct json_blob *blob, struct span bytes, size_t max, const char *what,
                    struct err *err)
{
    if (bytes.len > max)
        return err_set(err, ERR_INPUT, "%s of %zu bytes, at most %zu", what, bytes.len, max);
    free(blob->data);
    blob->data = (uint8_t *)mem_copy(bytes.len > 0 ? bytes.data : (const uint8_t *)"", bytes.len);
    blob->len = bytes.len;
    return 0;
}

int bundle_set_transcript(struct bundle *bundle, const struct transcript *transcript,
                          struct err *err)
{
    OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX);

    if (transcript_encode(transcript, &bytes, err) < 0)
        return -1;
    return set_blob(&bundle->transcript, buf_span(&bytes), TRANSCRIPT_SIZE_MAX, "a transcript",
                    err);
}

int bundle_set_logs(struct bundle *bundle, const struct transcript_logs *logs, struct err *err)
{
    const struct {
        struct json_blob *to;
        struct span log;
        const char *what;
    } rows[] = {
        {&bundle->logs.tcg, logs->tcg, "an event log"},
        {&bundle->logs.ima, logs->ima, "an IMA list"},
        {&bundle->logs.cel, logs->cel, "a canonical event log"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (set_blob(rows[i].to, rows[i].log, BUNDLE_LOG_SIZE_MAX, rows[i].what, err) < 0)
            return -1;
    return 0;
}

int bundle_set_endorsement(struct bundle *bundle, struct span ek, struct span ek_certificate,
                           struct err *err)
{
    if (set_blob(&bundle->endorsement.ek, ek, BUNDLE_KEY_SIZE_MAX, "a key", err) < 0)
        return -1;
    return set_blob(&bundle->endorsement.ek_certificate, ek_certificate, BUNDLE_KEY_SIZE_MAX,
                    "a certificate", err);
}

int bundle_set_svsm(struct bundle *bundle, struct span manifest, struct err *err)
{
    return set_blob(&bundle->endorsement.svsm_manifest, manifest, BUNDLE_KEY_SIZE_MAX, "a manifest",
                    err);
}

int bundle_add(struct bundle *bundle, enum bundle_type type, struct span data, struct err *err)
{
    struct bundle_item item = {.type = type};
    struct bundle_item *items;

    if (has_type(bundle, type, bundle_count(bundle)))
        return err_set(err, ERR_INPUT, "an item of type '%s' is there", types[type].name);
    if (set_blob(&item.data, data, BUNDLE_ITEM_SIZE_MAX, "an item", err) < 0)
        return -1;
    item.media_type = mem_strdup(types[type].media_type);
    items = mem_resize(bundle->items.items, bundle->items.count + 1, sizeof(item));
    items[bundle->items.count++] = item;
    bundle->items.items = items;
    return 0;
}

int bundle_write(const struct bundle *bundle, struct buf *out, struct err *err)
{
    json_encode_text(&bundle_table, bundle, out);
    return buf_check(out, "the bundle", err);
}
