/* A verdict: what became of one piece of evidence, and why.
 *
 * It answers two questions separately. crypto: is the evidence genuine and whole, signed by whom it
 * says, under a root that we trust? policy: is it what we asked for? Both are denied until proven.
 * An item of evidence (a report, a quote; a bundle holds several) must be opened with
 * verdict_open_item(), proven with verdict_prove_item() when the last cryptographic check has
 * passed, and appraised with verdict_appraise_item() when every member of the policy has been
 * looked at. The answer is PASS only if at least one item was opened, all of them went the whole
 * way, and no finding of that aspect is an error. A check that was forgotten, or left by an early
 * return, therefore refuses. */
#ifndef COCOS_ATTEST_VERDICT_H
#define COCOS_ATTEST_VERDICT_H

#include "lib/attest/finding.h"
#include "lib/attest/policy.h"
#include "lib/json/json.h"

#define VERDICT_FINDINGS_MAX 256

enum outcome { OUTCOME_FAIL, OUTCOME_PASS, OUTCOME_NONE };

struct verdict {
    bool has_policy;           /* there was one to judge by */
    bool waives[WAIVER_COUNT]; /* what it excuses */
    struct finding *findings;  /* at most VERDICT_FINDINGS_MAX and one that says there were more */
    size_t count;
    bool checked[FINDING_COUNT]; /* checks that were made and held */
    bool waived[WAIVER_COUNT];   /* waivers that excused something */
    unsigned opened, proven, appraised;
    struct json *claims; /* what the evidence says, proven or not; an object, never NULL */
};

void verdict_init(struct verdict *verdict, const struct policy *policy);
void verdict_done(struct verdict *verdict);
#define OWNED_VERDICT __attribute__((cleanup(verdict_done))) struct verdict

/* The stations of an item of evidence; see above. */
void verdict_open_item(struct verdict *verdict);
void verdict_prove_item(struct verdict *verdict);
void verdict_appraise_item(struct verdict *verdict);

/* Adds a finding with the row's severity, to be filled by the caller before the next one is added.
 * Never NULL: what is over the ceiling is swallowed, and the verdict refuses. */
struct finding *verdict_add(struct verdict *verdict, enum finding_id id);

/* Notes that a check was made and held. */
void verdict_pass(struct verdict *verdict, enum finding_id id);

/* The usual check: notes that it held and returns NULL, or adds the finding and returns it to be
 * filled:  if ((f = verdict_check(v, FINDING_SNP_VMPL, report->vmpl == wanted)) != NULL) ... */
struct finding *verdict_check(struct verdict *verdict, enum finding_id id, bool ok);

/* A check of bytes for equality. True when they are equal. */
bool verdict_check_hex(struct verdict *verdict, enum finding_id id, struct span expected,
                       struct span got);

/* Adds a finding whose `got` is the text of an error: malformed bytes, certificates, logs. */
void verdict_add_err(struct verdict *verdict, enum finding_id id, const struct err *err);

/* A check that answers with 0 or an error: notes that it held, or adds the finding. True when it
 * held. */
bool verdict_note(struct verdict *verdict, enum finding_id id, int result, const struct err *err);

/* Something that must be there is not: a warning when the policy waives it, otherwise the row's
 * severity. The caller fills expected and got as with verdict_add(). */
struct finding *verdict_add_missing(struct verdict *verdict, enum finding_id id,
                                    enum waiver waiver);

/* Leaves one of findings that say the same: two pieces of evidence may be about one machine. */
void verdict_drop_repeated(struct verdict *verdict);

/* The answers. policy is NONE when there was no policy; then nothing is accepted. */
enum outcome verdict_crypto(const struct verdict *verdict);
enum outcome verdict_policy(const struct verdict *verdict);
bool verdict_accepted(const struct verdict *verdict);

/* True when checks of this kind were made and all of them held. */
bool verdict_holds(const struct verdict *verdict, enum finding_id id);

/* {result, crypto, policy, waived, findings, checked, claims}; a fresh tree for the caller. */
struct json *verdict_json(const struct verdict *verdict);

#endif
