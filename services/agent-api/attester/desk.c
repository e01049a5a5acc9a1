#include "services/agent-api/attester/desk.h"

#include "lib/attest/evidence/dice_chain.h"
#include "lib/attest/evidence/ima_log.h"
#include "services/agent-api/attester/logs.h"
#include "services/agent-api/attester/rtmr.h"

#include <string.h>

#define RUN_LOG_MAX (256 * KIB)
#define END_ROOM    KIB /* what is left for the end of a computation, in any case */
#define ATTEMPTS    3

/* The platform's word for the root of the DICE chain. It names a key and no moment, but a quote
 * names the registers too, so it is good for as long as they are the same. */
struct desk_root {
    bool present;
    enum bundle_type type;
    struct buf evidence;
    uint8_t spki_sha256[SHA256_SIZE];
    struct pcr_bank registers; /* with a TPM */
};

struct desk {
    struct desk_config config;

    bool register_used; /* ... before us */
    struct buf run_log;
    uint64_t records;
    bool has_config, has_manifest; /* a manifest, until its computation ends */
    uint8_t config_sha256[SHA256_SIZE], manifest_sha256[SHA256_SIZE];
    struct desk_root root;
};

/* --- life ------------------------------------------------------------------------------------ */

/* Somebody used our register: an agent before us, or something that the image should not hold. */
static bool is_register_used(struct tpm_device *tpm)
{
    const uint8_t zeros[SHA256_SIZE] = {0};
    struct pcr_bank bank;
    struct err unused;

    return tpm != NULL && (tpm_device_read(tpm, 1u << RUN_PCR, &bank, &unused) < 0 ||
                           !span_equal(pcr_bank_get(&bank, RUN_PCR), SPAN_OF_ARRAY(zeros)));
}

struct desk *desk_new(const struct desk_config *config)
{
    struct desk *desk = mem_new(struct desk);

    desk->config = *config;
    desk->run_log = BUF_OF(RUN_LOG_MAX);
    desk->root.evidence = BUF_OF(ATTESTER_ITEM_MAX);
    desk->register_used = is_register_used(config->places.tpm);
    return desk;
}

void desk_free(struct desk *desk)
{
    if (desk == NULL)
        return;
    buf_done(&desk->run_log);
    buf_done(&desk->root.evidence);
    free(desk);
}

static int check_register(const struct desk *desk, struct err *err)
{
    if (!desk->register_used)
        return 0;
    return err_set(err, ERR_UNAVAILABLE,
                   "PCR %d was used before this agent started, so it proves nothing of it; the "
                   "machine must be started anew",
                   RUN_PCR);
}

/* --- measuring ------------------------------------------------------------------------------- */

/* PCR 15; without a TPM, on TDX, RTMR 3 where the kernel lets us. */
static int extend(const struct desk *desk, const uint8_t digest[static SHA256_SIZE],
                  struct err *err)
{
    bool done;

    if (desk->config.places.tpm != NULL)
        return tpm_device_extend(desk->config.places.tpm, RUN_PCR, digest, err);
    if (desk->config.attesters[0] != &attester_tdx)
        return 0;
    return rtmr_extend(desk->config.sysfs, digest, &done, err);
}

/* The register first: a record of what it does not hold would make all later evidence void. */
static int measure(struct desk *desk, enum run_event event,
                   const uint8_t digest[static SHA256_SIZE], struct err *err)
{
    if (check_register(desk, err) < 0 || extend(desk, digest, err) < 0)
        return err_wrap(err, "measure");
    run_log_add(&desk->run_log, desk->records++, event, digest);
    desk->root.present = false;
    return 0;
}

int desk_measure_config(struct desk *desk, const uint8_t digest[static SHA256_SIZE],
                        struct err *err)
{
    if (desk->has_config)
        return err_set(err, ERR_STATE, "measure: the configuration was measured already");
    if (measure(desk, RUN_CONFIG, digest, err) < 0)
        return -1;
    memcpy(desk->config_sha256, digest, SHA256_SIZE);
    desk->has_config = true;
    return 0;
}

static int check_manifest(const struct desk *desk, struct err *err)
{
    if (!desk->has_config)
        return err_set(err, ERR_STATE, "measure: a manifest comes after the configuration");
    if (desk->has_manifest)
        return err_set(err, ERR_STATE, "measure: a computation must end before the next manifest");
    if (desk->run_log.len > RUN_LOG_MAX - 2 * END_ROOM)
        return err_set(err, ERR_TOO_LARGE,
                       "measure: the run log is full; the machine must be started anew");
    return 0;
}

int desk_measure_manifest(struct desk *desk, const uint8_t digest[static SHA256_SIZE],
                          struct err *err)
{
    if (check_register(desk, err) < 0 || check_manifest(desk, err) < 0 ||
        measure(desk, RUN_MANIFEST, digest, err) < 0)
        return -1;
    memcpy(desk->manifest_sha256, digest, SHA256_SIZE);
    desk->has_manifest = true;
    return 0;
}

int desk_measure_end(struct desk *desk, struct err *err)
{
    uint8_t digest[SHA256_SIZE];

    if (!desk->has_manifest)
        return 0;
    run_end_digest(desk->manifest_sha256, digest);
    if (measure(desk, RUN_END, digest, err) < 0)
        return -1;
    desk->has_manifest = false;
    return 0;
}

int desk_read_register(const struct desk *desk, uint8_t out[static SHA256_SIZE], struct err *err)
{
    struct run_log run;

    memset(out, 0, SHA256_SIZE);
    if (desk->records == 0)
        return 0;
    if (run_log_read(buf_span(&desk->run_log), &run, err) < 0)
        return -1;
    memcpy(out, run.pcr, SHA256_SIZE);
    return 0;
}

/* --- answering ------------------------------------------------------------------------------- */

static bool is_wanted(const struct desk_question *question, enum bundle_type type)
{
    return question->types == 0 || (question->types >> type & 1) != 0;
}

static int check_wanted(const struct desk *desk, const struct desk_question *question,
                        struct err *err)
{
    unsigned there = 0;

    for (size_t i = 0; i < DESK_ATTESTERS_MAX && desk->config.attesters[i] != NULL; i++)
        there |= 1u << desk->config.attesters[i]->type;
    if (there == 0)
        return err_set(err, ERR_UNSUPPORTED, "nothing here can say what this machine is");
    if (question->chain.len > 0)
        there |= 1u << BUNDLE_DICE;
    for (unsigned type = 0; type < BUNDLE_TYPE_COUNT; type++)
        if ((question->types & ~there) >> type & 1)
            return err_set_at(err, ERR_UNSUPPORTED, "/evidence",
                              "there is no evidence of type %s "
                              "here",
                              bundle_type_names[type]);
    return 0;
}

struct logs {
    struct buf tcg, ima;
};

static void logs_done(struct logs *logs)
{
    buf_done(&logs->tcg);
    buf_done(&logs->ima);
}
#define OWNED_LOGS __attribute__((cleanup(logs_done))) struct logs

static void complete_transcript(const struct desk *desk, const struct transcript_logs *logs,
                                struct transcript *transcript)
{
    uint8_t digest[SHA256_SIZE];

    if (desk->has_config)
        transcript_set(transcript, TRANSCRIPT_CONFIG, desk->config_sha256);
    if (desk->has_manifest)
        transcript_set(transcript, TRANSCRIPT_MANIFEST, desk->manifest_sha256);
    if (desk->config.places.tpm != NULL) {
        digest_of(DIGEST_SHA256, tpm_device_ak(desk->config.places.tpm), digest);
        transcript_set(transcript, TRANSCRIPT_AK, digest);
    }
    transcript_hash_logs(logs, digest);
    transcript_set(transcript, TRANSCRIPT_LOGS, digest);
}

static int add_item(const struct desk *desk, const struct attester *attester, struct bundle *bundle,
                    struct err *err)
{
    struct span transcript = bundle_span(&bundle->transcript);
    OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;
    uint8_t report_data[SHA512_SIZE];

    transcript_report_data(transcript, report_data);
    if (attester->ask(&desk->config.places, report_data, &answer, err) < 0 ||
        buf_check(&answer.item, bundle_type_names[attester->type], err) < 0 ||
        buf_check(&answer.svsm_manifest, "the SVSM's manifest", err) < 0)
        return -1;
    if (answer.svsm_manifest.len > 0 &&
        bundle_set_svsm(bundle, buf_span(&answer.svsm_manifest), err) < 0)
        return -1;
    return bundle_add(bundle, attester->type, buf_span(&answer.item), err);
}

/* --- the chain ------------------------------------------------------------------------------- */

static bool same_registers(const struct pcr_bank *a, const struct pcr_bank *b)
{
    for (unsigned i = 0; i < PCR_COUNT; i++)
        if ((TPM_QUOTED_PCRS >> i & 1) != 0 && !span_equal(pcr_bank_get(a, i), pcr_bank_get(b, i)))
            return false;
    return true;
}

static bool root_is_known(const struct desk_root *root, const struct desk_root *present)
{
    return root->present &&
           span_equal(SPAN_OF_ARRAY(root->spki_sha256), SPAN_OF_ARRAY(present->spki_sha256)) &&
           same_registers(&root->registers, &present->registers);
}

/* The first attester whose word is about this guest: beside an SVSM the report is the SVSM's. */
static int ask_root(const struct desk *desk, const uint8_t report_data[static SHA512_SIZE],
                    struct desk_root *root, struct err *err)
{
    for (size_t i = 0; i < DESK_ATTESTERS_MAX && desk->config.attesters[i] != NULL; i++) {
        const struct attester *attester = desk->config.attesters[i];
        OWNED_ATTESTER_ANSWER answer = ATTESTER_ANSWER;

        if (attester->ask(&desk->config.places, report_data, &answer, err) < 0)
            return -1;
        if (answer.svsm_manifest.len > 0)
            continue;
        root->type = attester->type;
        buf_reset(&root->evidence);
        buf_add_span(&root->evidence, buf_span(&answer.item));
        return buf_check(&root->evidence, "the root's evidence", err);
    }
    return err_set(err, ERR_UNSUPPORTED, "nothing here can vouch for the root of a chain");
}

static int renew_root(struct desk *desk, const struct key *key, struct err *err)
{
    struct tpm_device *tpm = desk->config.places.tpm;
    struct desk_root present = {.present = true};
    uint8_t report_data[SHA512_SIZE];

    key_identity(key, present.spki_sha256);
    pcr_bank_init(&present.registers, DIGEST_SHA256);
    if (tpm != NULL && tpm_device_read(tpm, TPM_QUOTED_PCRS, &present.registers, err) < 0)
        return -1;
    if (root_is_known(&desk->root, &present))
        return 0;
    dice_root_report_data(key, report_data);
    desk->root.present = false;
    if (ask_root(desk, report_data, &desk->root, err) < 0)
        return -1;
    memcpy(desk->root.spki_sha256, present.spki_sha256, SHA256_SIZE);
    desk->root.registers = present.registers;
    desk->root.present = true;
    return 0;
}

static int add_chain(struct desk *desk, const struct desk_question *question, struct bundle *bundle,
                     struct err *err)
{
    OWNED_BUF chain = BUF_OF(2 * ATTESTER_ITEM_MAX);

    if (question->chain.len == 0 || !is_wanted(question, BUNDLE_DICE))
        return 0;
    if (renew_root(desk, question->root, err) < 0 ||
        dice_chain_endorse(question->chain, desk->root.type, buf_span(&desk->root.evidence), &chain,
                           err) < 0)
        return err_wrap(err, "DICE");
    return bundle_add(bundle, BUNDLE_DICE, buf_span(&chain), err);
}

/* --- the bundle ------------------------------------------------------------------------------ */

static int add_endorsement(const struct desk *desk, struct bundle *bundle, struct err *err)
{
    const struct tpm_device *tpm = desk->config.places.tpm;

    if (tpm == NULL)
        return 0;
    return bundle_set_endorsement(bundle, tpm_device_ek(tpm), tpm_device_ek_certificate(tpm), err);
}

static int fill_bundle(struct desk *desk, const struct desk_question *question,
                       const struct transcript_logs *logs, struct bundle *bundle, struct err *err)
{
    struct transcript transcript = question->transcript;
    const struct transcript_logs run = {.cel = logs->cel};

    complete_transcript(desk, transcript.kind == TRANSCRIPT_LEGACY ? &run : logs, &transcript);
    if (bundle_set_transcript(bundle, &transcript, err) < 0 ||
        bundle_set_logs(bundle, logs, err) < 0 || add_endorsement(desk, bundle, err) < 0)
        return -1;
    for (size_t i = 0; i < DESK_ATTESTERS_MAX && desk->config.attesters[i] != NULL; i++)
        if (is_wanted(question, desk->config.attesters[i]->type) &&
            add_item(desk, desk->config.attesters[i], bundle, err) < 0)
            return -1;
    return add_chain(desk, question, bundle, err);
}

/* The kernel may measure something between the reading of its list and the quote, which then covers
 * more than the list tells: *ret_whole says that it did not. */
static int answer_once(struct desk *desk, const struct desk_question *question, struct buf *out,
                       bool *ret_whole, struct err *err)
{
    OWNED_LOGS before = {BUF_OF(LOGS_TCG_MAX), BUF_OF(LOGS_IMA_MAX)};
    OWNED_LOGS after = {BUF_OF(LOGS_TCG_MAX), BUF_OF(LOGS_IMA_MAX)};
    OWNED_BUNDLE bundle = {.version = 0};
    struct transcript_logs logs = {.cel = buf_span(&desk->run_log)};

    bundle_init(&bundle);
    if (logs_read(desk->config.sysfs, &before.tcg, &before.ima, err) < 0)
        return -1;
    logs.tcg = buf_span(&before.tcg);
    logs.ima = buf_span(&before.ima);
    if (fill_bundle(desk, question, &logs, &bundle, err) < 0 ||
        logs_read(desk->config.sysfs, &after.tcg, &after.ima, err) < 0)
        return -1;
    *ret_whole = before.ima.len == after.ima.len;
    return *ret_whole ? bundle_write(&bundle, out, err) : 0;
}

static int answer(struct desk *desk, const struct desk_question *question, struct buf *out,
                  struct err *err)
{
    bool whole = false;

    if (check_wanted(desk, question, err) < 0 || check_register(desk, err) < 0)
        return -1;
    for (int i = 0; i < ATTEMPTS && !whole; i++)
        if (answer_once(desk, question, out, &whole, err) < 0)
            return -1;
    if (!whole)
        return err_set(err, ERR_UNAVAILABLE, "the kernel measures without a pause; ask again");
    return 0;
}

int desk_ask(struct desk *desk, const struct desk_question *question, struct buf *out,
             struct err *err)
{
    return answer(desk, question, out, err) < 0 ? err_wrap(err, "evidence") : 0;
}

int desk_activate(struct desk *desk, struct span blob, struct span encrypted, struct buf *secret,
                  struct err *err)
{
    if (desk->config.places.tpm == NULL)
        return err_set(err, ERR_UNSUPPORTED, "there is no TPM here that could be challenged");
    return tpm_device_activate(desk->config.places.tpm, blob, encrypted, secret, err);
}

int desk_read_ima(struct desk *desk, struct buf *ima, struct desk_ima *ret, struct err *err)
{
    struct tpm_device *tpm = desk->config.places.tpm;

    pcr_bank_init(&ret->sha256, DIGEST_SHA256);
    pcr_bank_init(&ret->sha1, DIGEST_SHA1);
    if (tpm != NULL && (tpm_device_read(tpm, 1u << IMA_PCR, &ret->sha256, err) < 0 ||
                        tpm_device_read_sha1(tpm, IMA_PCR, &ret->sha1, err) < 0))
        return -1;
    return logs_read_ima(desk->config.sysfs, ima, err);
}
