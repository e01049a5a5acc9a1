#include "lib/attest/appraisal/appraise_event.h"

#include "lib/attest/appraisal/appraise_values.h"
#include "lib/base/text.h"

#define PCR_KERNEL 4 /* what UEFI starts */
#define PCR_STUB   9 /* what the kernel's EFI stub measures: its command line, then the initrd */

#define NAME_KERNEL  "kernel image"
#define NAME_CMDLINE "kernel command line"
#define NAME_INITRD  "initrd"

/* The policy's values of a register in the one bank that is looked at; NULL: it has none. */
static const struct json_strings *values_of(const struct policy_vtpm *policy, unsigned index)
{
    for (size_t i = 0; i < policy->pcr_count; i++)
        if (policy->pcr[i].index == index && policy->pcr[i].bank == DIGEST_SHA256)
            return &policy->pcr[i].digests;
    return NULL;
}

static bool is_shown(const struct vtpm_proof *proof, unsigned index)
{
    return proof->has_boot && proof->boot_bank == DIGEST_SHA256 &&
           (proof->boot_proven >> index & 1) != 0;
}

/* The register is shown, and is none of the values. */
static bool differs(const struct policy_vtpm *policy, const struct vtpm_proof *proof,
                    unsigned index)
{
    const struct json_strings *values = values_of(policy, index);
    struct span value;

    return values != NULL && is_shown(proof, index) &&
           vtpm_proof_find(proof, DIGEST_SHA256, index, values, &value) &&
           !policy_allows_hex(values, value);
}

static struct finding *add_event(struct verdict *verdict, unsigned index, const char *name,
                                 struct span got)
{
    struct finding *finding = verdict_add(verdict, FINDING_TPM_PCR_EVENT);

    finding_subject(finding, "%u: event '%s'", index, name);
    if (got.len > 0)
        finding_got_hex(finding, got);
    else
        finding_got(finding, "none that a log shows");
    return finding;
}

static void expect_value(struct finding *finding, const struct json_strings *values)
{
    finding_expect(finding, "one that leads to %s%s", values->items[0],
                   values->count > 1 ? " (or another value of the policy's)" : "");
}

/* Whether a command line of this digest and an initrd of that one give a value of the policy's. */
static bool leads_to(const struct json_strings *values, struct span options, const char *initrd)
{
    uint8_t digest[SHA256_SIZE];
    struct pcr_bank bank;
    struct err unused;

    pcr_bank_init(&bank, DIGEST_SHA256);
    return text_parse_hex(initrd, digest, sizeof(digest), &unused) == 0 &&
           pcr_bank_extend(&bank, PCR_STUB, options, &unused) == 0 &&
           pcr_bank_extend(&bank, PCR_STUB, SPAN_OF_ARRAY(digest), &unused) == 0 &&
           policy_allows_hex(values, pcr_bank_get(&bank, PCR_STUB));
}

static bool is_known_cmdline(const struct policy_vtpm *policy, const struct json_strings *values,
                             struct span options)
{
    for (size_t i = 0; i < policy->initrd_sha256.count; i++)
        if (leads_to(values, options, policy->initrd_sha256.items[i]))
            return true;
    return false;
}

/* The reference names the initrd alone; the command line is the one that, before that initrd, gives
 * the register's value. */
static void appraise_cmdline(const struct policy_vtpm *policy, const struct vtpm_proof *proof,
                             struct verdict *verdict)
{
    const struct json_strings *values = values_of(policy, PCR_STUB);
    struct span options = proof->boot.load_options;

    if (policy->initrd_sha256.count == 0 || !differs(policy, proof, PCR_STUB) || options.len == 0 ||
        is_known_cmdline(policy, values, options))
        return;
    expect_value(add_event(verdict, PCR_STUB, NAME_CMDLINE, options), values);
}

/* False when it is another one. */
static bool appraise_initrd(const struct policy_vtpm *policy, const struct vtpm_proof *proof,
                            struct verdict *verdict)
{
    const struct json_strings *accepted = &policy->initrd_sha256;
    struct span initrd = is_shown(proof, PCR_STUB) ? proof->boot.initrd : (struct span){0};

    if (accepted->count == 0)
        return true;
    if (initrd.len == 0 && values_of(policy, PCR_STUB) != NULL)
        return true; /* whatever it was, the register's value decides */
    if (initrd.len > 0 && policy_allows_hex(accepted, initrd)) {
        verdict_pass(verdict, FINDING_TPM_PCR_EVENT);
        return true;
    }
    appraise_expect(add_event(verdict, PCR_STUB, NAME_INITRD, initrd), accepted);
    return false;
}

/* Everything else in this register is the firmware's own word. */
static void appraise_kernel(const struct policy_vtpm *policy, const struct vtpm_proof *proof,
                            struct verdict *verdict)
{
    const struct boot_digests *started = &proof->boot.applications;

    if (!differs(policy, proof, PCR_KERNEL) || started->count != 1)
        return;
    expect_value(add_event(verdict, PCR_KERNEL, NAME_KERNEL, started->items[0]),
                 values_of(policy, PCR_KERNEL));
}

/* QEMU writes the initrd's size into the kernel that it starts, so that another initrd alone makes
 * it another kernel. */
void appraise_events(const struct policy_vtpm *policy, const struct vtpm_proof *proof,
                     struct verdict *verdict)
{
    appraise_cmdline(policy, proof, verdict);
    if (appraise_initrd(policy, proof, verdict))
        appraise_kernel(policy, proof, verdict);
}
