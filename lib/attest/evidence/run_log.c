#include "lib/attest/evidence/run_log.h"

#include "lib/base/text.h"

#include <string.h>

static const struct {
    const char *name;  /* in a record */
    const char *words; /* in messages */
} events[RUN_EVENT_COUNT] = {
    [RUN_CONFIG] = {"config", "a configuration"},
    [RUN_MANIFEST] = {"manifest", "a manifest"},
    [RUN_END] = {"end", "the end of a computation"},
};

void run_end_digest(const uint8_t manifest[static SHA256_SIZE], uint8_t out[static SHA256_SIZE])
{
    uint8_t text[sizeof(RUN_END_LABEL) - 1 + SHA256_SIZE];

    memcpy(text, RUN_END_LABEL, sizeof(RUN_END_LABEL) - 1);
    memcpy(text + sizeof(RUN_END_LABEL) - 1, manifest, SHA256_SIZE);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(text), out);
}

void run_log_add(struct buf *log, uint64_t recnum, enum run_event event,
                 const uint8_t digest[static SHA256_SIZE])
{
    char hex[2 * SHA256_SIZE + 1];

    text_hex(digest, SHA256_SIZE, hex);
    buf_printf(
        log,
        "{\"recnum\":%llu,\"pcr\":%d,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"%s\"}],"
        "\"content_type\":\"" RUN_CONTENT_TYPE "\",\"content\":{\"event\":\"%s\"}}\n",
        (unsigned long long)recnum, RUN_PCR, hex, events[event].name);
}

/* The order decides what a digest is, since the order is what PCR 15 proves; the label must agree.
 */
static enum run_event next_event(const struct run_log *run)
{
    if (!run->has_config)
        return RUN_CONFIG;
    return run->manifests == 0 || run->ended ? RUN_MANIFEST : RUN_END;
}

static int check_event(const struct cel_record *record, enum run_event expected, struct err *err)
{
    bool ours = strcmp(record->content_type, RUN_CONTENT_TYPE) == 0;
    const char *event = ours ? json_get_str(record->content, "event") : NULL;

    if (event != NULL && strcmp(event, events[expected].name) == 0)
        return 0;
    for (int i = 0; i < RUN_EVENT_COUNT; i++)
        if (event != NULL && strcmp(event, events[i].name) == 0)
            return err_set(err, ERR_INPUT, "run log: record %zu in PCR %d is %s where %s must be",
                           record->number, RUN_PCR, events[i].words, events[expected].words);
    return err_set(err, ERR_INPUT, "run log: record %zu in PCR %d is no %s", record->number,
                   RUN_PCR, events[expected].name);
}

static int take_end(struct run_log *run, const struct cel_record *record, struct span digest,
                    struct err *err)
{
    uint8_t end[SHA256_SIZE];

    run_end_digest(run->manifest, end);
    if (!span_equal(digest, SPAN_OF_ARRAY(end)))
        return err_set(err, ERR_INPUT,
                       "run log: record %zu in PCR %d ends another computation than the one before",
                       record->number, RUN_PCR);
    run->ended = true;
    return 0;
}

static int take_record(struct run_log *run, const struct cel_record *record, struct err *err)
{
    enum run_event expected = next_event(run);
    struct span digest;

    if (check_event(record, expected, err) < 0)
        return -1;
    if (!cel_record_find_digest(record, DIGEST_SHA256, &digest))
        return err_set(err, ERR_INPUT, "run log: record %zu has no sha256 digest", record->number);
    switch (expected) {
    case RUN_CONFIG:
        run->has_config = true;
        memcpy(run->config, digest.data, SHA256_SIZE);
        return 0;
    case RUN_MANIFEST:
        run->manifests++;
        run->ended = false;
        memcpy(run->manifest, digest.data, SHA256_SIZE);
        return 0;
    case RUN_END: return take_end(run, record, digest, err);
    case RUN_EVENT_COUNT: break;
    }
    return 0;
}

struct span run_log_manifest(const struct run_log *run)
{
    return span_of(run->manifest, run->manifests > 0 && !run->ended ? SHA256_SIZE : 0);
}

void run_registers_init(struct run_registers *registers)
{
    pcr_bank_init(&registers->pcrs, DIGEST_SHA256);
    pcr_bank_init_rtmr(&registers->rtmrs);
}

int run_registers_extend(struct run_registers *registers, struct span digest, struct err *err)
{
    uint8_t padded[SHA384_SIZE] = {0};

    if (pcr_bank_extend(&registers->pcrs, RUN_PCR, digest, err) < 0)
        return -1;
    memcpy(padded, digest.data, SHA256_SIZE);
    return pcr_bank_extend(&registers->rtmrs, RUN_RTMR, SPAN_OF_ARRAY(padded), err);
}

int run_log_read(struct span log, struct run_log *ret, struct err *err)
{
    struct cel_record record;
    struct run_registers registers;
    struct run_log run = {0};
    OWNED_CEL_LOG cel = {0};

    if (cel_log_open(log, &cel, err) < 0)
        return -1;
    run_registers_init(&registers);
    while (cel_log_next(&cel, &record)) {
        struct span digest;

        if (record.is_nv || record.index != RUN_PCR)
            continue;
        if (take_record(&run, &record, err) < 0 ||
            !cel_record_find_digest(&record, DIGEST_SHA256, &digest) ||
            run_registers_extend(&registers, digest, err) < 0)
            return -1;
    }
    if (cel_log_check(&cel, err) < 0)
        return -1;
    memcpy(run.pcr, registers.pcrs.value[RUN_PCR], SHA256_SIZE);
    memcpy(run.rtmr, registers.rtmrs.value[RUN_RTMR], SHA384_SIZE);
    *ret = run;
    return 0;
}
