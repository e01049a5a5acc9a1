#include "lib/attest/appraisal/appraise_values.h"

void appraise_expect(struct finding *finding, const struct json_strings *values)
{
    OWNED_BUF text = BUF_OF(FINDING_TEXT_MAX);

    policy_write_values(values, &text);
    finding_expect(finding, "%s", buf_str(&text));
}

void appraise_value(struct verdict *verdict, enum finding_id id, const struct json_strings *values,
                    struct span field)
{
    struct finding *finding;

    if (values->count == 0)
        return;
    finding = verdict_check(verdict, id, policy_allows_hex(values, field));
    if (finding == NULL)
        return;
    appraise_expect(finding, values);
    finding_got_hex(finding, field);
}

void appraise_tcb_status(struct verdict *verdict, enum finding_id id,
                         const struct json_strings *values, bool given, const char *status)
{
    struct finding *finding;

    if (status == NULL && !given)
        return;
    finding = verdict_check(verdict, id,
                            status != NULL && policy_allows_text(values, span_of_str(status)));
    if (finding == NULL)
        return;
    appraise_expect(finding, values);
    finding_got(finding, "%s", status != NULL ? status : "unknown, without collateral that holds");
}
