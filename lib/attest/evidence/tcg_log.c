#include "lib/attest/evidence/tcg_log.h"

#include <string.h>

/* A log that was not extended by anybody names no register (Windows writes its own notes so). */
#define NO_REGISTER 0xffffffffu

static const char spec_id_signature[16] = "Spec ID Event03";
static const char locality_signature[16] = "StartupLocality";

struct type_name {
    uint32_t type;
    const char *name;
};

static const struct type_name type_names[] = {
    {0x00000000, "EV_PREBOOT_CERT"},
    {0x00000001, "EV_POST_CODE"},
    {0x00000002, "EV_UNUSED"},
    {EV_NO_ACTION, "EV_NO_ACTION"},
    {EV_SEPARATOR, "EV_SEPARATOR"},
    {0x00000005, "EV_ACTION"},
    {EV_EVENT_TAG, "EV_EVENT_TAG"},
    {0x00000007, "EV_S_CRTM_CONTENTS"},
    {EV_S_CRTM_VERSION, "EV_S_CRTM_VERSION"},
    {0x00000009, "EV_CPU_MICROCODE"},
    {0x0000000a, "EV_PLATFORM_CONFIG_FLAGS"},
    {0x0000000b, "EV_TABLE_OF_DEVICES"},
    {0x0000000c, "EV_COMPACT_HASH"},
    {EV_IPL, "EV_IPL"},
    {0x0000000e, "EV_IPL_PARTITION_DATA"},
    {0x0000000f, "EV_NONHOST_CODE"},
    {0x00000010, "EV_NONHOST_CONFIG"},
    {0x00000011, "EV_NONHOST_INFO"},
    {0x00000012, "EV_OMIT_BOOT_DEVICE_EVENTS"},
    {EV_EFI_VARIABLE_DRIVER_CONFIG, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
    {EV_EFI_VARIABLE_BOOT, "EV_EFI_VARIABLE_BOOT"},
    {EV_EFI_BOOT_SERVICES_APPLICATION, "EV_EFI_BOOT_SERVICES_APPLICATION"},
    {0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"},
    {0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
    {0x80000006, "EV_EFI_GPT_EVENT"},
    {EV_EFI_ACTION, "EV_EFI_ACTION"},
    {EV_EFI_PLATFORM_FIRMWARE_BLOB, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
    {0x80000009, "EV_EFI_HANDOFF_TABLES"},
    {EV_EFI_PLATFORM_FIRMWARE_BLOB2, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
    {0x8000000b, "EV_EFI_HANDOFF_TABLES2"},
    {0x8000000c, "EV_EFI_VARIABLE_BOOT2"},
    {0x80000010, "EV_EFI_HCRTM_EVENT"},
    {EV_EFI_VARIABLE_AUTHORITY, "EV_EFI_VARIABLE_AUTHORITY"},
    {0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB"},
    {0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
};

const char *tcg_event_type_name(uint32_t type)
{
    for (size_t i = 0; i < COUNT_OF(type_names); i++)
        if (type_names[i].type == type)
            return type_names[i].name;
    return NULL;
}

/* --- one event ------------------------------------------------------------------------------- */

static const struct tcg_log_alg *find_alg(const struct tcg_log *log, uint16_t id)
{
    for (size_t i = 0; i < log->alg_count; i++)
        if (log->algs[i].id == id)
            return &log->algs[i];
    return NULL;
}

static bool has_digest_of(const struct tcg_event *event, uint16_t alg_id)
{
    for (size_t i = 0; i < event->digest_count; i++)
        if (event->digests[i].alg_id == alg_id)
            return true;
    return false;
}

static int read_digest(const struct tcg_log *log, struct reader *r, struct tcg_event *event,
                       struct err *err)
{
    uint16_t id = read_le16(r);
    const struct tcg_log_alg *alg = find_alg(log, id);

    if (r->short_read)
        return 0;
    if (alg == NULL)
        return err_set(err, ERR_INPUT, "digest algorithm 0x%04x is not declared", id);
    if (has_digest_of(event, id))
        return err_set(err, ERR_INPUT, "two digests of algorithm 0x%04x", id);
    event->digests[event->digest_count].alg_id = id;
    event->digests[event->digest_count].value = read_span(r, alg->size);
    event->digest_count++;
    return 0;
}

/* TCG_PCR_EVENT2 has a list of digests, TCG_PCR_EVENT exactly one SHA-1. */
static int read_digests(const struct tcg_log *log, struct reader *r, struct tcg_event *event,
                        struct err *err)
{
    uint32_t count;

    if (!log->agile) {
        event->digests[0].alg_id = TPM_ALG_SHA1;
        event->digests[0].value = read_span(r, pcr_alg_size(TPM_ALG_SHA1));
        event->digest_count = 1;
        return 0;
    }
    count = read_le32(r);
    if (!r->short_read && (count == 0 || count > log->alg_count))
        return err_set(err, ERR_INPUT, "%u digests, but %zu algorithms are declared", count,
                       log->alg_count);
    for (uint32_t i = 0; i < count && !r->short_read; i++)
        if (read_digest(log, r, event, err) < 0)
            return -1;
    return 0;
}

static int read_event(const struct tcg_log *log, struct reader *r, struct tcg_event *event,
                      struct err *err)
{
    uint32_t size;

    event->offset = r->at;
    event->index = read_le32(r);
    event->type = read_le32(r);
    event->digest_count = 0;
    if (read_digests(log, r, event, err) < 0)
        return -1;
    size = read_le32(r);
    event->data = read_span(r, size);
    if (r->short_read)
        return err_set(err, ERR_INPUT, "the log ends inside the event");
    return 0;
}

static int check_register(const struct tcg_event *event, struct err *err)
{
    if (event->index < PCR_COUNT)
        return 0;
    if (event->index == NO_REGISTER && event->type == EV_NO_ACTION)
        return 0;
    return err_set(err, ERR_INPUT, "there is no register %u", event->index);
}

/* --- the whole log --------------------------------------------------------------------------- */

static int add_alg(struct tcg_log *log, uint16_t id, uint16_t size, struct err *err)
{
    size_t known = pcr_alg_size(id);

    if (size == 0 || size > DIGEST_SIZE_MAX || (known != 0 && size != known))
        return err_set(err, ERR_INPUT, "algorithm 0x%04x with digests of %u bytes", id, size);
    if (find_alg(log, id) != NULL)
        return err_set(err, ERR_INPUT, "algorithm 0x%04x is declared twice", id);
    log->algs[log->alg_count].id = id;
    log->algs[log->alg_count].size = size;
    log->alg_count++;
    return 0;
}

/* TCG_EfiSpecIdEvent. Some writers leave the vendor information outside of the event's size; it is
 * stepped over either way, and carries nothing. */
static int read_spec_id(struct tcg_log *log, const struct tcg_event *event, struct reader *outer,
                        struct err *err)
{
    struct reader r = reader_of(event->data);
    uint8_t vendor_size;
    uint32_t count;

    read_skip(&r, sizeof(spec_id_signature) + 8); /* platform class, versions, uintn size */
    count = read_le32(&r);
    if (!r.short_read && (count == 0 || count > TCG_LOG_ALGS_MAX))
        return err_set(err, ERR_INPUT, "spec id event: %u algorithms", count);
    for (uint32_t i = 0; i < count && !r.short_read; i++) {
        uint16_t id = read_le16(&r);
        uint16_t size = read_le16(&r);

        if (!r.short_read && add_alg(log, id, size, err) < 0)
            return err_wrap(err, "spec id event");
    }
    vendor_size = read_u8(&r);
    if (r.short_read)
        return err_set(err, ERR_INPUT, "spec id event: ends after %zu bytes", event->data.len);
    if (reader_at_end(&r))
        read_skip(outer, vendor_size);
    else
        read_skip(&r, vendor_size);
    if (r.short_read || outer->short_read || !reader_at_end(&r))
        return err_set(err, ERR_INPUT, "spec id event: %u bytes of vendor information do not fit",
                       vendor_size);
    return 0;
}

/* The first event has the SHA-1 form in both formats. */
static int read_header(struct tcg_log *log, struct reader *r, struct err *err)
{
    const struct span signature = SPAN_OF_ARRAY(spec_id_signature);
    struct tcg_event event;

    log->algs[0] = (struct tcg_log_alg){TPM_ALG_SHA1, 20};
    log->alg_count = 1;
    if (read_event(log, r, &event, err) < 0)
        return err_wrap(err, "event log, first event");
    if (event.type != EV_NO_ACTION ||
        !span_equal(span_part(event.data, 0, signature.len), signature)) {
        log->first = 0;
        return 0;
    }
    log->agile = true;
    log->alg_count = 0;
    if (read_spec_id(log, &event, r, err) < 0)
        return err_wrap(err, "event log");
    log->first = r->at;
    return 0;
}

static int note_locality(struct tcg_log *log, const struct tcg_event *event, struct err *err)
{
    const struct span signature = SPAN_OF_ARRAY(locality_signature);
    uint8_t locality;

    if (event->type != EV_NO_ACTION || event->index != 0 || event->data.len != signature.len + 1 ||
        !span_equal(span_part(event->data, 0, signature.len), signature))
        return 0;
    locality = event->data.data[signature.len];
    if (locality != 0 && locality != 3 && locality != 4)
        return err_set(err, ERR_INPUT, "startup from locality %u", locality);
    if (log->has_locality && log->locality != locality)
        return err_set(err, ERR_INPUT, "startup from locality %u and from %u", log->locality,
                       locality);
    log->has_locality = true;
    log->locality = locality;
    return 0;
}

/* What a firmware leaves after the last event is all zeros or all ones. */
static size_t find_padding(struct span in)
{
    size_t at = in.len;

    if (in.len == 0 || (in.data[in.len - 1] != 0 && in.data[in.len - 1] != 0xff))
        return in.len;
    while (at > 0 && in.data[at - 1] == in.data[in.len - 1])
        at--;
    return at;
}

static int check_event(struct tcg_log *log, struct reader *r, struct err *err)
{
    struct tcg_event event;

    if (log->count == TCG_LOG_EVENTS_MAX)
        return err_set(err, ERR_INPUT, "more than %d events", TCG_LOG_EVENTS_MAX);
    if (read_event(log, r, &event, err) < 0 || check_register(&event, err) < 0 ||
        note_locality(log, &event, err) < 0)
        return -1;
    log->count++;
    return 0;
}

int tcg_log_parse(struct span in, struct tcg_log *ret, struct err *err)
{
    struct reader r = reader_of(in);
    struct tcg_log log = {0};
    size_t padding;

    if (in.len > TCG_LOG_SIZE_MAX)
        return err_set(err, ERR_INPUT, "event log: over %llu bytes", TCG_LOG_SIZE_MAX);
    if (read_header(&log, &r, err) < 0)
        return -1;

    padding = find_padding(in);
    r.at = log.first;
    while (r.at < in.len && r.at < padding) {
        size_t offset = r.at;

        if (check_event(&log, &r, err) < 0)
            return err_wrap(err, "event log: event %zu at byte %zu", log.count, offset);
    }
    log.in = span_part(in, 0, r.at);
    *ret = log;
    return 0;
}

struct tcg_cursor tcg_log_begin(const struct tcg_log *log)
{
    struct tcg_cursor cursor = {.log = log, .at = reader_of(log->in)};

    cursor.at.at = log->first;
    return cursor;
}

bool tcg_log_next(struct tcg_cursor *cursor, struct tcg_event *ret)
{
    struct err unused;

    if (reader_at_end(&cursor->at) || read_event(cursor->log, &cursor->at, ret, &unused) < 0)
        return false;
    ret->number = cursor->number++;
    return true;
}

/* --- replay ---------------------------------------------------------------------------------- */

bool tcg_log_has_bank(const struct tcg_log *log, enum digest_alg alg)
{
    return find_alg(log, pcr_alg_to_tpm(alg)) != NULL;
}

int tcg_log_choose_bank(const struct tcg_log *log, enum digest_alg *ret, struct err *err)
{
    static const enum digest_alg wanted[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512,
                                             DIGEST_SHA1};

    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        if (tcg_log_has_bank(log, wanted[i])) {
            *ret = wanted[i];
            return 0;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "event log: no bank of a known hash algorithm");
}

int tcg_log_replay(const struct tcg_log *log, enum digest_alg alg, struct pcr_bank *ret,
                   struct err *err)
{
    struct tcg_cursor cursor = tcg_log_begin(log);
    struct tcg_event event;
    struct span digest;

    if (!tcg_log_has_bank(log, alg))
        return err_set(err, ERR_NOT_FOUND, "event log: it has no %s bank", digest_name(alg));
    pcr_bank_init(ret, alg);
    if (log->has_locality)
        pcr_bank_set_locality(ret, log->locality);

    while (tcg_log_next(&cursor, &event)) {
        if (!tcg_event_is_extended(&event))
            continue;
        if (!tcg_event_find_digest(&event, alg, &digest))
            return err_set(err, ERR_INPUT, "event log: event %zu at byte %zu has no %s digest",
                           event.number, event.offset, digest_name(alg));
        if (pcr_bank_extend(ret, event.index, digest, err) < 0)
            return err_wrap(err, "event log: event %zu at byte %zu", event.number, event.offset);
    }
    return 0;
}

bool tcg_event_is_extended(const struct tcg_event *event)
{
    return event->type != EV_NO_ACTION;
}

bool tcg_event_find_digest(const struct tcg_event *event, enum digest_alg alg, struct span *ret)
{
    uint16_t id = pcr_alg_to_tpm(alg);

    for (size_t i = 0; i < event->digest_count; i++) {
        if (event->digests[i].alg_id == id) {
            *ret = event->digests[i].value;
            return true;
        }
    }
    return false;
}

bool tcg_event_measures(const struct tcg_event *event, enum digest_alg alg, struct span bytes)
{
    uint8_t hash[DIGEST_SIZE_MAX];
    struct span digest;

    if (!tcg_event_find_digest(event, alg, &digest))
        return false;
    digest_of(alg, bytes, hash);
    return span_equal(digest, span_of(hash, digest.len));
}
