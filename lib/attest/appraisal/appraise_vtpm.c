#include "lib/attest/appraisal/appraise_vtpm.h"

#include "lib/attest/appraisal/appraise_event.h"
#include "lib/attest/appraisal/appraise_values.h"

#include <stdio.h>

/* --- the key and its TPM --------------------------------------------------------------------- */

static void appraise_key(const struct vtpm_subject *subject, const struct policy_vtpm *policy,
                         struct verdict *verdict)
{
    const struct vtpm *vtpm = subject->vtpm;
    struct span spki = SPAN_OF_ARRAY(vtpm->ak_spki), tpmt = SPAN_OF_ARRAY(vtpm->ak_tpmt);
    struct finding *finding;

    if (policy->ak_sha256.count == 0)
        return;
    finding = verdict_check(verdict, FINDING_TPM_AK_PIN,
                            policy_allows_hex(&policy->ak_sha256, spki) ||
                                (vtpm->has_public && policy_allows_hex(&policy->ak_sha256, tpmt)));
    if (finding == NULL)
        return;
    appraise_expect(finding, &policy->ak_sha256);
    finding_got_hex(finding, vtpm->has_public ? tpmt : spki);
}

/* A TPM that the platform's own report vouches for is part of the platform, whatever it is made of.
 * One that nobody but the guest vouches for may be anybody's. */
static void appraise_emulation(const struct vtpm_subject *subject, const struct policy_vtpm *policy,
                               struct verdict *verdict)
{
    bool guests = subject->binding == AK_GUEST;
    bool emulated = guests || (subject->binding != AK_REPORTED && vtpm_is_emulated(subject->vtpm));
    struct finding *finding;

    finding = verdict_check(verdict, FINDING_TPM_EMULATED, !emulated || policy->emulated);
    if (finding == NULL)
        return;
    finding_expect(finding, "a TPM of hardware, or one that the platform names");
    finding_got(finding, guests ? "one for which only the guest itself vouches"
                                : "firmware of libtpms, a software TPM");
}

/* --- registers ------------------------------------------------------------------------------- */

static void appraise_pcr(const struct policy_pcr *pcr, const struct vtpm_proof *proof,
                         struct verdict *verdict)
{
    struct finding *finding;
    struct span value;
    char name[32];

    snprintf(name, sizeof(name), "%u (%s)", pcr->index, digest_name(pcr->bank));
    if (!vtpm_proof_find(proof, pcr->bank, pcr->index, &pcr->digests, &value)) {
        finding = verdict_add(verdict, FINDING_TPM_PCR_UNQUOTED);
        finding_subject(finding, "%s", name);
        finding_expect(finding, "a quote that covers it and holds");
        finding_got(finding, "none");
        return;
    }
    verdict_pass(verdict, FINDING_TPM_PCR_UNQUOTED);
    finding = verdict_check(verdict, FINDING_TPM_PCR, policy_allows_hex(&pcr->digests, value));
    if (finding == NULL)
        return;
    finding_subject(finding, "%s", name);
    appraise_expect(finding, &pcr->digests);
    finding_got_hex(finding, value);
}

/* Values of the SHA-1 bank are looked at where they are named, but pin nothing. */
static void appraise_pcrs(const struct policy_vtpm *policy, const struct vtpm_proof *proof,
                          struct verdict *verdict)
{
    bool any = false;
    struct finding *finding;

    for (size_t i = 0; i < policy->pcr_count; i++) {
        appraise_pcr(&policy->pcr[i], proof, verdict);
        any = any || policy->pcr[i].bank != DIGEST_SHA1;
    }
    if (any) {
        verdict_pass(verdict, FINDING_TPM_PCRS_ABSENT);
        return;
    }
    finding = verdict_add_missing(verdict, FINDING_TPM_PCRS_ABSENT, WAIVE_MEASUREMENT);
    finding_expect(finding, "at least one value of a bank of SHA-256 or longer");
    finding_got(finding, policy->pcr_count > 0 ? "values of the sha1 bank only" : "none");
}

/* --- firmware -------------------------------------------------------------------------------- */

static bool pins_pcr_0(const struct policy_vtpm *policy)
{
    for (size_t i = 0; i < policy->pcr_count; i++)
        if (policy->pcr[i].index == 0 && policy->pcr[i].bank != DIGEST_SHA1)
            return true;
    return false;
}

static void appraise_digests(const struct boot_digests *firmware, const struct json_strings *values,
                             struct verdict *verdict)
{
    for (size_t i = 0; i < firmware->count; i++) {
        struct finding *finding = verdict_check(verdict, FINDING_TPM_FIRMWARE,
                                                policy_allows_hex(values, firmware->items[i]));

        if (finding == NULL)
            continue;
        appraise_expect(finding, values);
        finding_got_hex(finding, firmware->items[i]);
    }
}

/* The first volume of the firmware is measured as it lies in memory, and differs with the shape of
 * the machine; so PCR 0 may be judged by its events instead of its value. All of them must be
 * known: what is not the firmware's own word is firmware. */
static void appraise_firmware(const struct policy_vtpm *policy, const struct vtpm_proof *proof,
                              struct verdict *verdict)
{
    bool shown = proof->has_boot && (proof->boot_proven & 1) != 0 &&
                 proof->boot_bank != DIGEST_SHA1 && proof->boot.firmware.count > 0;
    struct finding *finding;

    if (policy->pei_digests.count > 0) {
        finding = verdict_check(verdict, FINDING_TPM_FIRMWARE_UNSHOWN, shown);
        if (finding == NULL) {
            appraise_digests(&proof->boot.firmware, &policy->pei_digests, verdict);
            return;
        }
        appraise_expect(finding, &policy->pei_digests);
        finding_got(finding, proof->has_boot ? "a log that does not prove PCR 0" : "no log");
    } else if (pins_pcr_0(policy)) {
        verdict_pass(verdict, FINDING_TPM_FIRMWARE_ABSENT);
    } else {
        finding = verdict_add_missing(verdict, FINDING_TPM_FIRMWARE_ABSENT, WAIVE_PEI);
        finding_expect(finding, "PCR 0, or the digests of the firmware");
        finding_got(finding, "neither");
    }
}

void appraise_vtpm(const struct vtpm_subject *subject, const struct policy_vtpm *policy,
                   struct verdict *verdict)
{
    appraise_key(subject, policy, verdict);
    appraise_emulation(subject, policy, verdict);
    appraise_events(policy, subject->proof, verdict); /* what is named explains what follows */
    appraise_pcrs(policy, subject->proof, verdict);
    appraise_firmware(policy, subject->proof, verdict);
}
