#include "lib/attest/bundle_case.h"

#include "lib/attest/dice_use.h"
#include "lib/attest/evidence/svsm.h"
#include "lib/attest/transcript_case.h"
#include "lib/base/text.h"

#define VMPL_OFFSET 0x30 /* in a report: AMD 56860, ATTESTATION_REPORT */

bool bundle_case_detect(struct span evidence)
{
    return bundle_detect(evidence);
}

/* In the order in which they are looked at. */
static const struct {
    enum bundle_type type;
    enum attest_format format;
    enum attest_kind kind;
    bool roots;    /* vouches for what the transcript says */
    bool platform; /* ... and for the TPM's key in it */
    bool shows_run;
} rows[] = {
    {BUNDLE_SNP, ATTEST_SNP, KIND_SNP, true, true, false},
    {BUNDLE_TDX, ATTEST_TDX, KIND_TDX, true, true, true},
    {BUNDLE_SIM, ATTEST_SIM, KIND_SIM, true, true, false},
    {BUNDLE_VTPM, ATTEST_TPM_PB, KIND_VTPM, true, false, true},
    {BUNDLE_DICE, ATTEST_DICE, KIND_DICE, false, false, false},
};

enum attest_format bundle_format_of(enum bundle_type type)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].type == type)
            return rows[i].format;
    return ATTEST_AUTO;
}

static const struct bundle_item *find_item(const struct bundle *bundle, enum bundle_type type)
{
    for (size_t i = 0; i < bundle_count(bundle); i++)
        if (bundle_at(bundle, i)->type == type)
            return bundle_at(bundle, i);
    return NULL;
}

/* What an item of a platform must carry, and which key it binds then. */
struct tie {
    uint8_t demand[SHA512_SIZE];
    bool has_key, guests_word;
    uint8_t key[SHA256_SIZE];
};

/* The guest chose what the SVSM signed, so the attestation key in the transcript is its word alone;
 * the manifest is the SVSM's, and names the endorsement key. A credential challenge leads on. */
static bool tie_to_svsm(struct attest_case *c, const struct bundle *bundle,
                        const struct bundle_item *item, struct tie *tie)
{
    struct span manifest = bundle_span(&bundle->endorsement.svsm_manifest);
    struct reader vmpl =
        reader_of(span_part(bundle_span(&item->data), VMPL_OFFSET, item->data.len));
    struct tpm_public ek;
    struct err err;

    if (svsm_find_ek(manifest, &ek, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_SVSM_FORM, &err);
        return false;
    }
    svsm_report_data(SPAN_OF_ARRAY(tie->demand), manifest, tie->demand);
    digest_of(DIGEST_SHA256, ek.raw, tie->key);
    tie->has_key = true;
    return verdict_check(c->verdict, FINDING_SVSM_VMPL, read_le32(&vmpl) == 0) == NULL;
}

/* False, with a finding, when nothing that the item says could bind a key. */
static bool find_tie(struct attest_case *c, const struct bundle *bundle,
                     const struct bundle_item *item, struct tie *tie)
{
    if (item->type == BUNDLE_SNP && bundle->endorsement.svsm_manifest.len > 0)
        return tie_to_svsm(c, bundle, item, tie);
    tie->has_key = c->transcript->has[TRANSCRIPT_AK];
    tie->guests_word = true;
    memcpy(tie->key, c->transcript->value[TRANSCRIPT_AK], SHA256_SIZE);
    return true;
}

/* Checks what is there, and binds what it proves. True when the transcript is vouched for. */
static bool check_items(struct attest_case *c, const struct bundle *bundle,
                        const uint8_t report_data[static SHA512_SIZE])
{
    bool vouched = false, present = false;

    c->logs_are_tpms = find_item(bundle, BUNDLE_VTPM) != NULL;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct bundle_item *item = find_item(bundle, rows[i].type);
        struct tie tie = {.has_key = false};
        bool good;

        if (item == NULL)
            continue;
        memcpy(tie.demand, report_data, sizeof(tie.demand));
        good = find_tie(c, bundle, item, &tie);
        good = case_check_within(c, rows[i].format, bundle_span(&item->data), tie.demand) && good;
        present = present || rows[i].roots;
        vouched = vouched || (rows[i].roots && good);
        if (good && rows[i].platform && tie.has_key)
            (tie.guests_word ? case_bind_guests_key : case_bind_key)(c, rows[i].kind, tie.key);
    }
    c->logs_are_tpms = false;
    if (!present)
        finding_got(verdict_add(c->verdict, FINDING_BUNDLE_UNSIGNED), "none");
    return vouched;
}

static bool run_is_shown(const struct bundle *bundle)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].shows_run && find_item(bundle, rows[i].type) != NULL)
            return true;
    return false;
}

/* The caller's questions were answered by the transcript; what is left for the items is to carry
 * it. Logs of the bundle stand in for the caller's. */
static struct attest_input within(const struct attest_input *in, const struct transcript_logs *logs)
{
    struct attest_input inner = *in;

    inner.nonce = inner.report_data = inner.signature = inner.svsm_manifest = span_of(NULL, 0);
    inner.channel = NULL;
    if (logs->tcg.len > 0)
        inner.tcg_log = logs->tcg;
    if (logs->ima.len > 0)
        inner.ima_log = logs->ima;
    if (logs->cel.len > 0)
        inner.cel_log = logs->cel;
    return inner;
}

static int find_computation(const struct attest_case *c, const struct bundle *bundle,
                            struct err *err)
{
    if (dice_use_check_computation(bundle, err) < 0)
        return -1;
    return c->dice_proven ? 0 : err_set(err, ERR_UNTRUSTED, "its DICE chain does not hold");
}

/* The machine computes the manifest, but is it the computation that answers? The platform vouches
 * for every process of the agent alike; whose key it is, the layer that certified it says. What a
 * caller of the first agents' protocol gets has no chain: it is for no connection, so that nobody
 * relies on a key of it. */
static void judge_key(struct attest_case *c, const struct bundle *bundle)
{
    char manifest[2 * SHA256_SIZE + 1];
    struct finding *finding;
    struct err err;

    if (c->policy == NULL || !c->policy->manifest_sha256.present ||
        c->transcript->kind == TRANSCRIPT_LEGACY)
        return;
    if (find_computation(c, bundle, &err) == 0) {
        verdict_pass(c->verdict, FINDING_DICE_COMPUTATION);
        return;
    }
    text_hex(c->policy->manifest_sha256.data, SHA256_SIZE, manifest);
    finding = verdict_add(c->verdict, FINDING_DICE_COMPUTATION);
    finding_expect(finding, "a key that the layer of %s certified", manifest);
    finding_got(finding, "%s", err.text);
}

static void check(struct attest_case *c, const struct bundle *bundle,
                  const struct transcript *transcript)
{
    struct transcript_logs logs = bundle_get_logs(bundle);
    const struct attest_input *outer = c->in;
    struct attest_input inner = within(outer, &logs);
    uint8_t report_data[SHA512_SIZE];
    bool whole, vouched;

    transcript_report_data(bundle_span(&bundle->transcript), report_data);
    c->in = &inner;
    c->transcript = transcript;
    whole = transcript_case_check_logs(c, transcript, &logs);
    vouched = check_items(c, bundle, report_data);
    if (!run_is_shown(bundle))
        transcript_case_judge_run(c, logs.cel);
    judge_key(c, bundle);
    c->transcript = NULL;
    c->in = outer;
    if (whole && vouched)
        verdict_prove_item(c->verdict);
    if (c->policy != NULL)
        verdict_appraise_item(c->verdict);
}

void bundle_case_check_read(struct attest_case *c, const struct bundle *bundle)
{
    struct transcript transcript;

    verdict_open_item(c->verdict);
    verdict_pass(c->verdict, FINDING_BUNDLE_FORM);
    if (transcript_case_open(c, bundle_span(&bundle->transcript), &transcript))
        check(c, bundle, &transcript);
}

void bundle_case_check(struct attest_case *c, struct span evidence)
{
    OWNED_BUNDLE bundle = {0};
    struct err err;

    if (bundle_parse(evidence, &bundle, &err) == 0) {
        bundle_case_check_read(c, &bundle);
        return;
    }
    if (err.pointer[0] != '\0')
        err_wrap(&err, "%s", err.pointer);
    verdict_open_item(c->verdict);
    verdict_add_err(c->verdict, FINDING_BUNDLE_FORM, &err);
}
