#include "lib/attest/evidence/td_claims.h"

#include "lib/attest/evidence/claim_bits.h"

static const struct claim_bit attribute_bits[] = {
    {TD_ATTR_DEBUG, "debug"},
    {TD_ATTR_LASS, "lass"},
    {TD_ATTR_SEPT_VE_DISABLE, "sept_ve_disable"},
    {TD_ATTR_MIGRATABLE, "migratable"},
    {TD_ATTR_PKS, "pks"},
    {TD_ATTR_KL, "key_locker"},
    {TD_ATTR_TPA, "tpa"},
    {TD_ATTR_PERFMON, "perfmon"},
};

static const struct {
    const char *name;
    size_t offset;
} registers[] = {
#define REGISTER(member)                                                                           \
    {                                                                                              \
#member, offsetof(struct td_report, member)                                                \
    }
    REGISTER(mrtd),          REGISTER(mrconfigid), REGISTER(mrowner),
    REGISTER(mrownerconfig), REGISTER(mrseam),     REGISTER(mrsignerseam),
#undef REGISTER
};

struct json *td_claims(const struct td_report *td)
{
    static const char *const rtmr_names[RTMR_COUNT] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    struct json *json = json_new_object();

    json_set_str(json, "td_version", td->is_15 ? "1.5" : "1.0");
    json_set_hex(json, "report_data", SPAN_OF_ARRAY(td->report_data));
    for (size_t i = 0; i < COUNT_OF(registers); i++)
        json_set_hex(json, registers[i].name,
                     span_of((const char *)td + registers[i].offset, SHA384_SIZE));
    for (size_t i = 0; i < RTMR_COUNT; i++)
        json_set_hex(json, rtmr_names[i], SPAN_OF_ARRAY(td->rtmr[i]));
    json_set(json, "td_attributes",
             claim_bits(td->td_attributes, attribute_bits, COUNT_OF(attribute_bits)));
    claim_set_word(json, "xfam", td->xfam);
    claim_set_word(json, "seam_attributes", td->seam_attributes);
    json_set_hex(json, "tee_tcb_svn", SPAN_OF_ARRAY(td->tee_tcb_svn));
    if (td->is_15) {
        json_set_hex(json, "tee_tcb_svn2", SPAN_OF_ARRAY(td->tee_tcb_svn_2));
        json_set_hex(json, "mrservicetd", SPAN_OF_ARRAY(td->mrservicetd));
    }
    return json;
}
