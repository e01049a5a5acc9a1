#include "lib/attest/vtpm_proof.h"

#include "lib/attest/evidence/cel.h"
#include "lib/attest/vtpm_replay.h"

/* --- quotes ---------------------------------------------------------------------------------- */

static bool prove_signature(const struct vtpm *vtpm, const struct vtpm_quote *quote,
                            struct verdict *verdict)
{
    struct err err;

    if (tpm_quote_check_signature(&quote->quote, &quote->signature, vtpm->ak, &err) < 0) {
        verdict_add_err(verdict, FINDING_TPM_SIGNATURE, &err);
        return false;
    }
    verdict_pass(verdict, FINDING_TPM_SIGNATURE);
    return true;
}

/* The registers as they were given, or as the logs give them. */
static int find_registers(const struct vtpm_quote *quote, const struct vtpm_logs *logs,
                          struct pcr_bank *ret, struct err *err)
{
    if (!quote->has_bank)
        return vtpm_rebuild(quote, logs, ret, err);
    *ret = quote->bank;
    return tpm_quote_check_registers(&quote->quote, &quote->signature, ret, 1, err);
}

static bool prove_registers(const struct vtpm_quote *quote, const struct vtpm_logs *logs,
                            struct verdict *verdict, struct vtpm_proof *proof)
{
    struct pcr_bank *bank = &proof->banks[proof->bank_count];
    struct err err;

    if (find_registers(quote, logs, bank, &err) < 0) {
        verdict_add_err(verdict, FINDING_TPM_REGISTERS, &err);
        return false;
    }
    verdict_pass(verdict, FINDING_TPM_REGISTERS);
    bank->set &= tpm_quote_covers(&quote->quote, bank->alg);
    return true;
}

/* Restricted is what keeps a key from signing a quote that somebody else wrote. A key that came
 * without its attributes is vouched for by whoever names it. */
static bool prove_key(const struct vtpm *vtpm, struct verdict *verdict)
{
    struct err err;

    if (!vtpm->has_public)
        return true;
    if (tpm_public_check_attester(&vtpm->ak_public, &err) < 0) {
        verdict_add_err(verdict, FINDING_TPM_AK_ATTRIBUTES, &err);
        return false;
    }
    verdict_pass(verdict, FINDING_TPM_AK_ATTRIBUTES);
    return true;
}

/* A machine that was started anew between two quotes is another one: the registers of both together
 * are those of none. */
static bool prove_one_boot(const struct vtpm *vtpm, struct verdict *verdict)
{
    const struct tpm_quote *first = &vtpm->quotes[0].quote;

    for (size_t i = 1; i < vtpm->quote_count; i++) {
        const struct tpm_quote *quote = &vtpm->quotes[i].quote;
        struct finding *finding = verdict_check(verdict, FINDING_TPM_RESTARTED,
                                                quote->reset_count == first->reset_count &&
                                                    quote->restart_count == first->restart_count);

        if (finding == NULL)
            continue;
        finding_expect(finding, "resets %u, restarts %u", first->reset_count, first->restart_count);
        finding_got(finding, "resets %u, restarts %u", quote->reset_count, quote->restart_count);
        return false;
    }
    return true;
}

static void prove_quotes(const struct vtpm *vtpm, const struct vtpm_logs *logs,
                         struct verdict *verdict, struct vtpm_proof *proof)
{
    bool one_boot = prove_one_boot(vtpm, verdict);

    proof->sound = prove_key(vtpm, verdict) && one_boot;
    for (size_t i = 0; i < vtpm->quote_count; i++) {
        const struct vtpm_quote *quote = &vtpm->quotes[i];
        bool signed_by_ak = prove_signature(vtpm, quote, verdict);
        bool over_these = prove_registers(quote, logs, verdict, proof);

        if (signed_by_ak && over_these)
            proof->bank_count++;
        else
            proof->sound = false;
    }
}

bool vtpm_proof_find(const struct vtpm_proof *proof, enum digest_alg bank, unsigned index,
                     const struct json_strings *unlike, struct span *ret)
{
    bool found = false;

    for (size_t i = 0; i < proof->bank_count; i++) {
        struct span value = pcr_bank_get(&proof->banks[i], index);

        if (proof->banks[i].alg != bank || !pcr_bank_has(&proof->banks[i], index))
            continue;
        if (!found || (unlike != NULL && !policy_allows_hex(unlike, value)))
            *ret = value;
        found = true;
    }
    return found;
}

/* --- logs ------------------------------------------------------------------------------------ */

static const char *const tcg_name = "event log";
static const char *const cel_name = "canonical event log";
static const char *const ima_name = "IMA list";

static void add_malformed(struct verdict *verdict, const char *name, const struct err *err)
{
    struct finding *finding = verdict_add(verdict, FINDING_TPM_LOG_FORM);

    finding_subject(finding, "%s", name);
    finding_got(finding, "%s", err->text);
}

static void add_unproven(struct verdict *verdict, const char *name, uint32_t registers)
{
    struct finding *finding = verdict_add(verdict, FINDING_TPM_LOG_UNPROVEN);
    OWNED_BUF list = BUF_OF(256);

    for (unsigned i = 0; i < PCR_COUNT; i++)
        if ((registers >> i & 1) != 0)
            buf_printf(&list, "%s%u", list.len > 0 ? ", " : "PCR ", i);
    finding_subject(finding, "%s", buf_str(&list));
    finding_got(finding, "%s: %s", name, buf_str(&list));
}

static void add_mismatch(struct verdict *verdict, const char *name, unsigned index,
                         struct span quoted, struct span replayed)
{
    struct finding *finding = verdict_add(verdict, FINDING_TPM_LOG);

    finding_subject(finding, "%s, PCR %u,", name, index);
    finding_expect_hex(finding, quoted);
    finding_got_hex(finding, replayed);
}

/* The firmware's registers must be what the log says. Later ones may have been extended by what
 * wrote no log that we have: they stay unproven. */
static bool judge_replay(const struct vtpm_replay *replay, struct verdict *verdict)
{
    bool good = true;

    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if ((replay->contradicted >> i & 1) == 0 || i >= PCR_FIRMWARE_COUNT)
            continue;
        add_mismatch(verdict, tcg_name, i, pcr_bank_get(replay->quoted, i),
                     pcr_bank_get(&replay->firmware, i));
        good = false;
    }
    return good;
}

static void read_facts(const struct tcg_log *log, const struct vtpm_replay *replay,
                       struct verdict *verdict, struct vtpm_proof *proof)
{
    uint32_t unproven = replay->firmware.set & ~replay->proven;
    struct err err;

    if (boot_facts_read(log, BOOT_PCR, replay->quoted->alg, replay->proven, &proof->boot, &err) <
        0) {
        verdict_add_err(verdict, FINDING_TPM_LOG_FACTS, &err);
        return;
    }
    proof->has_boot = true;
    proof->boot_bank = replay->quoted->alg;
    proof->boot_proven = replay->proven;
    if (unproven != 0)
        add_unproven(verdict, tcg_name, unproven);
}

/* Every bank that is quoted must agree; the facts are taken from the first, strongest one. */
static void prove_boot(const struct vtpm_logs *logs, struct verdict *verdict,
                       struct vtpm_proof *proof)
{
    static const enum digest_alg order[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512,
                                            DIGEST_SHA1};
    bool good = true, replayed = false;
    struct tcg_log log;
    struct err err;

    if (tcg_log_parse(logs->tcg, &log, &err) < 0) {
        add_malformed(verdict, tcg_name, &err);
        return;
    }
    for (size_t a = 0; a < COUNT_OF(order); a++) {
        for (size_t i = 0; i < proof->bank_count; i++) {
            struct vtpm_replay replay;

            if (proof->banks[i].alg != order[a] || !tcg_log_has_bank(&log, order[a]))
                continue;
            if (vtpm_replay(&log, logs->cel, &proof->banks[i], &replay, &err) < 0) {
                add_malformed(verdict, tcg_name, &err);
                return;
            }
            replayed = true;
            good = judge_replay(&replay, verdict) && good;
            if (good && !proof->has_boot)
                read_facts(&log, &replay, verdict, proof);
        }
    }
    if (!good)
        proof->has_boot = false;
    else if (replayed)
        verdict_pass(verdict, FINDING_TPM_LOG);
    else
        add_unproven(verdict, tcg_name, (1u << PCR_FIRMWARE_COUNT) - 1);
}

static const struct pcr_bank *find_covering(const struct vtpm_proof *proof, unsigned index)
{
    static const enum digest_alg order[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};

    for (size_t a = 0; a < COUNT_OF(order); a++)
        for (size_t i = 0; i < proof->bank_count; i++)
            if (proof->banks[i].alg == order[a] && pcr_bank_has(&proof->banks[i], index))
                return &proof->banks[i];
    return NULL;
}

static void prove_ima(struct span list, struct verdict *verdict, struct vtpm_proof *proof)
{
    const struct pcr_bank *bank = find_covering(proof, IMA_PCR);
    struct finding *finding;
    struct err err;

    if (bank == NULL) {
        add_unproven(verdict, ima_name, 1u << IMA_PCR);
        return;
    }
    if (ima_log_match(list, bank->alg, pcr_bank_get(bank, IMA_PCR), &proof->ima, &err) < 0) {
        if (err.kind != ERR_UNTRUSTED) {
            add_malformed(verdict, ima_name, &err);
            return;
        }
        finding = verdict_add(verdict, FINDING_TPM_LOG);
        finding_subject(finding, "%s", ima_name);
        finding_expect_hex(finding, pcr_bank_get(bank, IMA_PCR));
        finding_got(finding, "%s", err.text);
        return;
    }
    proof->has_ima = true;
    verdict_pass(verdict, FINDING_TPM_LOG);
    if (ima_check_aggregate(&proof->ima, proof->banks, proof->bank_count, &err) == 0)
        verdict_pass(verdict, FINDING_TPM_IMA_AGGREGATE);
    else if (err.kind == ERR_UNTRUSTED)
        verdict_add_err(verdict, FINDING_TPM_IMA_AGGREGATE, &err);
}

static void prove_run(struct span cel, struct verdict *verdict, struct vtpm_proof *proof)
{
    struct run_log run;
    struct span quoted;
    struct err err;

    if (run_log_read(cel, &run, &err) < 0) {
        add_malformed(verdict, cel_name, &err);
        return;
    }
    if (!run.has_config)
        return;
    if (!vtpm_proof_find(proof, DIGEST_SHA256, RUN_PCR, NULL, &quoted)) {
        add_unproven(verdict, cel_name, 1u << RUN_PCR);
        return;
    }
    if (!span_equal(quoted, SPAN_OF_ARRAY(run.pcr))) {
        add_mismatch(verdict, cel_name, RUN_PCR, quoted, SPAN_OF_ARRAY(run.pcr));
        return;
    }
    verdict_pass(verdict, FINDING_TPM_LOG);
    proof->has_run = true;
    proof->run = run;
}

void vtpm_prove(const struct vtpm *vtpm, const struct vtpm_logs *logs, struct verdict *verdict,
                struct vtpm_proof *ret)
{
    *ret = (struct vtpm_proof){0};
    prove_quotes(vtpm, logs, verdict, ret);
    if (logs->tcg.len > 0)
        prove_boot(logs, verdict, ret);
    if (logs->ima.len > 0)
        prove_ima(logs->ima, verdict, ret);
    if (logs->cel.len > 0)
        prove_run(logs->cel, verdict, ret);
}
