#include "cli/place.h"

#include "cli/interrupt.h"
#include "cli/trust.h"
#include "lib/base/clock.h"

#define WAIT_MS 60000
#define POLL_MS 300

void place_done(struct agent_place *place)
{
    free(GIVE(place->url));
    free(GIVE(place->pin));
}

static bool will_prove(const struct agent_access *access)
{
    return !access->evidence->insecure && trust_is_named(access->evidence);
}

/* 0: *ret is complete; 1: not yet. */
static int read_place(const struct agent_access *access, const struct json *vm,
                      struct agent_place *ret, struct err *err)
{
    const char *url = json_get_str(vm, "agent_url"), *pin = json_get_str(vm, "agent_pin");
    const char *state = json_get_str(vm, "state");
    bool attesting = state != NULL && strcmp(state, "attesting") == 0;

    if (url != NULL && (pin != NULL || (attesting && will_prove(access)))) {
        ret->url = mem_strdup(url);
        ret->pin = will_prove(access) ? NULL : mem_strdup(pin);
        return 0;
    }
    if (attesting)
        return 1;
    return err_set(err, ERR_STATE, "VM '%s' is '%s': its agent has not answered yet",
                   access->agent->vm, state ? state : "unknown");
}

static int ask_manager(const struct agent_access *access, struct agent_place *ret, struct err *err)
{
    int64_t until = clock_monotonic_ms() + WAIT_MS;
    OWNED_HTTPC *manager = NULL;
    int result = 1;

    if (session_open_manager(access->manager, &manager, err) < 0)
        return -1;
    for (;;) {
        OWNED_JSON *vm = NULL;

        if (session_find_vm(manager, access->agent->vm, &vm, err) < 0)
            return -1;
        result = read_place(access, vm, ret, err);
        if (result <= 0)
            return result;
        if (clock_monotonic_ms() >= until)
            return err_set(err, ERR_TIMEOUT, "VM '%s' is still 'attesting' after %d s",
                           access->agent->vm, WAIT_MS / 1000);
        if (interrupt_sleep(POLL_MS, err) < 0)
            return -1;
    }
}

int place_find(const struct agent_access *access, struct agent_place *ret, struct err *err)
{
    if (access->agent->vm != NULL)
        return ask_manager(access, ret, err);
    if (access->agent->url == NULL)
        return err_set(err, ERR_USAGE,
                       "which agent? say --vm ID, or --agent-url and --agent-pin "
                       "(COCOS_AGENT_URL, COCOS_AGENT_PIN)");
    ret->url = mem_strdup(access->agent->url);
    ret->pin = mem_strdup(access->agent->pin);
    return 0;
}
