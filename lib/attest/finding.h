/* A finding: one thing that was checked and did not hold, or that a reader of the verdict should
 * know.
 *
 * Every kind of finding is one row of findings/<kind>.h:
 *
 *   FINDING(name, id, aspect, severity, what, hint, spec)
 *
 *   name      FINDING_<name> in C
 *   id        what programs match on; never changes its meaning, never reused
 *   aspect    CRYPTO: is this evidence genuine and whole? POLICY: is it what we want?
 *             The two answers of a verdict are the absence of errors of each.
 *   severity  ERROR refuses; WARNING and INFO are told
 *   what      the thing that was checked, as a noun phrase
 *   hint      the smallest change in the world that makes the check pass
 *   spec      where the rule is written
 *
 * what and hint may contain {subject}, {expected} and {got}, which are replaced by the finding's
 * own words when the verdict is written: one row serves "TCB too low in {subject}" for each
 * component. */
#ifndef COCOS_ATTEST_FINDING_H
#define COCOS_ATTEST_FINDING_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

enum finding_id {
#define FINDING(name, id, aspect, severity, what, hint, spec) FINDING_##name,
#include "lib/attest/finding_ids.h"
#undef FINDING
    FINDING_COUNT
};

enum finding_aspect { ASPECT_CRYPTO, ASPECT_POLICY };
enum finding_severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFO };

struct finding_row {
    const char *id; /* "snp.report.signature" */
    enum finding_aspect aspect;
    enum finding_severity severity;
    const char *what;
    const char *hint;
    const char *spec;
};

/* Made by verdict_add(), owned by the verdict. Texts that were not given are NULL. */
struct finding {
    enum finding_id id;
    enum finding_severity severity; /* the row's, or WARNING when a waiver excused it */
    char *subject;
    char *expected;
    char *got;
};

#define FINDING_TEXT_MAX 2048 /* bytes of each text; longer ones are cut with "..." */

/* The row of an id. Never NULL. */
const struct finding_row *finding_row(enum finding_id id);

/* The id whose text this is; FINDING_COUNT when there is none. */
enum finding_id finding_of_text(const char *id);

const char *finding_severity_name(enum finding_severity severity);

/* Fill the texts, each at most once. What came from outside is made printable. */
void finding_subject(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);
void finding_expect(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);
void finding_got(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);
void finding_expect_hex(struct finding *finding, struct span bytes);
void finding_got_hex(struct finding *finding, struct span bytes);

/* Appends the row's what or hint with the placeholders replaced. */
void finding_write_what(const struct finding *finding, struct buf *out);
void finding_write_hint(const struct finding *finding, struct buf *out);

void finding_done(struct finding *finding);

#endif
