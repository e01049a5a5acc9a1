#include "lib/attest/replay.h"

#include "lib/attest/evidence/ccel.h"
#include "lib/attest/evidence/cel.h"
#include "lib/attest/evidence/ima_log.h"

#include <stdio.h>

static struct json *registers_json(const struct pcr_bank *bank, uint32_t mask)
{
    struct json *registers = json_new_object();
    char key[8];

    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if ((mask >> i & 1) == 0)
            continue;
        snprintf(key, sizeof(key), "%u", i);
        json_set_hex(registers, key, pcr_bank_get(bank, i));
    }
    return registers;
}

/* A TCG log begins with a register number, whose first byte is no character of JSON. */
static bool looks_like_json(struct span log)
{
    return log.len > 0 && (log.data[0] == '{' || log.data[0] == '[' || log.data[0] == 0x1e);
}

int replay_event_log(struct span log, enum digest_alg alg, struct json **ret, struct err *err)
{
    OWNED_JSON *result = NULL;
    struct pcr_bank bank;
    struct tcg_log tcg;

    if (looks_like_json(log)) {
        if (cel_log_replay(log, alg, &bank, err) < 0)
            return -1;
    } else if (tcg_log_parse(log, &tcg, err) < 0 || tcg_log_replay(&tcg, alg, &bank, err) < 0) {
        return -1;
    }
    result = json_new_object();
    json_set(result, "pcrs", registers_json(&bank, bank.set));
    *ret = GIVE(result);
    return 0;
}

int replay_ccel(struct span log, struct json **ret, struct err *err)
{
    OWNED_JSON *result = NULL;
    struct pcr_bank bank;
    struct tcg_log ccel;

    if (ccel_parse(log, &ccel, err) < 0 || ccel_replay(&ccel, &bank, err) < 0)
        return -1;
    result = json_new_object();
    json_set(result, "rtmrs", registers_json(&bank, (1u << RTMR_COUNT) - 1));
    *ret = GIVE(result);
    return 0;
}

int replay_ima(struct span log, struct json **ret, struct err *err)
{
    OWNED_JSON *result = NULL;
    struct ima_replay replay;

    if (ima_log_replay(log, DIGEST_SHA256, &replay, err) < 0)
        return -1;
    result = json_new_object();
    json_set_hex(result, "pcr10", pcr_bank_get(&replay.bank, IMA_PCR));
    json_set_int(result, "entries", (int64_t)replay.entries);
    json_set_int(result, "violations", (int64_t)replay.violations);
    if (replay.has_aggregate)
        json_set_hex(result, "boot_aggregate", span_of(replay.aggregate, replay.aggregate_len));
    else
        json_set_str(result, "boot_aggregate", NULL);
    *ret = GIVE(result);
    return 0;
}
