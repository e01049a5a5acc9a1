/* Intel TDX: a quote. Only configfs-tsm makes one; the driver's older interface gives a report that
 * nobody outside of the machine can check, so there is no falling back to it. */
#include "services/agent-api/attester/attester.h"

#define PROVIDER "tdx_guest"

static int probe(const struct attester_places *places, struct err *err)
{
    char provider[32];

    if (places->tsm == NULL)
        return err_set(err, ERR_NOT_FOUND, "no TDX here");
    if (tsm_find_provider(places->tsm, provider, sizeof(provider), err) < 0)
        return -1;
    if (strcmp(provider, PROVIDER) != 0)
        return err_set(err, ERR_NOT_FOUND, "no TDX here: reports are made by '%s'", provider);
    return 0;
}

static int ask(const struct attester_places *places, const uint8_t report_data[static SHA512_SIZE],
               struct attester_answer *ret, struct err *err)
{
    OWNED_TSM_ANSWER answer = {.provider = ""};
    struct tsm_question question = {.service = NULL};

    memcpy(question.report_data, report_data, SHA512_SIZE);
    if (tsm_ask(places->tsm, &question, &answer, err) < 0)
        return err_wrap(err, "TDX");
    buf_add_span(&ret->item, buf_span(&answer.report));
    return 0;
}

const struct attester attester_tdx = {BUNDLE_TDX, probe, ask, NULL};
