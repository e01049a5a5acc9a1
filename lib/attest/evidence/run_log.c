#include "lib/attest/evidence/run_log.h"

#include "lib/base/text.h"

#include <string.h>

static const char *const event_names[] = {[RUN_CONFIG] = "config", [RUN_MANIFEST] = "manifest"};

void run_log_add(struct buf *log, uint64_t recnum, enum run_event event,
                 const uint8_t digest[static SHA256_SIZE])
{
    char hex[2 * SHA256_SIZE + 1];

    text_hex(digest, SHA256_SIZE, hex);
    buf_printf(
        log,
        "{\"recnum\":%llu,\"pcr\":%d,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"%s\"}],"
        "\"content_type\":\"" RUN_CONTENT_TYPE "\",\"content\":{\"event\":\"%s\"}}\n",
        (unsigned long long)recnum, RUN_PCR, hex, event_names[event]);
}

/* The order decides what a digest is, since the order is what PCR 15 proves; the label must agree.
 */
static int take_record(struct run_log *run, const struct cel_record *record, struct err *err)
{
    enum run_event expected = run->has_config ? RUN_MANIFEST : RUN_CONFIG;
    const char *event = json_get_str(record->content, "event");
    struct span digest;

    if (strcmp(record->content_type, RUN_CONTENT_TYPE) != 0 || event == NULL ||
        strcmp(event, event_names[expected]) != 0)
        return err_set(err, ERR_INPUT, "run log: record %zu in PCR %d is no %s", record->number,
                       RUN_PCR, event_names[expected]);
    if (!cel_record_find_digest(record, DIGEST_SHA256, &digest))
        return err_set(err, ERR_INPUT, "run log: record %zu has no sha256 digest", record->number);
    if (expected == RUN_CONFIG) {
        run->has_config = true;
        memcpy(run->config, digest.data, SHA256_SIZE);
    } else {
        run->manifests++;
        memcpy(run->manifest, digest.data, SHA256_SIZE);
    }
    return 0;
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
