/* The stand-in platform, for development and tests on machines that are none: simulated reports
 * (lib/attest/evidence/sim.h), which a verifier refuses unless its policy names the very root that
 * signed them. */
#include "services/agent-api/attester/attester.h"

#include "lib/attest/evidence/sim.h"

#include <string.h>

static int probe(const struct attester_places *places, struct err *err)
{
    if (places->sim_key == NULL)
        return err_set(err, ERR_NOT_FOUND, "no stand-in platform was asked for");
    return 0;
}

static int ask(const struct attester_places *places, const uint8_t report_data[static SHA512_SIZE],
               struct attester_answer *ret, struct err *err)
{
    struct sim_machine machine = {.measurement = "SIMULATED: NOTHING WAS MEASURED"};

    if (places->sim_measurement != NULL)
        memcpy(machine.measurement, places->sim_measurement, sizeof(machine.measurement));
    memcpy(machine.report_data, report_data, SHA512_SIZE);
    return sim_report_make(&machine, places->sim_key, &ret->item, err);
}

const struct attester attester_sim = {BUNDLE_SIM, probe, ask, NULL};
