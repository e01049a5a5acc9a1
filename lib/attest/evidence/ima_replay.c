/* Replaying a measurement list, apart from reading it (ima_log.c). */
#include "lib/attest/evidence/ima_log.h"

#include <string.h>

/* Only the first entry is the kernel's own summary of what booted it. */
static void note_aggregate(struct ima_replay *replay, const struct ima_entry *entry)
{
    const struct ima_fields *fields = &entry->fields;
    char alg[16] = "sha1";

    if (entry->number != 0 || entry->pcr != IMA_PCR ||
        !span_equal(fields->name, span_of_str("boot_aggregate")) ||
        fields->digest.len > sizeof(replay->aggregate) || fields->alg.len >= sizeof(alg))
        return;
    if (fields->alg.len > 0) {
        memcpy(alg, fields->alg.data, fields->alg.len);
        alg[fields->alg.len] = '\0';
    }
    replay->has_aggregate = true;
    replay->aggregate_computed = pcr_alg_of_name(alg, &replay->aggregate_alg);
    replay->aggregate_len = fields->digest.len;
    memcpy(replay->aggregate, fields->digest.data, fields->digest.len);
}

static int replay_entry(struct ima_replay *replay, const struct ima_entry *entry, struct err *err)
{
    enum digest_alg alg = replay->bank.alg;
    uint8_t digest[DIGEST_SIZE_MAX];

    ima_entry_digest(entry, alg, digest);
    if (pcr_bank_extend(&replay->bank, entry->pcr, span_of(digest, digest_size(alg)), err) < 0)
        return -1;
    note_aggregate(replay, entry);
    replay->entries++;
    if (entry->violation)
        replay->violations++;
    return 0;
}

int ima_log_replay(struct span in, enum digest_alg alg, struct ima_replay *ret, struct err *err)
{
    struct ima_replay replay = {0};
    struct ima_entry entry;
    OWNED_IMA_LOG log = {0};

    pcr_bank_init(&replay.bank, alg);
    if (ima_log_open(in, &log, err) < 0)
        return -1;
    while (ima_log_next(&log, &entry))
        if (replay_entry(&replay, &entry, err) < 0)
            return -1;
    if (ima_log_check(&log, err) < 0)
        return -1;
    *ret = replay;
    return 0;
}

int ima_log_match(struct span in, enum digest_alg alg, struct span quoted, struct ima_replay *ret,
                  struct err *err)
{
    struct ima_replay replay = {0};
    struct ima_entry entry;
    OWNED_IMA_LOG log = {0};
    bool found;

    pcr_bank_init(&replay.bank, alg);
    found = span_equal(pcr_bank_get(&replay.bank, IMA_PCR), quoted);
    if (found)
        *ret = replay;
    if (ima_log_open(in, &log, err) < 0)
        return -1;
    while (ima_log_next(&log, &entry)) {
        if (found)
            continue;
        if (replay_entry(&replay, &entry, err) < 0)
            return -1;
        found = span_equal(pcr_bank_get(&replay.bank, IMA_PCR), quoted);
        if (found)
            *ret = replay;
    }
    if (ima_log_check(&log, err) < 0)
        return -1;
    if (!found)
        return err_set(err, ERR_UNTRUSTED, "ima log: none of its %zu entries leads to PCR %d",
                       log.count, IMA_PCR);
    return 0;
}

static const struct pcr_bank *find_bank(const struct pcr_bank *banks, size_t count,
                                        enum digest_alg alg)
{
    for (size_t i = 0; i < count; i++)
        if (banks[i].alg == alg)
            return &banks[i];
    return NULL;
}

int ima_check_aggregate(const struct ima_replay *replay, const struct pcr_bank *banks,
                        size_t bank_count, struct err *err)
{
    static const uint32_t register_masks[] = {0x3ff, 0x0ff};
    const struct span aggregate = span_of(replay->aggregate, replay->aggregate_len);
    const struct pcr_bank *bank = find_bank(banks, bank_count, replay->aggregate_alg);
    uint8_t hash[DIGEST_SIZE_MAX];

    if (!replay->has_aggregate)
        return err_set(err, ERR_NOT_FOUND, "ima log: the first entry is no boot_aggregate");
    if (!replay->aggregate_computed || bank == NULL || (bank->set & 0x0ff) != 0x0ff)
        return err_set(err, ERR_NOT_FOUND,
                       "ima log: the registers behind boot_aggregate are not given");

    for (size_t i = 0; i < COUNT_OF(register_masks); i++) {
        struct pcr_selection all = {pcr_alg_to_tpm(bank->alg), register_masks[i]};

        if (pcr_selection_digest(&all, 1, bank, 1, bank->alg, hash, err) < 0)
            continue;
        if (span_equal(aggregate, span_of(hash, digest_size(bank->alg))))
            return 0;
    }
    return err_set(err, ERR_UNTRUSTED,
                   "ima log: boot_aggregate is not the hash over PCR 0 to 9, nor 0 to 7");
}
