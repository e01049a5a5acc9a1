/* Members of a policy that list the values a field may have: all kinds of evidence have them. */
#ifndef COCOS_ATTEST_APPRAISE_VALUES_H
#define COCOS_ATTEST_APPRAISE_VALUES_H

#include "lib/attest/verdict.h"

/* Checks that the field is among the values, where there are any; adds the finding when it is not.
 */
void appraise_value(struct verdict *verdict, enum finding_id id, const struct json_strings *values,
                    struct span field);

/* The state of a TCB among those that the policy accepts. status NULL: it is not known, for want of
 * collateral; then what the policy names itself (given) is not met, and its default is left to the
 * finding about the collateral. */
void appraise_tcb_status(struct verdict *verdict, enum finding_id id,
                         const struct json_strings *values, bool given, const char *status);

/* Shows the values as what a finding expected. */
void appraise_expect(struct finding *finding, const struct json_strings *values);

#endif
