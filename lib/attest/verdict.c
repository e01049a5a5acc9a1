#include "lib/attest/verdict.h"

#include <stdlib.h>

static const char *const outcome_names[] = {
    [OUTCOME_FAIL] = "fail",
    [OUTCOME_PASS] = "pass",
    [OUTCOME_NONE] = "none",
};

void verdict_init(struct verdict *verdict, const struct policy *policy)
{
    *verdict = (struct verdict){.has_policy = policy != NULL, .claims = json_new_object()};
    if (policy != NULL)
        memcpy(verdict->waives, policy->waives, sizeof(verdict->waives));
    /* One more than the ceiling, for what is swallowed: the pointers handed out stay valid. */
    verdict->findings = mem_zeroed(VERDICT_FINDINGS_MAX + 1, sizeof(struct finding));
}

void verdict_done(struct verdict *verdict)
{
    for (size_t i = 0; verdict->findings != NULL && i <= VERDICT_FINDINGS_MAX; i++)
        finding_done(&verdict->findings[i]);
    free(verdict->findings);
    json_free(verdict->claims);
    *verdict = (struct verdict){0};
}

void verdict_open_item(struct verdict *verdict)
{
    verdict->opened++;
}

void verdict_prove_item(struct verdict *verdict)
{
    verdict->proven++;
}

void verdict_appraise_item(struct verdict *verdict)
{
    verdict->appraised++;
}

struct finding *verdict_add(struct verdict *verdict, enum finding_id id)
{
    struct finding *finding;

    if (verdict->count == VERDICT_FINDINGS_MAX - 1)
        id = FINDING_OVERFLOW; /* the last one that is told says that there were more */
    finding = &verdict->findings[verdict->count];
    if (verdict->count < VERDICT_FINDINGS_MAX)
        verdict->count++;
    else
        finding_done(finding);
    finding->id = id;
    finding->severity = finding_row(id)->severity;
    return finding;
}

void verdict_pass(struct verdict *verdict, enum finding_id id)
{
    verdict->checked[id] = true;
}

struct finding *verdict_check(struct verdict *verdict, enum finding_id id, bool ok)
{
    if (!ok)
        return verdict_add(verdict, id);
    verdict_pass(verdict, id);
    return NULL;
}

bool verdict_check_hex(struct verdict *verdict, enum finding_id id, struct span expected,
                       struct span got)
{
    struct finding *finding = verdict_check(verdict, id, span_equal(expected, got));

    if (finding == NULL)
        return true;
    finding_expect_hex(finding, expected);
    finding_got_hex(finding, got);
    return false;
}

void verdict_add_err(struct verdict *verdict, enum finding_id id, const struct err *err)
{
    finding_got(verdict_add(verdict, id), "%s", err->text);
}

bool verdict_note(struct verdict *verdict, enum finding_id id, int result, const struct err *err)
{
    if (result < 0)
        verdict_add_err(verdict, id, err);
    else
        verdict_pass(verdict, id);
    return result == 0;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_repeated(const struct verdict *verdict, size_t index)
{
    const struct finding *finding = &verdict->findings[index];

    for (size_t i = 0; i < index; i++) {
        const struct finding *other = &verdict->findings[i];

        if (other->id == finding->id && other->severity == finding->severity &&
            same_text(other->subject, finding->subject) &&
            same_text(other->expected, finding->expected) && same_text(other->got, finding->got))
            return true;
    }
    return false;
}

void verdict_drop_repeated(struct verdict *verdict)
{
    size_t kept = 0;

    for (size_t i = 0; i < verdict->count; i++) {
        struct finding moved = verdict->findings[i];

        verdict->findings[i] = (struct finding){.subject = NULL};
        verdict->findings[kept] = moved;
        if (is_repeated(verdict, kept)) {
            finding_done(&verdict->findings[kept]);
            verdict->findings[kept] = (struct finding){.subject = NULL};
        } else {
            kept++;
        }
    }
    verdict->count = kept;
}

struct finding *verdict_add_missing(struct verdict *verdict, enum finding_id id, enum waiver waiver)
{
    struct finding *finding = verdict_add(verdict, id);

    if (verdict->waives[waiver] && finding->id == id /* not the one of the ceiling */) {
        finding->severity = SEVERITY_WARNING;
        verdict->waived[waiver] = true;
    }
    return finding;
}

static bool has_error(const struct verdict *verdict, enum finding_aspect aspect)
{
    for (size_t i = 0; i < verdict->count; i++) {
        const struct finding *finding = &verdict->findings[i];

        if (finding->severity == SEVERITY_ERROR && finding_row(finding->id)->aspect == aspect)
            return true;
    }
    return false;
}

enum outcome verdict_crypto(const struct verdict *verdict)
{
    if (verdict->opened == 0 || verdict->proven != verdict->opened)
        return OUTCOME_FAIL;
    return has_error(verdict, ASPECT_CRYPTO) ? OUTCOME_FAIL : OUTCOME_PASS;
}

enum outcome verdict_policy(const struct verdict *verdict)
{
    if (!verdict->has_policy)
        return OUTCOME_NONE;
    if (verdict->opened == 0 || verdict->appraised != verdict->opened)
        return OUTCOME_FAIL;
    return has_error(verdict, ASPECT_POLICY) ? OUTCOME_FAIL : OUTCOME_PASS;
}

bool verdict_accepted(const struct verdict *verdict)
{
    return verdict_crypto(verdict) == OUTCOME_PASS && verdict_policy(verdict) == OUTCOME_PASS;
}

static struct json *finding_json(const struct finding *finding)
{
    const struct finding_row *row = finding_row(finding->id);
    struct json *json = json_new_object();
    OWNED_BUF what = BUF_OF(4 * FINDING_TEXT_MAX);
    OWNED_BUF hint = BUF_OF(4 * FINDING_TEXT_MAX);

    finding_write_what(finding, &what);
    finding_write_hint(finding, &hint);
    json_set_str(json, "id", row->id);
    json_set_str(json, "severity", finding_severity_name(finding->severity));
    json_set_str(json, "what", buf_str(&what));
    json_set_str(json, "expected", finding->expected);
    json_set_str(json, "got", finding->got);
    json_set_str(json, "hint", buf_str(&hint));
    json_set_str(json, "spec", row->spec);
    return json;
}

bool verdict_holds(const struct verdict *verdict, enum finding_id id)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (verdict->findings[i].id == id)
            return false;
    return verdict->checked[id];
}

struct json *verdict_json(const struct verdict *verdict)
{
    struct json *json = json_new_object();
    struct json *waived = json_new_array();
    struct json *findings = json_new_array();
    struct json *checked = json_new_array();

    json_set_str(json, "result", verdict_accepted(verdict) ? "accepted" : "rejected");
    json_set_str(json, "crypto", outcome_names[verdict_crypto(verdict)]);
    json_set_str(json, "policy", outcome_names[verdict_policy(verdict)]);
    for (int i = 0; i < WAIVER_COUNT; i++)
        if (verdict->waived[i])
            json_add(waived, json_new_str(waiver_names[i]));
    for (size_t i = 0; i < verdict->count; i++)
        json_add(findings, finding_json(&verdict->findings[i]));
    for (int i = 0; i < FINDING_COUNT; i++)
        if (verdict_holds(verdict, (enum finding_id)i))
            json_add(checked, json_new_str(finding_row((enum finding_id)i)->id));
    json_set(json, "waived", waived);
    json_set(json, "findings", findings);
    json_set(json, "checked", checked);
    json_set(json, "claims", json_new_copy(verdict->claims));
    return json;
}
